package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"recgate/config"
	"recgate/recording"
	"recgate/store"
)

// printUnexplained prints a line for everything that the ledger cannot explain, as it
// is found.
func printUnexplained(ctx context.Context, p process, cfg config.Config, from, to time.Time) error {
	lines, far := 0, progress{w: p.stderr, next: time.Now().Add(progressEvery)}
	err := withTables(ctx, cfg, func(db *store.DB) error {
		l, err := openLedger(cfg, db)
		if err != nil {
			return err
		}
		return l.Unexplained(ctx, from, to, func(f recording.Finding) {
			lines++
			printFinding(p.stdout, f)
		}, far.print)
	})
	switch {
	case err != nil:
		return err
	case lines == 0:
		fmt.Fprintf(p.stdout, "nothing is unexplained from %s to %s\n", from.Format(time.DateOnly), to.AddDate(0, 0, -1).Format(time.DateOnly))
		return nil
	case lines == 1:
		fmt.Fprintln(p.stdout, "1 line is unexplained")
	default:
		fmt.Fprintf(p.stdout, "%d lines are unexplained\n", lines)
	}
	return errReported
}

// progressEvery is how often a long comparison prints how far it is.
const progressEvery = 5 * time.Second

// progress prints how far a long comparison with the archive is.
type progress struct {
	w    io.Writer
	next time.Time
}

func (p *progress) print(at time.Time) {
	if now := time.Now(); now.After(p.next) {
		p.next = now.Add(progressEvery)
		fmt.Fprintf(p.w, "checking recordings of %s\n", at.Format(time.DateOnly))
	}
}

func printFinding(w io.Writer, f recording.Finding) {
	subject := strings.TrimSpace(f.Place + " " + f.Name)
	fmt.Fprintf(w, "%s: %s. What to do: %s.\n", onOneLine(subject), onOneLine(f.What), onOneLine(f.Do))
}
