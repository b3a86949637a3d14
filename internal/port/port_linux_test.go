package port_test

import (
	"errors"
	"net"
	"syscall"
	"testing"

	"recgate/internal/port"
)

// TestReservedPort: a server listens on it, ends and listens again; while none
// does, connections are refused, and nobody who asks for any port is given it.
func TestReservedPort(t *testing.T) {
	address := port.Address(t)
	for range 2 {
		if _, err := net.Dial("tcp", address); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("connect while nobody listens: %v, want it refused", err)
		}
		l, err := net.Listen("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.Close()
		_ = l.Close()
	}
	for range 500 {
		if port.Address(t) == address {
			t.Fatalf("%s was given twice", address)
		}
	}
}
