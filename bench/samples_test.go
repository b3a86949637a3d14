package bench

import (
	"slices"
	"testing"
	"time"
)

// samples are measurements of one thing, in one unit.
type samples []float64

func (s *samples) add(v float64) { *s = append(*s, v) }

func (s *samples) addTime(d time.Duration) { s.add(float64(d.Nanoseconds()) / 1e6) }

// quantile returns the value that a share q (0 to 1) of the samples does not exceed.
func (s samples) quantile(q float64) float64 {
	if len(s) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(s))
	return sorted[int(q*float64(len(sorted)-1)+0.5)]
}

func (s samples) median() float64 { return s.quantile(0.5) }

// report prints the smallest, the median and the largest sample in the line of
// the benchmark. The unit may not hold a blank.
func (s samples) report(b *testing.B, what, unit string) {
	b.Helper()
	b.ReportMetric(s.quantile(0), what+"-min-"+unit)
	b.ReportMetric(s.median(), what+"-med-"+unit)
	b.ReportMetric(s.quantile(1), what+"-max-"+unit)
}

// dropTimePerOp leaves out the time of a whole round, which says nothing.
func dropTimePerOp(b *testing.B) {
	b.Helper()
	b.ReportMetric(0, "ns/op")
}
