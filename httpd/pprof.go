package httpd

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"net/netip"
	"strings"
	"time"
)

// Profiler serves Go's profiles at /debug/pprof/, on a port of its own that
// only this machine can reach. Profiles show internals; the command line of the
// process, which pprof would serve as well, is left out.
type Profiler struct {
	s   *Server
	log *slog.Logger
}

// NewProfiler listens on a loopback address; any other is refused, and so is a
// name that resolves to any other.
func NewProfiler(ctx context.Context, address string, log *slog.Logger) (*Profiler, error) {
	l, err := Listen(ctx, address)
	if err != nil {
		return nil, fmt.Errorf("pprof: %w", err)
	}
	if at, ok := l.Addr().(*net.TCPAddr); !ok || !at.IP.IsLoopback() {
		_ = l.Close() // nobody has called yet
		return nil, fmt.Errorf("pprof %q is not a loopback address: use for example 127.0.0.1:6060", address)
	}
	s := New(Options{Listener: l, Log: log, NotFound: "there are only profiles here: see /debug/pprof/"})
	s.http.WriteTimeout = 10 * time.Minute // a profile is taken for as long as is asked for
	loopback := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	for path, show := range map[string]http.HandlerFunc{"profile": pprof.Profile, "symbol": pprof.Symbol, "trace": pprof.Trace} {
		s.Mount("/debug/pprof/"+path, refuseOtherNames(show))
	}
	s.MountTree("/debug/pprof/", refuseOtherNames(http.HandlerFunc(pprof.Index)))
	s.http.Handler = Allow(loopback, PlainRefusal)(s.http.Handler)
	return &Profiler{s: s, log: s.o.Log}, nil
}

// Run serves until ctx ends.
func (p *Profiler) Run(ctx context.Context) error {
	p.log.InfoContext(ctx, "profiles are served", slog.String("listen", p.s.Addr().String()))
	return p.s.Run(ctx)
}

// Addr returns where it listens.
func (p *Profiler) Addr() net.Addr { return p.s.Addr() }

// refuseOtherNames refuses requests that reached loopback by another name: a web
// page in a browser on this machine can make its name point here.
func refuseOtherNames(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/cmdline") || !isThisMachine(plainHostName(r.Host)) {
			PlainRefusal(w, r, http.StatusForbidden, "profiles are only for this machine: use 127.0.0.1 or localhost")
			return
		}
		next.ServeHTTP(w, r)
	})
}
