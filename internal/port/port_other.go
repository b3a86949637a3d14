//go:build !linux

package port

import (
	"fmt"
	"net"
)

// reserve only looks: elsewhere two sockets cannot have one port.
func reserve() (number int, release func(), err error) {
	number, err = find()
	return number, func() {}, err
}

// find returns a port that nobody listens on now.
func find() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // loopback
	if err != nil {
		return 0, err
	}
	defer l.Close() //nolint:errcheck // it was only looked for
	address, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		return 0, fmt.Errorf("%v is not a TCP address", l.Addr())
	}
	return address.Port, nil
}
