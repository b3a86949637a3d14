// Package port finds ports for the servers that tests start. A port that was
// only looked for may be taken by another program before the server listens on
// it, or while a test has the server down; one that Reserve gives stays the
// test's until the test ends.
package port

import (
	"net"
	"strconv"
	"testing"
)

// Reserve returns a port of 127.0.0.1 that nobody listens on. A server that
// reuses addresses (SO_REUSEADDR, as nearly all servers do) can listen on it,
// end, and listen again; nobody else is given the port meanwhile, and while no
// server listens, connections to it are refused.
func Reserve(t testing.TB) int {
	t.Helper()
	number, release, err := reserve()
	if err != nil {
		t.Fatalf("reserve a port: %v", err)
	}
	t.Cleanup(release)
	return number
}

// Address is Reserve as 127.0.0.1:PORT.
func Address(t testing.TB) string {
	t.Helper()
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(Reserve(t)))
}
