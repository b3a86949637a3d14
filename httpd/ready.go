package httpd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"recgate/recording"
)

const (
	checkLimit = 2 * time.Second
	checkCache = time.Second
	awayCache  = 100 * time.Millisecond // so that what comes up is seen at once
)

// Check asks one dependency whether it can be used. Callers are told the
// recording.Message of its error, the log all of it. Run is given two seconds;
// one that does not end with its context is left behind and not started again
// before it has ended.
type Check struct {
	Name string // database, archive, pbx north
	Run  func(context.Context) error
}

// readiness answers /readyz.
type readiness struct {
	log    *slog.Logger
	probes []*probe

	mu   sync.Mutex // guards all below, and lets callers share one round
	at   time.Time
	last []result
}

// result is what is told of one dependency.
type result struct {
	Name    string `json:"name"`
	OK      bool   `json:"ok"`
	Message string `json:"message,omitempty"`
}

func newReadiness(o Options) *readiness {
	rd := &readiness{log: o.Log}
	for _, c := range o.Checks {
		rd.probes = append(rd.probes, &probe{check: c})
	}
	return rd
}

// ServeHTTP answers 200 when all dependencies are there, else 503; text, or
// JSON for those who accept it.
func (rd *readiness) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	results := rd.results(r.Context())
	status, ready := http.StatusOK, true
	var text strings.Builder
	for _, c := range results {
		if c.OK {
			fmt.Fprintf(&text, "ok %s\n", c.Name)
			continue
		}
		status, ready = http.StatusServiceUnavailable, false
		fmt.Fprintf(&text, "away %s: %s\n", c.Name, c.Message)
	}
	if Accepted(r.Header)["application/json"] == 0 {
		verdict := map[bool]string{true: "ready", false: "not ready"}[ready]
		line(w, r, status, text.String()+verdict)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(struct { // a caller who has gone needs no answer
		Ready  bool     `json:"ready"`
		Checks []result `json:"checks"`
	}{ready, results})
}

// results asks all dependencies at once, or repeats what was found within the
// last second, or a tenth of one when something was away: the endpoint is open
// to all and must cost nothing.
func (rd *readiness) results(ctx context.Context) []result {
	rd.mu.Lock()
	defer rd.mu.Unlock()
	lasts := checkCache
	if slices.ContainsFunc(rd.last, func(r result) bool { return !r.OK }) {
		lasts = awayCache
	}
	if rd.last != nil && time.Since(rd.at) < lasts {
		return rd.last
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), checkLimit) // others wait for the result too
	defer cancel()
	now := make([]result, len(rd.probes))
	errs := make([]error, len(rd.probes))
	var wait sync.WaitGroup
	for i, p := range rd.probes {
		wait.Go(func() { errs[i] = p.run(ctx) })
	}
	wait.Wait()
	for i, p := range rd.probes {
		now[i] = result{Name: p.check.Name, OK: errs[i] == nil}
		switch {
		case errors.Is(errs[i], errSlow):
			now[i].Message = errSlow.Error()
		case errs[i] != nil:
			now[i].Message = recording.Message(errs[i])
		}
		rd.tell(ctx, i, now[i], errs[i])
	}
	rd.last, rd.at = now, time.Now()
	return now
}

// tell logs a dependency that has gone or come back, once.
func (rd *readiness) tell(ctx context.Context, i int, now result, err error) {
	before := rd.last == nil || rd.last[i].OK
	name := slog.String("dependency", now.Name)
	switch {
	case before && !now.OK:
		rd.log.WarnContext(ctx, "dependency away", name, slog.Any("err", err))
	case !before && now.OK:
		rd.log.InfoContext(ctx, "dependency back", name)
	}
}

var errSlow = errors.New("no answer within two seconds")

// probe runs one check, never twice at the same time.
type probe struct {
	check   Check
	running atomic.Bool
}

// run returns the check's error, or errSlow at the end of ctx. The goroutine
// outlives it only where the check does not keep to its context.
func (p *probe) run(ctx context.Context) error {
	if !p.running.CompareAndSwap(false, true) {
		return errSlow
	}
	done := make(chan error, 1)
	go func() {
		err := p.guarded(ctx)
		p.running.Store(false)
		done <- err
	}()
	select {
	case err := <-done:
		if errors.Is(err, context.DeadlineExceeded) {
			return fmt.Errorf("%w: %w", errSlow, err)
		}
		return err
	case <-ctx.Done():
		return errSlow
	}
}

// guarded makes an error of a panic, which would otherwise end the program.
func (p *probe) guarded(ctx context.Context) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("the check panicked: %v", v)
		}
	}()
	return p.check.Run(ctx)
}
