package ami

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"time"
)

// Options say how a Client connects. Address, Username and Secret are
// required; every other zero value means its default.
type Options struct {
	Address  string      // host:port
	Username string      // of manager.conf
	Secret   string      // never in an error or in the log
	MD5      bool        // log in by Challenge: the secret itself does not cross the wire
	TLS      *tls.Config // nil: plain. An empty ServerName means the host of Address
	Events   string      // event classes asked for at the login; default "call"

	LoginTimeout  time.Duration // from dialling to the answer of the login; default 10 s
	ActionTimeout time.Duration // of Do and List, besides their context; default 5 s
	WriteTimeout  time.Duration // until one action is on its way; default 5 s
	PingInterval  time.Duration // default 10 s
	PingTimeout   time.Duration // a ping unanswered for so long ends the connection; default 5 s

	// The wait before the next attempt begins at BackoffMin (250 ms), doubles
	// up to BackoffMax (15 s), and is shortened at random by up to a half.
	// After a refused login it begins at BackoffMax and doubles up to
	// BackoffRefused (5 min), so that guards against guessed passwords stay calm.
	BackoffMin, BackoffMax, BackoffRefused time.Duration

	Queue int          // events that may wait for tell; default 8192
	Log   *slog.Logger // default: discarded

	// Random feeds ActionIDs and jitter; default crypto/rand. Only Run reads it:
	// in one goroutine for a Client, in several at once for a Pool. Dial opens the
	// connection; default net.Dialer.
	Random io.Reader
	Dial   func(ctx context.Context, network, address string) (net.Conn, error)
}

// withDefaults replaces zero values.
func (o Options) withDefaults() Options {
	o.Events = cmp.Or(o.Events, "call")
	o.LoginTimeout = cmp.Or(o.LoginTimeout, 10*time.Second)
	o.ActionTimeout = cmp.Or(o.ActionTimeout, 5*time.Second)
	o.WriteTimeout = cmp.Or(o.WriteTimeout, 5*time.Second)
	o.PingInterval = cmp.Or(o.PingInterval, 10*time.Second)
	o.PingTimeout = cmp.Or(o.PingTimeout, 5*time.Second)
	o.BackoffMin = cmp.Or(o.BackoffMin, 250*time.Millisecond)
	o.BackoffMax = max(cmp.Or(o.BackoffMax, 15*time.Second), o.BackoffMin)
	o.BackoffRefused = max(cmp.Or(o.BackoffRefused, 5*time.Minute), o.BackoffMax)
	o.Queue = max(cmp.Or(o.Queue, 8192), 1)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Random == nil {
		o.Random = rand.Reader
	}
	if o.Dial == nil {
		o.Dial = (&net.Dialer{}).DialContext
	}
	return o
}
