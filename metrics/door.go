package metrics

import (
	"math"
	"net/http"
	"time"
)

// refusalReason names why callers are turned away before the door, by the status
// that they get.
func refusalReason(status int) string {
	switch status {
	case http.StatusForbidden:
		return "address"
	case http.StatusUnauthorized:
		return "key"
	case http.StatusTooManyRequests:
		return "caller"
	case http.StatusServiceUnavailable:
		return "total"
	}
	return "other"
}

// CountTurnedAway counts a request of the recording API that was refused unread, by
// the status of the refusal.
func (m *Metrics) CountTurnedAway(status int) { m.turned.WithLabelValues(refusalReason(status)).Inc() }

// Door is what can be asked of the listener. The functions are called at every
// look at /metrics and must be quick.
type Door struct {
	Connections func() (open int, dropped int64)
	Running     func() int // requests of the recording API
}

// WatchDoor adds the gauges of the listener, once.
func (m *Metrics) WatchDoor(d Door) {
	m.addGauge("recgate_http_connections", "Open connections.", nil, func() float64 { open, _ := d.Connections(); return float64(open) })
	m.addCounter("recgate_http_connections_dropped_total", "Idle connections closed because there were too many, longest idle first.", nil, func() int64 { _, n := d.Connections(); return n })
	m.addGauge("recgate_http_requests_running", "Requests of the recording API in progress.", nil, func() float64 { return float64(d.Running()) })
}

// WatchCertificate adds the gauges of the listener's certificate, once: when
// it ends (never, for the zero time of a listener without TLS), and whether it
// is the one in the files.
func (m *Metrics) WatchCertificate(end func() time.Time, fresh func() bool) {
	m.addGauge("recgate_tls_certificate_days", "Days until the listener's certificate expires; below 0 it has expired, +Inf without TLS.", nil, func() float64 {
		at := end()
		if at.IsZero() {
			return math.Inf(1)
		}
		return time.Until(at).Hours() / 24
	})
	m.addGauge("recgate_tls_certificate_fresh", "1 if the listener uses the certificate in its files, 0 if they cannot be used and an older one stays in use.", nil, func() float64 {
		if fresh() {
			return 1
		}
		return 0
	})
}
