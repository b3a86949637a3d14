package ami

// Action is a request. Its first header is {"Action", NAME}; the client adds
// the ActionID. Do and List refuse an Action that could be read by Asterisk
// in any other way than it was meant, see ErrUnsafe.
type Action []Header

// NewAction makes an action from its name and pairs of header name and value.
// A name without a value at the end makes an action that is refused when sent.
func NewAction(name string, pairs ...string) Action {
	a := Action{{"Action", name}}
	for ; len(pairs) >= 2; pairs = pairs[2:] {
		a = append(a, Header{pairs[0], pairs[1]})
	}
	if len(pairs) == 1 {
		a = append(a, Header{"", pairs[0]})
	}
	return a
}

// name returns the name of the action, for errors and logs.
func (a Action) name() string {
	if len(a) == 0 {
		return ""
	}
	return a[0].Value
}
