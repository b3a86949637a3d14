package metrics

import (
	"math"
	"time"
)

// WatchCertificate adds the gauges of the listener's certificate, once: when
// it ends (never, for the zero time of a listener without TLS), and whether it
// is the one in the files.
func (m *Metrics) WatchCertificate(end func() time.Time, fresh func() bool) {
	m.gauge("recgate_tls_certificate_days", "Days until the certificate of the listener ends; below 0 it has ended, +Inf without TLS.", nil, func() float64 {
		at := end()
		if at.IsZero() {
			return math.Inf(1)
		}
		return time.Until(at).Hours() / 24
	})
	m.gauge("recgate_tls_certificate_fresh", "1 while the certificate of the listener is the one in its files, 0 while those cannot be used and a former one stays.", nil, func() float64 {
		if fresh() {
			return 1
		}
		return 0
	})
}
