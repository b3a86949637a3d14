package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"
	"unicode"

	"recgate/audio"
	"recgate/config"
	"recgate/recording"
	"recgate/store"
)

// unexplained prints what the ledger cannot explain, a line for each.
func unexplained(ctx context.Context, p process, cfg config.Config, from, to time.Time) error {
	var found []recording.Finding
	err := withDatabase(ctx, cfg, func(db *store.DB) error {
		service, err := onlooker(cfg, db)
		if err == nil {
			found, err = service.Unexplained(ctx, from, to)
		}
		return err
	})
	if err != nil {
		return err
	}
	if len(found) == 0 {
		fmt.Fprintf(p.stdout, "nothing is unexplained from %s to %s\n", from.Format(time.DateOnly), to.AddDate(0, 0, -1).Format(time.DateOnly))
		return nil
	}
	printFindings(p.stdout, found)
	return errSaid
}

// onlooker is a service that only looks: it is never run.
func onlooker(cfg config.Config, db *store.DB) (*recording.Service, error) {
	archive, err := openArchive(cfg, onlyKnown(db))
	if err != nil {
		return nil, err
	}
	quiet := slog.New(slog.DiscardHandler)
	o := recording.Options{KeepSpool: map[string]bool{}, MaxLength: time.Duration(cfg.MaxSeconds) * time.Second, Now: now, Log: quiet}
	var pbxs []recording.PBX
	for _, c := range cfg.PBX {
		p, err := newPBX(c, quiet)
		if err != nil {
			return nil, err
		}
		pbxs = append(pbxs, p)
		o.KeepSpool[p.Name()] = c.KeepSpool
	}
	return recording.NewService(pbxs, db, archive, audio.Files{}, o), nil
}

func printFindings(w io.Writer, found []recording.Finding) {
	for _, f := range found {
		subject := strings.TrimSpace(f.Place + " " + f.Name)
		fmt.Fprintf(w, "%s: %s. What to do: %s.\n", shown(subject), shown(f.What), shown(f.Do))
	}
	noun := "lines are"
	if len(found) == 1 {
		noun = "line is"
	}
	fmt.Fprintf(w, "%d %s unexplained\n", len(found), noun)
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
