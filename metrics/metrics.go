// Package metrics counts what recgate does and serves the counts to
// Prometheus. New makes a registry of its own, with every counter at 0; its
// methods are told what happened; gauges are functions that are asked when
// somebody looks. Names and labels are a promise to everybody who has built an
// alarm on them: testdata/names.txt holds them, and a test compares. The
// alarms that matter most are recgate_recordings_total with state "failed" or
// "lost", and recgate_pbx_up.
package metrics

import (
	"net/http"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics holds the counters. All methods may be called at once from many
// goroutines, and none of them blocks.
type Metrics struct {
	registry *prometheus.Registry
	factory  promauto.Factory

	requests   *prometheus.CounterVec
	starts     *prometheus.CounterVec
	stops      *prometheus.CounterVec
	retrievals *prometheus.CounterVec
	settled    *prometheus.CounterVec
	reasons    *prometheus.CounterVec // of those that settled, by state and code
	turned     *prometheus.CounterVec
	served     prometheus.Counter
	retried    prometheus.Counter
	seconds    *prometheus.HistogramVec // of requests, by method
	database   *prometheus.HistogramVec // of transactions, by operation
	failures   *prometheus.CounterVec   // of the database, by operation

	selfTestPassed *prometheus.GaugeVec
	selfTests      *prometheus.CounterVec
}

// New returns the metrics of a program of the given version. The methods that
// requests can ask for, and the outcomes that starts, stops, retrievals and
// requests can have, are at 0 from the beginning, so that an alarm sees the
// first one.
func New(version string, methods, outcomes []string) *Metrics {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m := &Metrics{registry: registry, factory: promauto.With(registry)}
	m.requests = m.newCounters("recgate_requests_total", "Calls to the legacy endpoint by method and outcome (ok, or why it was refused).", "method", "outcome")
	m.starts = m.newCounters("recgate_starts_total", "Requested starts of recordings, by outcome.", "outcome")
	m.stops = m.newCounters("recgate_stops_total", "Requested stops of recordings, by outcome.", "outcome")
	m.retrievals = m.newCounters("recgate_retrievals_total", "Requested retrievals, by outcome.", "outcome")
	m.settled = m.newCounters("recgate_recordings_total", "Recordings that ended, by final state: ready, empty, failed or lost.", "state")
	m.reasons = m.newCounters("recgate_recordings_reason_total", "Recordings that ended, by final state and reason code.", "state", "code")
	m.served = m.factory.NewCounter(prometheus.CounterOpts{Name: "recgate_served_bytes_total", Help: "Bytes of audio sent by retrievals, before base64."})
	m.retried = m.factory.NewCounter(prometheus.CounterOpts{Name: "recgate_collect_retries_total", Help: "Failed attempts to collect a finished file; each is retried."})
	m.seconds = m.newHistogram("recgate_request_seconds", "Duration of calls to the legacy endpoint, by method; retrievals count to their last byte.", "method")
	m.database = m.newHistogram("recgate_database_seconds", "Duration of transactions, including queueing and disk, by operation: read or write.", "operation")
	m.failures = m.newCounters("recgate_database_errors_total", "Transactions that failed because of the database, by operation: read or write.", "operation")
	m.selfTestPassed = m.factory.NewGaugeVec(prometheus.GaugeOpts{
		Name: "recgate_self_test_passed",
		Help: "1 if the last test call on the PBX came back as it was played, else 0. Present only with self_test, from the first test.",
	}, []string{"pbx"})
	m.selfTests = m.newCounters("recgate_self_tests_total", "Test calls on the PBX, by result: passed or failed.", "pbx", "result")
	m.turned = m.newCounters("recgate_http_turned_away_total", "Requests of the recording API rejected unread, by reason: address, key, caller (limit of one caller) or total (limit of all callers).", "reason")
	m.addSeries(methods, outcomes)
	m.factory.NewGauge(prometheus.GaugeOpts{
		Name: "recgate_build_info", Help: "Always 1; the labels identify the build.",
		ConstLabels: prometheus.Labels{"version": version, "goversion": runtime.Version()},
	}).Set(1)
	return m
}

// addSeries adds every series that there will ever be, at 0.
func (m *Metrics) addSeries(methods, outcomes []string) {
	for _, state := range []string{"ready", "empty", "failed", "lost"} {
		m.settled.WithLabelValues(state)
	}
	for _, reason := range []string{"address", "key", "caller", "total"} {
		m.turned.WithLabelValues(reason)
	}
	for _, operation := range []string{read, write} {
		m.database.WithLabelValues(operation)
		m.failures.WithLabelValues(operation)
	}
	for _, outcome := range outcomes {
		for _, v := range []*prometheus.CounterVec{m.starts, m.stops, m.retrievals} {
			v.WithLabelValues(outcome)
		}
		for _, method := range methods {
			m.requests.WithLabelValues(method, outcome)
		}
	}
	for _, method := range methods {
		m.seconds.WithLabelValues(method)
	}
}

// The values of the label operation.
const read, write = "read", "write"

// newHistogram makes a histogram with bounds from a millisecond (a start on a fast
// disk) to five minutes (an hour of sound over a slow line).
func (m *Metrics) newHistogram(name, help string, labels ...string) *prometheus.HistogramVec {
	return m.factory.NewHistogramVec(prometheus.HistogramOpts{
		Name: name, Help: help, Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 30, 300},
	}, labels)
}

func (m *Metrics) newCounters(name, help string, labels ...string) *prometheus.CounterVec {
	return m.factory.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
}

// CountRequest counts a call of the legacy endpoint. Both texts must come from
// small fixed sets, never from the caller: each pair takes memory forever.
func (m *Metrics) CountRequest(method, outcome string, took time.Duration) {
	m.requests.WithLabelValues(method, outcome).Inc()
	m.seconds.WithLabelValues(method).Observe(took.Seconds())
}

// CountTransaction counts a transaction: whether it wrote, how long it took, and
// whether the database failed.
func (m *Metrics) CountTransaction(wrote bool, took time.Duration, failed bool) {
	operation := read
	if wrote {
		operation = write
	}
	m.database.WithLabelValues(operation).Observe(took.Seconds())
	if failed {
		m.failures.WithLabelValues(operation).Inc()
	}
}

// CountStart counts a requested start: "ok", or the name of a code.
func (m *Metrics) CountStart(outcome string) { m.starts.WithLabelValues(outcome).Inc() }

// CountStop counts a requested stop.
func (m *Metrics) CountStop(outcome string) { m.stops.WithLabelValues(outcome).Inc() }

// CountRetrieval counts a requested retrieval.
func (m *Metrics) CountRetrieval(outcome string) { m.retrievals.WithLabelValues(outcome).Inc() }

// AddServed adds bytes of audio that were sent.
func (m *Metrics) AddServed(bytes int64) { m.served.Add(float64(max(bytes, 0))) }

// CountSettled counts a recording that has reached its final state, for the reason
// of a code.
func (m *Metrics) CountSettled(state, code string) {
	m.settled.WithLabelValues(state).Inc()
	m.reasons.WithLabelValues(state, code).Inc()
}

// AddReason adds the series of a final state and a reason code that it can have, at 0.
func (m *Metrics) AddReason(state, code string) { m.reasons.WithLabelValues(state, code) }

// CountRetried counts a failed collection, which is tried again.
func (m *Metrics) CountRetried() { m.retried.Inc() }

// Recordings are the gauges of the work at hand. The functions are called at
// every look at /metrics and must be quick.
type Recordings struct {
	Open  func() int           // recordings without a final state
	Queue func() int           // recordings that wait to be collected
	Age   func() time.Duration // for how long the oldest of them waits
}

// WatchRecordings adds the gauges of the work at hand, once.
func (m *Metrics) WatchRecordings(r Recordings) {
	m.addGauge("recgate_recordings_open", "Recordings that have not ended yet.", nil, func() float64 { return float64(r.Open()) })
	m.addGauge("recgate_collect_queue", "Finished recordings waiting to be archived.", nil, func() float64 { return float64(r.Queue()) })
	m.addGauge("recgate_collect_oldest_seconds", "Age of the oldest recording waiting to be archived; 0 if there is none.", nil, func() float64 { return r.Age().Seconds() })
}

// PBX is how one PBX does at the moment.
type PBX struct {
	Connected  bool          // the connection that receives events is logged in
	Up         bool          // and the live table is in step, with a recorder that may be used
	Actions    int           // connections for actions that are up
	Wanted     int           // how many there should be
	Reconnects int64         // of any connection; only grows
	Events     int64         // that came; only grows
	Dropped    int64         // events that were dropped; only grows
	Lag        time.Duration // how long the oldest event waits to be brought into the table
	Ping       time.Duration // round trip of the last one; 0 before it
}

// WatchPBX adds the metrics of one PBX, once per name. look is called several
// times at every look at /metrics and must be quick.
func (m *Metrics) WatchPBX(name string, look func() PBX) {
	label := prometheus.Labels{"pbx": name}
	gauge := func(name, help string, value func(PBX) float64) {
		m.addGauge(name, help, label, func() float64 { return value(look()) })
	}
	counter := func(name, help string, value func(PBX) int64) {
		m.addCounter(name, help, label, func() int64 { return value(look()) })
	}
	gauge("recgate_pbx_up", "1 if recordings can be started on the PBX: connected, channel table complete, a recorder allowed; else 0.", func(p PBX) float64 { return oneIf(p.Up) })
	gauge("recgate_ami_connected", "1 if the connection that receives events is logged in to AMI, else 0.", func(p PBX) float64 { return oneIf(p.Connected) })
	gauge("recgate_ami_action_connections", "AMI connections for actions that are up.", func(p PBX) float64 { return float64(p.Actions) })
	gauge("recgate_ami_action_connections_wanted", "AMI connections for actions that the configuration asks for.", func(p PBX) float64 { return float64(p.Wanted) })
	gauge("recgate_ami_event_lag_seconds", "How long the oldest AMI event has been waiting to enter the channel table; 0 if none is waiting.", func(p PBX) float64 { return p.Lag.Seconds() })
	gauge("recgate_ami_ping_seconds", "Round trip of the last answered AMI ping, the longest of all connections.", func(p PBX) float64 { return p.Ping.Seconds() })
	counter("recgate_ami_reconnects_total", "AMI connections replaced after a loss.", func(p PBX) int64 { return p.Reconnects })
	counter("recgate_ami_events_total", "AMI events received.", func(p PBX) int64 { return p.Events })
	counter("recgate_ami_events_dropped_total", "AMI events dropped because they arrived too fast; the channel table was rebuilt each time.", func(p PBX) int64 { return p.Dropped })
}

func oneIf(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func (m *Metrics) addGauge(name, help string, labels prometheus.Labels, ask func() float64) {
	m.factory.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help, ConstLabels: labels}, ask)
}

func (m *Metrics) addCounter(name, help string, labels prometheus.Labels, ask func() int64) {
	m.factory.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help, ConstLabels: labels}, func() float64 { return float64(ask()) })
}

// Handler serves /metrics.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{EnableOpenMetrics: true, MaxRequestsInFlight: 4, Timeout: 10 * time.Second})
}
