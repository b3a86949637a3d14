package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"recgate/config"
	"recgate/recording"
	"recgate/store"
)

// unexplained prints what the ledger cannot explain, a line for each as it is
// found.
func unexplained(ctx context.Context, p process, cfg config.Config, from, to time.Time) error {
	lines, far := 0, progress{w: p.stderr, next: time.Now().Add(progressEvery)}
	err := withTables(ctx, cfg, func(db *store.DB) error {
		l, err := onlooker(cfg, db)
		if err != nil {
			return err
		}
		return l.Unexplained(ctx, from, to, func(f recording.Finding) {
			lines++
			printFinding(p.stdout, f)
		}, far.tell)
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
	return errSaid
}

// progressEvery is how often a long look says how far it is.
const progressEvery = 5 * time.Second

// progress says how far a long look through the archive is.
type progress struct {
	w    io.Writer
	next time.Time
}

func (p *progress) tell(at time.Time) {
	if now := time.Now(); now.After(p.next) {
		p.next = now.Add(progressEvery)
		fmt.Fprintf(p.w, "checking recordings of %s\n", at.Format(time.DateOnly))
	}
}

func printFinding(w io.Writer, f recording.Finding) {
	subject := strings.TrimSpace(f.Place + " " + f.Name)
	fmt.Fprintf(w, "%s: %s. What to do: %s.\n", shown(subject), shown(f.What), shown(f.Do))
}

// shown makes text of a PBX or a caller fit for a terminal.
func shown(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, text)
}
