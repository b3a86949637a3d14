package metrics

// SelfTest notes how a test call on a PBX went. Its metrics are there from
// the first one on, so that an alarm for 0 does not sound before it.
func (m *Metrics) SelfTest(pbx string, passed bool) {
	value, result := 0.0, "failed"
	if passed {
		value, result = 1, "passed"
	}
	m.selfTestPassed.WithLabelValues(pbx).Set(value)
	m.selfTests.WithLabelValues(pbx, result).Inc()
}
