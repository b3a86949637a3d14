package recording

import (
	"slices"
	"strings"
)

// The methods: what an actor can ask for. Keys, the access log and the metrics
// name them so.
const (
	MethodStart              = "start"
	MethodStop               = "stop"
	MethodRetrieve           = "retrieve"
	MethodRetrieveByUniqueID = "retrieveByUniqueId"
)

// Methods returns all methods in the order in which they are listed.
func Methods() []string {
	return []string{MethodStart, MethodStop, MethodRetrieve, MethodRetrieveByUniqueID}
}

// May returns nil when the actor may use the method, else a Forbidden error.
// A key holder may use the methods of the key, which are none once the key is
// revoked. Anybody may use all of them: the door decides whom it lets in
// without a key.
func (a Actor) May(method string) error {
	switch {
	case a.Kind == Anybody || slices.Contains(a.Methods, method):
		return nil
	case len(a.Methods) == 0:
		return Errorf(Forbidden, "the key %q was revoked", a.Name)
	}
	return Errorf(Forbidden, "the key %q may not use %s: it is for %s", a.Name, method, strings.Join(a.Methods, ", "))
}
