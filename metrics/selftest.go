package metrics

// CountSelfTest notes the result of a test call on a PBX. Its metrics appear with the
// first one, so that an alarm for 0 does not sound before.
func (m *Metrics) CountSelfTest(pbx string, passed bool) {
	value, result := 0.0, "failed"
	if passed {
		value, result = 1, "passed"
	}
	m.selfTestPassed.WithLabelValues(pbx).Set(value)
	m.selfTests.WithLabelValues(pbx, result).Inc()
}
