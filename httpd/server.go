// Package httpd is HTTP for all doors. Its Server is the listener: it routes
// requests to the doors that are mounted on it, and does what every door needs:
// timeouts, finding the caller (Proxies), request ids, the access log, recovery
// from panics, security headers, health and readiness, and a graceful end. What
// only some doors need is middleware to wrap them in: Allow, RequireKey, Hosts and
// Limiter. And it has what a door needs to read a request and to answer it: who
// asks (Actor), queries, forms and bodies with their limits (ParseQuery, ReadBody),
// text in any encoding (ToUTF8); what an error is for HTTP, the log and the metrics
// (Status, Level, Outcome); audio in blocks, as base64 or as it is (OpenAudio). It
// knows no door's way to answer. Start reading at New and Server.Run.
package httpd

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/gorilla/mux"
)

// Limits of every connection. A handler that streams renews the write
// deadline per block by http.ResponseController.
const (
	readHeaderTimeout = 10 * time.Second
	readTimeout       = 30 * time.Second
	writeTimeout      = 30 * time.Second
	idleTimeout       = 620 * time.Second
	maxHeaderBytes    = 64 << 10
	drainLimit        = 10 * time.Second
)

// Options are what a Server is made of.
type Options struct {
	Listener net.Listener  // from Listen; Run closes it
	Log      *slog.Logger  // access log and failures; nil: discarded
	Checks   []Check       // what /readyz asks
	Drain    time.Duration // how long requests may take to end after Run's context has; default 10 s
	// Proxies are the proxies that are trusted to name the caller; none by default.
	Proxies Proxies
	// Health are the networks that may ask /healthz and /readyz; nil: all.
	Health []netip.Prefix
	// Connections is how many may be open, never more than half of the files
	// that the process may open; 0 for that half. See connections.
	Connections int
	// Idle is how long a connection may wait for its next request; default 620
	// s. A balancer that keeps connections open must be the first to close one: a
	// request on a connection that is just being closed may be lost. Google's
	// balancers wait the longest, 600 s.
	Idle time.Duration
	// Certificate makes the listener one for TLS; nil: plain HTTP. Whoever
	// runs the server must also call Certificate.Run.
	Certificate *Certificate
	// NotFound is what a path without a door answers; it has a default.
	NotFound string
}

// Server serves the doors. It is safe for use by many goroutines once
// everything is mounted.
type Server struct {
	o      Options
	router *mux.Router
	http   *http.Server
	conns  *connections
}

// Listen opens the TCP address, host:port. Its errors say what to do.
func Listen(ctx context.Context, address string) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("listen %s: already in use: stop the program that listens there, or choose another address: %w", address, err)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("listen %s: not permitted: ports below 1024 need a special right, choose a higher one: %w", address, err)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return nil, fmt.Errorf("listen %s: not an address of this machine: choose one that is, or 127.0.0.1: %w", address, err)
	case err != nil:
		return nil, fmt.Errorf("listen %s: %w", address, err)
	}
	return l, nil
}

// New returns a server with /healthz and /readyz and nothing else.
func New(o Options) *Server {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Log = slog.New(LogHandler(o.Log.Handler()))
	if o.NotFound == "" {
		o.NotFound = "there is nothing at this path"
	}
	if o.Drain == 0 {
		o.Drain = drainLimit
	}
	if o.Idle == 0 {
		o.Idle = idleTimeout
	}
	if half := int(min(maxOpenFiles()/2, 1<<20)); half > 0 && (o.Connections == 0 || o.Connections > half) { // the rest is for the PBXs, recordings and the database
		o.Connections = half
	}
	s := &Server{o: o, router: mux.NewRouter().SkipClean(true), conns: newConnections(o.Connections)}
	s.router.NotFoundHandler = http.HandlerFunc(s.notFound)
	health := func(next http.Handler) http.Handler { return next }
	if o.Health != nil {
		health = Allow(o.Health, PlainRefusal)
	}
	s.Mount("/healthz", health(refuseWrites(http.HandlerFunc(healthz))))
	s.Mount("/readyz", health(refuseWrites(newReadiness(o))))
	s.http = &http.Server{
		Handler:           s.Handler(),
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       o.Idle,
		MaxHeaderBytes:    maxHeaderBytes,
		ConnState:         s.conns.forgetClosed,
		ConnContext:       s.conns.add,
		ErrorLog:          slog.NewLogLogger(o.Log.Handler(), slog.LevelWarn),
	}
	return s
}

// Mount lets a door answer one path, with or without a slash at its end, for
// every method and query.
func (s *Server) Mount(path string, door http.Handler) {
	s.router.Handle(path, door)
	if path != "/" {
		s.router.Handle(path+"/", door)
	}
}

// MountTree lets a door answer every path that begins with prefix, also with
// repeated slashes or /./ in it, as when a caller adds a path to an address with a
// slash at its end. The door sees the simple path.
func (s *Server) MountTree(prefix string, door http.Handler) {
	begins := func(r *http.Request, _ *mux.RouteMatch) bool { return strings.HasPrefix(simplePath(r.URL), prefix) }
	s.router.MatcherFunc(begins).Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if simple := simplePath(r.URL); simple != r.URL.Path {
			plain := *r.URL
			plain.Path, plain.RawPath = simple, ""
			r = r.WithContext(r.Context()) // a copy: the log has the path as it was sent
			r.URL = &plain
		}
		door.ServeHTTP(w, r)
	}))
}

// Handler returns everything as one handler, for tests without a listener.
func (s *Server) Handler() http.Handler {
	var h http.Handler = s.router
	h = s.refuseEscapes(h) // the last one to see a request
	h = dropBody(h)
	h = closeIfAmbiguous(h)
	h = setSecurityHeaders(h)
	h = recoverPanics(s.o.Log, h)
	h = logRequests(s.o.Log, h)
	h = s.o.Proxies.noteCaller(h)
	h = assignID(h)
	return s.conns.keepWhileAnswering(h) // the first one
}

// Connections returns how many connections are open, and how many were closed
// because there were too many.
func (s *Server) Connections() (open int, dropped int64) { return s.conns.counts() }

// Addr returns where the server listens.
func (s *Server) Addr() net.Addr { return s.o.Listener.Addr() }

// Run serves until ctx ends; then it takes no more requests and gives running ones
// the drain time to end. It returns nil after that, and an error when the listener
// fails.
func (s *Server) Run(ctx context.Context) error {
	s.http.BaseContext = func(net.Listener) context.Context { return context.WithoutCancel(ctx) }
	served := make(chan error, 1)
	var wait sync.WaitGroup
	listener := s.o.Listener
	if s.o.Certificate != nil {
		listener = tls.NewListener(listener, s.o.Certificate.Config())
	}
	wait.Go(func() { served <- s.http.Serve(listener) })
	defer wait.Wait()
	select {
	case err := <-served:
		return fmt.Errorf("serve HTTP: %w", err)
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.o.Drain)
	defer cancel()
	if err := s.http.Shutdown(drain); err != nil {
		s.o.Log.WarnContext(ctx, "requests cut off", slog.Int64("after_ms", s.o.Drain.Milliseconds()), slog.Any("err", errors.Join(err, s.http.Close())))
	}
	return nil
}

func (s *Server) notFound(w http.ResponseWriter, r *http.Request) {
	PlainRefusal(w, r, http.StatusNotFound, s.o.NotFound)
}

func healthz(w http.ResponseWriter, r *http.Request) { writeLine(w, r, http.StatusOK, "ok") }
