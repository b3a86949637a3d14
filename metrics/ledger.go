package metrics

import "github.com/prometheus/client_golang/prometheus"

// Ledger is what is known of whether records and files fit together. The
// functions are called at every look at /metrics and must be quick.
type Ledger struct {
	States  []string                    // that are not final
	InState func(state string) int      // recordings that are in it
	Stalled func() int                  // recordings whose file stands still
	Orphans func() (spool, archive int) // files that no row explains
	Missing func() int                  // recordings that are ready and not in the archive
}

// WatchLedger adds the gauges of the ledger, once.
func (m *Metrics) WatchLedger(l Ledger) {
	for _, state := range l.States {
		m.addGauge("recgate_recordings_in_state", "Recordings that have not ended yet, by state.", prometheus.Labels{"state": state},
			func() float64 { return float64(l.InState(state)) })
	}
	m.addGauge("recgate_recordings_stalled", "Recordings whose file has not grown for half a minute although the call is active.", nil,
		func() float64 { return float64(l.Stalled()) })
	m.addGauge("recgate_recordings_missing", "Recent recordings that are ready but missing from the archive.", nil,
		func() float64 { return float64(l.Missing()) })
	const help = "Files without a row, in the spools or among the recent ones in the archive."
	m.addGauge("recgate_orphan_files", help, prometheus.Labels{"place": "spool"}, func() float64 {
		spool, _ := l.Orphans()
		return float64(spool)
	})
	m.addGauge("recgate_orphan_files", help, prometheus.Labels{"place": "archive"}, func() float64 {
		_, archive := l.Orphans()
		return float64(archive)
	})
}

// Disk is how full a disk is. What is not known is NaN.
type Disk struct {
	Used     float64 // part, from 0 to 1
	Free     float64 // bytes
	DaysLeft float64 // at the present rate; +Inf when nothing is recorded
}

// WatchDisk adds the gauges of one disk, once per name. look is called several
// times at every look at /metrics and must be quick.
func (m *Metrics) WatchDisk(name string, look func() Disk) {
	label := prometheus.Labels{"disk": name}
	m.addGauge("recgate_disk_used_ratio", "How full a disk is that recgate needs, from 0 to 1; NaN: unknown.", label, func() float64 { return look().Used })
	m.addGauge("recgate_disk_free_bytes", "Free space on a disk that recgate needs; NaN: unknown.", label, func() float64 { return look().Free })
	m.addGauge("recgate_disk_days_left", "Days until the disk is full at the rate of the last week; NaN: unknown, or recordings do not stay there.", label,
		func() float64 { return look().DaysLeft })
}
