package ami

import (
	"context"
	"crypto/md5" // the manager protocol knows no other digest
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// greeting is what the first line of every Asterisk begins with. Nothing, and
// above all no secret, is sent to a peer that begins otherwise.
const greeting = "Asterisk Call Manager/"

// What may come before the answer of a login: so many events, and bytes of them.
const (
	maxEarly     = 64
	maxEarlySize = 1 << 20
)

// connect dials and logs in, all within Options.LoginTimeout.
func (c *Client) connect(ctx context.Context) (*link, error) {
	ctx, cancel := context.WithTimeout(ctx, c.opt.LoginTimeout)
	defer cancel()
	raw, err := c.opt.Dial(ctx, "tcp", c.opt.Address)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	release := interruptWith(ctx, raw)
	l, err := c.login(ctx, raw)
	if interrupted := release(); err == nil && interrupted {
		err = ctx.Err()
	}
	if err == nil {
		return l, nil
	}
	_ = raw.Close() // there is an error to tell already
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return nil, fmt.Errorf("log in: %w: %w", ErrTimeout, err)
	}
	return nil, fmt.Errorf("log in: %w", err)
}

// interruptWith makes reads and writes of conn fail as soon as ctx ends. The
// function that it returns takes that back, and reports whether it was too late.
func interruptWith(ctx context.Context, conn net.Conn) (release func() bool) {
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(ended)
		_ = conn.SetDeadline(time.Unix(1, 0)) // it fails only on a closed connection
	})
	return func() bool {
		if stop() {
			return false
		}
		<-ended
		return true
	}
}

// login makes a link of an open connection.
func (c *Client) login(ctx context.Context, raw net.Conn) (*link, error) {
	conn := raw
	if c.opt.TLS != nil {
		var err error
		if conn, err = secure(ctx, raw, c.opt); err != nil {
			return nil, err
		}
	}
	l, err := newLink(conn, raw, c.opt.Random)
	if err != nil {
		return nil, err
	}
	if err := l.greet(); err != nil {
		return nil, err
	}
	proof := []string{"Secret", c.opt.Secret}
	if c.opt.MD5 {
		key, err := l.challenge(c.opt.Secret)
		if err != nil {
			return nil, err
		}
		proof = []string{"AuthType", "MD5", "Key", key}
	}
	a := NewAction("Login", append([]string{"Username", c.opt.Username, "Events", c.opt.Events}, proof...)...)
	_, err = l.handshake(a, c.opt.Secret)
	return l, err
}

// greet reads the line that Asterisk begins with.
func (l *link) greet() error {
	line, err := l.read.line()
	if err != nil {
		return fmt.Errorf("no greeting: %w", streamEnd(err))
	}
	if !strings.HasPrefix(string(line), greeting) {
		return fmt.Errorf("%w: the greeting is %q", ErrProtocol, Shorten(string(line)))
	}
	l.version = string(line)
	return nil
}

// challenge asks for a challenge and returns the key that answers it.
func (l *link) challenge(secret string) (key string, err error) {
	answer, err := l.handshake(NewAction("Challenge", "AuthType", "MD5"), secret)
	if err != nil {
		return "", err
	}
	challenge := answer.Get("Challenge")
	if challenge == "" {
		return "", fmt.Errorf("%w: a challenge without a text", ErrProtocol)
	}
	sum := md5.Sum([]byte(challenge + secret))
	return hex.EncodeToString(sum[:]), nil
}

// handshake sends an action before the link is served, and waits for its
// answer. Nothing else is asked meanwhile, so an answer without ActionID is
// taken too. Events that come first are kept for later.
func (l *link) handshake(a Action, secret string) (Message, error) {
	id := l.prefix + "login"
	frame, err := encode(a, id)
	if err != nil {
		return nil, err
	}
	if _, err := l.conn.Write(frame); err != nil {
		return nil, err
	}
	for size := 0; len(l.early) <= maxEarly && size <= maxEarlySize; {
		m, err := l.read.message()
		if err != nil {
			return nil, streamEnd(err)
		}
		got := m.Get("ActionID")
		switch kind, _ := m.Kind(); {
		case strings.EqualFold(kind, "Event"):
			l.early = append(l.early, m)
			size += m.size()
		case strings.EqualFold(kind, "Response") && (got == id || got == ""):
			return m, loginError(m, secret)
		}
	}
	return nil, fmt.Errorf("%w: over %d events, or %d bytes of them, before the answer of the login", ErrProtocol, maxEarly, maxEarlySize)
}

// inUse is what Asterisk answers to a second login of a user where manager.conf
// says allowmultiplelogin = no (manager.c of 16 to 22).
const inUse = "Login Already In Use"

// loginError is ErrAuth when the answer is an error. Whatever the server
// says, the secret stays out of it.
func loginError(answer Message, secret string) error {
	if _, value := answer.Kind(); strings.EqualFold(value, "Success") {
		return nil
	}
	text := answer.Get("Message")
	if text == inUse {
		return fmt.Errorf("%w: %q", ErrInUse, text)
	}
	if secret != "" {
		text = strings.ReplaceAll(text, secret, "...")
	}
	return fmt.Errorf("%w: %q", ErrAuth, Shorten(text))
}

// streamEnd names the plain end of a stream.
func streamEnd(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errClosed
	}
	return err
}
