package recording

// Actor is who asks for something, as far as the door knows. The zero Actor is
// a caller of whom nothing is known.
type Actor struct {
	Kind     ActorKind
	Name     string   // of the API key of a KeyHolder; else empty
	Remote   string   // the address that the request came from; empty: unknown
	Username string   // on whose behalf, as it was sent: recorded but not verified
	Methods  []string // what a KeyHolder may use: see Actor.May
}

// ActorKind says how a door knows an actor.
type ActorKind int

// The kinds of actors.
const (
	Anybody   ActorKind = iota // it does not: it let the caller in without a key
	KeyHolder                  // by an API key
)

// KeyName returns the name of the API key that the actor has shown, or "".
func (a Actor) KeyName() string {
	if a.Kind == KeyHolder {
		return a.Name
	}
	return ""
}
