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
	awayCache  = 100 * time.Millisecond // so that a dependency that comes up is seen at once
)

// Check asks one dependency whether it can be used. Callers see the
// recording.Message of its error, the log has all of it. Run has two seconds; a Run
// that does not end with its context is left behind, and not started again before
// it has ended.
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

// result is what the answer says of one dependency.
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
	results := rd.askAll(r.Context())
	status, ready, verdict := http.StatusOK, true, "ready"
	var text strings.Builder
	for _, c := range results {
		if c.OK {
			fmt.Fprintf(&text, "ok %s\n", c.Name)
			continue
		}
		status, ready, verdict = http.StatusServiceUnavailable, false, "not ready"
		fmt.Fprintf(&text, "away %s: %s\n", c.Name, c.Message)
	}
	if ParseAccept(r.Header)["application/json"] == 0 {
		writeLine(w, r, status, text.String()+verdict)
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

// askAll asks all dependencies at once. It repeats the last results if they are
// less than a second old, or a tenth of a second when a dependency was away: the
// endpoint is open to everybody and must be cheap.
func (rd *readiness) askAll(ctx context.Context) []result {
	rd.mu.Lock()
	defer rd.mu.Unlock()
	keep := checkCache
	if slices.ContainsFunc(rd.last, func(r result) bool { return !r.OK }) {
		keep = awayCache
	}
	if rd.last != nil && time.Since(rd.at) < keep {
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
		rd.logChange(ctx, i, now[i], errs[i])
	}
	rd.last, rd.at = now, time.Now()
	return now
}

// logChange logs once that a dependency is away, and once that it is back.
func (rd *readiness) logChange(ctx context.Context, i int, now result, err error) {
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

// run returns the check's error, or errSlow at the end of ctx. Its goroutine
// outlives it only if the check does not end with its context.
func (p *probe) run(ctx context.Context) error {
	if !p.running.CompareAndSwap(false, true) {
		return errSlow
	}
	done := make(chan error, 1)
	go func() {
		err := p.runSafely(ctx)
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

// runSafely runs the check, and returns a panic as an error: it would otherwise
// end the program.
func (p *probe) runSafely(ctx context.Context) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("the check panicked: %v", v)
		}
	}()
	return p.check.Run(ctx)
}
