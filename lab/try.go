package lab

// The methods of this file are for tests in which the pbx is killed and begun
// again while calls are made: they return what Asterisk refuses instead of
// failing the test, and may be called from any goroutine.

// TryCall is Call.
func (l *Lab) TryCall(from, to string, seconds int, tech string) (Call, error) {
	return l.callBy(from, tech, func(*amiConn) error { return l.dial(from, to, seconds, tech) })
}

// TryHangup is HangupChannel.
func (l *Lab) TryHangup(channel string) error {
	m, err := l.accountOf(l.pbx).login(l.t.Context(), "off")
	if err != nil {
		return err
	}
	defer m.close()
	_, err = m.do("Hangup", "Channel", channel)
	return err
}

// TryRestart is Restart.
func (l *Lab) TryRestart() error {
	l.pbx.shutdown()
	return l.pbx.start(l.t.Context(), l.accountOf(l.pbx))
}
