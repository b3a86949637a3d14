package chaos

import (
	"context"
	"fmt"
	"slices"
	"syscall"
	"time"
)

// How long recgate may take to come to rest, when everything is well again: a
// stale row is settled within 60 s of a connection, which may take some
// seconds itself.
const longestSettling = 90 * time.Second

// verifier compares what callers asked for with the rows and files at the end.
type verifier struct{ *run }

// verify compares rows and files with what recgate promised.
func (r *verifier) verify(ctx context.Context) {
	r.report.Took = time.Since(r.began)
	if err := r.gateway.awaitReady(ctx, time.Minute); err != nil {
		r.addViolation("%v", err)
	}
	all, err := r.awaitSettled(ctx)
	if err != nil {
		r.addViolation("the rows cannot be read: %v", err)
		return
	}
	r.fillReport(all)
	byTag := map[string][]row{}
	for _, rec := range all {
		for _, tag := range rec.tags {
			byTag[tag] = append(byTag[tag], rec)
		}
	}
	r.checkPromises(byTag)
	paths := r.checkFiles(ctx, all)
	sounds := r.checkSounds(all, paths)
	r.checkDoubles(all)
	r.checkRefusals()
	r.fetchAgain(ctx, byTag, sounds)
	r.checkRest(ctx)
	r.readLedger(ctx)
	r.stopAndReadLog()
}

// awaitSettled waits until nothing is under way, and returns the rows.
func (r *verifier) awaitSettled(ctx context.Context) ([]row, error) {
	began := time.Now()
	for {
		all, err := r.database.rows(ctx)
		if err != nil {
			return nil, err
		}
		open := openRows(all)
		if len(open) == 0 {
			r.report.Settled = time.Since(began)
			return all, nil
		}
		if time.Since(began) > longestSettling {
			for _, rec := range open {
				r.addViolation("after %s a row is still under way (channel ended: %v):\n      %s\n%s", longestSettling, rec.ended != 0, rec, r.describeCallOf(rec))
			}
			return all, nil
		}
		sleep(ctx, 200*time.Millisecond)
	}
}

// callOf finds the call of a row by its channel. A PBX that was killed and is
// back within the same second gives the same unique id to another channel: of
// several calls the row's is the one that asked for it by its tags.
func (r *verifier) callOf(rec row) (found Made, ok bool) {
	for _, m := range r.notes.calls {
		if r.nameOf(m.PBX) != rec.pbx || rec.uniqueID != m.CallerID && rec.uniqueID != m.CalleeID {
			continue
		}
		if r.isAskedForBy(rec, m) {
			return m, true
		}
		if !ok {
			found, ok = m, true
		}
	}
	return found, ok
}

// isAskedForBy reports whether somebody in the call asked for the row.
func (r *verifier) isAskedForBy(rec row, m Made) bool {
	return slices.ContainsFunc(r.notes.asksOf(m.Number), func(a Ask) bool {
		return a.Method == "start" && slices.Contains(rec.tags, a.Tag)
	})
}

func (r *verifier) describeCallOf(rec row) string {
	m, ok := r.callOf(rec)
	if !ok {
		return "    of a channel that no call had\n"
	}
	return r.notes.describeCall(m.Number)
}

// fillReport fills in the report.
func (r *verifier) fillReport(all []row) {
	p := r.report
	p.Asks, p.Faults, p.Ledger, p.Lives = map[string]map[string]int{}, map[Kind]int{}, map[string]int{}, r.gateway.processes
	p.Planned = len(r.plan.After)
	for _, line := range r.plan.Lines {
		p.Planned += len(line)
	}
	for _, m := range r.notes.calls {
		if m.Failed == "" {
			p.Made++
		}
	}
	for _, a := range r.notes.asks {
		answer := fmt.Sprint(a.Status)
		switch {
		case a.Refused:
			answer = "nobody listened"
		case a.Status == 0:
			answer = "no answer in time"
		}
		if p.Asks[a.Method] == nil {
			p.Asks[a.Method] = map[string]int{}
		}
		p.Asks[a.Method][answer]++
		p.Slowest = max(p.Slowest, a.Done.Sub(a.Sent))
	}
	for _, s := range r.notes.spans {
		p.Faults[s.Kind]++
	}
	for _, rec := range all {
		p.Ledger[fmt.Sprintf("%s: %s", rec.state, rec.reason)]++
	}
}

// checkRest compares the memory, goroutines and files that recgate needs now with
// what it needed at first.
func (r *verifier) checkRest(ctx context.Context) {
	const moreGoroutines, moreHeap, moreFiles = 8, 24 << 20, 12
	var now vitals
	for limit := time.Now().Add(time.Minute); ; sleep(ctx, time.Second) {
		var err error
		if now, err = r.readVitals(ctx); err != nil {
			r.addViolation("%v", err)
			return
		}
		if now.goroutines <= r.before.goroutines+moreGoroutines && now.heap <= r.before.heap+moreHeap &&
			now.files <= r.before.files+moreFiles || time.Now().After(limit) {
			break
		}
	}
	r.report.Vitals = fmt.Sprintf("%.0f goroutines (%.0f at first), heap %.1f MiB (%.1f), %.0f open files (%.0f)", now.goroutines,
		r.before.goroutines, now.heap/(1<<20), r.before.heap/(1<<20), now.files, r.before.files)
	if now.goroutines > r.before.goroutines+moreGoroutines || now.heap > r.before.heap+moreHeap || now.files > r.before.files+moreFiles {
		r.addViolation("recgate does not come to rest: %s", r.report.Vitals)
	}
}

// readLedger asks recgate for its own sums.
func (r *verifier) readLedger(ctx context.Context) {
	from, to := time.Now().AddDate(0, 0, -2).Format(time.DateOnly), time.Now().AddDate(0, 0, 2).Format(time.DateOnly)
	out, err := r.gateway.runCommand(ctx, "ledger", "--from", from, "--to", to)
	if err != nil {
		r.addViolation("recgate ledger: %v: %s", err, out)
	}
	r.report.Printed = out
	out, err = r.gateway.runCommand(ctx, "ledger", "--unexplained", "--from", from, "--to", to)
	if err != nil {
		r.addViolation("recgate ledger --unexplained: %v:\n%s", err, out)
	}
	r.report.Printed += out
}

// stopAndReadLog stops recgate, and looks for crashes in its log.
func (r *verifier) stopAndReadLog() {
	if err := r.gateway.hold(syscall.SIGTERM); err != nil {
		r.addViolation("%v", err)
	}
	lines, err := r.gateway.logLines("DATA RACE", "panic", "fatal error", "goroutine ")
	if err != nil {
		r.addViolation("%v", err)
	}
	if len(lines) > 0 {
		r.addViolation("recgate's log has %q", lines[:min(len(lines), 5)])
	}
	for _, e := range r.gateway.exits {
		away := slices.ContainsFunc(r.notes.spans, func(s Span) bool {
			return slices.Contains(append(mariadbKinds(), LockDatabase, FreezeArchive, FillArchive), s.Kind) && s.touches(e.at, e.at, 10*time.Second)
		})
		if !away {
			r.addViolation("recgate ended by itself at %s (%s) while database and archive were there", e.at.Format("15:04:05.000"), e.state)
		}
	}
}
