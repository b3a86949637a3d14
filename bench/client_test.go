package bench

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"
)

// lean is a client that costs as little as one can, so that what is measured
// is the server: one connection that is kept, one buffer, no parsing beyond
// the status and the length.
type lean struct {
	conn net.Conn
	in   *bufio.Reader
	drop []byte
}

func dialLean(address string) (*lean, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	return &lean{conn, bufio.NewReaderSize(conn, 4<<10), make([]byte, 256<<10)}, nil
}

// fetch sends one request and throws the body of the answer away; it returns
// how long that was.
func (l *lean) fetch(request string) (int64, error) {
	if _, err := io.WriteString(l.conn, request); err != nil {
		return 0, err
	}
	text := textproto.NewReader(l.in)
	status, err := text.ReadLine()
	if err != nil {
		return 0, err
	}
	header, err := text.ReadMIMEHeader()
	if err != nil {
		return 0, err
	}
	if !strings.Contains(status, " 200 ") {
		return 0, fmt.Errorf("answered %q", status)
	}
	if header.Get("Content-Length") == "" {
		return l.dropChunks()
	}
	size, err := strconv.ParseInt(header.Get("Content-Length"), 10, 64)
	if err != nil {
		return 0, err
	}
	return size, l.discard(size)
}

// discard reads past n bytes.
func (l *lean) discard(n int64) error {
	held := min(n, int64(l.in.Buffered()))
	if _, err := l.in.Discard(int(held)); err != nil {
		return err
	}
	for n -= held; n > 0; {
		got, err := l.conn.Read(l.drop[:min(n, int64(len(l.drop)))])
		if n -= int64(got); err != nil {
			return err
		}
	}
	return nil
}

// dropChunks reads past a body in chunks (RFC 9112, section 7.1).
func (l *lean) dropChunks() (sum int64, err error) {
	for {
		line, err := l.in.ReadString('\n')
		if err != nil {
			return sum, err
		}
		n, err := strconv.ParseInt(strings.TrimSpace(line), 16, 64)
		if err != nil {
			return sum, err
		}
		if err := l.discard(n + 2); err != nil || n == 0 {
			return sum, err
		}
		sum += n
	}
}

// getRequest is a GET as lean sends it.
func getRequest(address, target string) string {
	return "GET " + target + " HTTP/1.1\r\nHost: " + address + "\r\n\r\n"
}

// rawRequest is any request in the same way.
func rawRequest(r *http.Request) (string, error) {
	var text strings.Builder
	err := r.Write(&text)
	return text.String(), err
}

// fetchAtOnceRaw lets so many clients fetch times answers each, every client over its
// own connection, and returns the bytes of all bodies. request is asked for
// the n-th request of all.
func fetchAtOnceRaw(address string, clients, times int, request func(n int) string) (int64, error) {
	var group errgroup.Group
	sums := make([]int64, clients)
	for c := range clients {
		group.Go(func() error {
			l, err := dialLean(address)
			if err != nil {
				return err
			}
			defer l.conn.Close()
			for i := range times {
				n, err := l.fetch(request(c*times + i))
				if err != nil {
					return err
				}
				sums[c] += n
			}
			return nil
		})
	}
	err := group.Wait()
	var sum int64
	for _, n := range sums {
		sum += n
	}
	return sum, err
}
