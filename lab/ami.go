package lab

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"strings"
	"time"
)

// maxAnswer is how long AMI may take to answer one action.
const maxAnswer = 10 * time.Second

// account is where and as whom the lab talks to a server.
type account struct {
	address, user, secret string
}

func (l *Lab) accountOf(i *instance) account {
	address := l.AMI
	if i.name == "phones" {
		address = l.ports.address(portPhonesAMI)
	}
	return account{address, l.users[0].Name, l.users[0].Secret}
}

// message is one message of AMI; of a repeated header the last counts.
type message map[string]string

// amiConn is a plain AMI client for one verb of the lab. It is not the
// project's own client on purpose: that one is tested with this lab.
type amiConn struct {
	conn net.Conn
	read *bufio.Reader
	kept []message // events that came before an answer
	last int       // ActionID
}

// login opens a connection that gets the events of these classes.
func (a account) login(ctx context.Context, events string) (*amiConn, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", a.address)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	m := &amiConn{conn: conn, read: bufio.NewReader(conn)}
	if err := conn.SetDeadline(time.Now().Add(maxAnswer)); err != nil {
		m.close()
		return nil, fmt.Errorf("deadline: %w", err)
	}
	if _, err := m.read.ReadString('\n'); err != nil { // the greeting
		m.close()
		return nil, fmt.Errorf("greeting: %w", err)
	}
	if _, err := m.do("Login", "Username", a.user, "Secret", a.secret, "Events", events); err != nil {
		m.close()
		return nil, err
	}
	return m, nil
}

// close leaves without a word; an error of closing changes nothing.
func (m *amiConn) close() { _ = m.conn.Close() }

// do sends an action with headers in pairs and returns its answer. An answer
// that says Error is an error.
func (m *amiConn) do(name string, headers ...string) (message, error) {
	m.last++
	id := fmt.Sprintf("lab%d", m.last)
	var b strings.Builder
	fmt.Fprintf(&b, "Action: %s\r\nActionID: %s\r\n", name, id)
	for i := 0; i+1 < len(headers); i += 2 {
		fmt.Fprintf(&b, "%s: %s\r\n", headers[i], headers[i+1])
	}
	b.WriteString("\r\n")
	if err := m.conn.SetDeadline(time.Now().Add(maxAnswer)); err != nil {
		return nil, fmt.Errorf("deadline: %w", err)
	}
	if _, err := m.conn.Write([]byte(b.String())); err != nil {
		return nil, fmt.Errorf("send %s: %w", name, err)
	}
	for {
		got, err := m.next()
		if err != nil {
			return nil, fmt.Errorf("answer to %s: %w", name, err)
		}
		switch {
		case got["ActionID"] != id || got["Response"] == "":
			m.kept = append(m.kept, got)
		case got["Response"] == "Error":
			return nil, fmt.Errorf("%s was refused: %s", name, got["Message"])
		default:
			return got, nil
		}
	}
}

// await returns the first message, kept or new, that match takes; those before
// it are gone. what names it in the error when it does not come in time.
func (m *amiConn) await(limit time.Duration, what string, match func(message) bool) (message, error) {
	if err := m.conn.SetDeadline(time.Now().Add(limit)); err != nil {
		return nil, fmt.Errorf("deadline: %w", err)
	}
	for {
		var got message
		if len(m.kept) > 0 {
			got, m.kept = m.kept[0], m.kept[1:]
		} else {
			var err error
			if got, err = m.next(); err != nil {
				return nil, fmt.Errorf("waited for %s: %w", what, err)
			}
		}
		if match(got) {
			return got, nil
		}
	}
}

// next reads one message.
func (m *amiConn) next() (message, error) {
	got := message{}
	for {
		line, err := m.read.ReadString('\n')
		if err != nil {
			return nil, err
		}
		line = strings.TrimRight(line, "\r\n")
		if line == "" {
			return got, nil
		}
		name, value, _ := strings.Cut(line, ":")
		got[name] = strings.TrimSpace(value)
	}
}
