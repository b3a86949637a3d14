package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"recgate/ledger"
	"recgate/recording"
	"recgate/store"
)

// explainCommand is recgate explain.
type explainCommand struct {
	fromFile
	ID string `arg:"" help:"The id of a recording; or a unique id or a tag that only one recording has."`
}

// Help is shown below the flags.
func (explainCommand) Help() string {
	return "Times are in the time zone of the key timezone. This command changes nothing and can run beside serve.\n\n" +
		"Examples:\n  recgate explain --config /etc/recgate/recgate.yaml 0198c0de-0000-7000-8000-000000000001\n" +
		"  recgate explain --config /etc/recgate/recgate.yaml 12347811.214"
}

// maxAccesses is the most lines of the access log that are printed.
const maxAccesses = 1000

// Run prints the history of one recording.
func (c explainCommand) Run(ctx context.Context, p process) error {
	cfg, _, err := c.load(p)
	if err != nil {
		return err
	}
	return withTables(ctx, cfg, func(db *store.DB) error {
		found, err := findRecordings(ctx, db, c.ID)
		switch {
		case err != nil:
			return err
		case len(found) > 1:
			printChoice(p.stderr, c.ID, found, cfg.Location())
			return errReported
		}
		past, err := db.History(ctx, found[0].ID)
		if err != nil {
			return err
		}
		retrieved, err := db.AccessesOf(ctx, found[0].ID, maxAccesses)
		if err != nil {
			return err
		}
		if err := printRecording(p.stdout, found[0]); err != nil {
			return err
		}
		fmt.Fprintln(p.stdout)
		for _, t := range ledger.Timeline(found[0], past, retrieved) {
			fmt.Fprintf(p.stdout, "%s  %s\n", t.At.In(cfg.Location()).Format(timeLayout), onOneLine(t.What))
		}
		return nil
	})
}

// timeLayout is how times are printed.
const timeLayout = "2006-01-02 15:04:05.000"

// maxChoices is the most recordings that a choice lists.
const maxChoices = 20

// findRecordings returns the recording with this id, else recordings with this unique
// id and with this tag, at most maxChoices of each, the newest first.
func findRecordings(ctx context.Context, db *store.DB, text string) ([]recording.Recording, error) {
	text = strings.TrimSpace(text)
	if id, err := recording.ParseID(text); err == nil {
		rec, err := db.Get(ctx, id)
		if recording.CodeOf(err) != recording.NotFound {
			return []recording.Recording{rec}, err
		}
	}
	byUniqueID, err := db.ByUniqueID(ctx, text, maxChoices)
	if err != nil {
		return nil, err
	}
	byTag, err := db.ByTag(ctx, text, maxChoices)
	if err != nil {
		return nil, err
	}
	var found []recording.Recording
	for _, c := range append(byUniqueID, byTag...) {
		if slices.ContainsFunc(found, func(r recording.Recording) bool { return r.ID == c.ID }) {
			continue
		}
		rec, err := db.Get(ctx, c.ID)
		if err != nil {
			return nil, err
		}
		found = append(found, rec)
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("no recording has the id, the unique id or the tag %q", text)
	}
	return found, nil
}

// printChoice lists the recordings among which the caller has to choose.
func printChoice(w io.Writer, text string, found []recording.Recording, zone *time.Location) {
	fmt.Fprintf(w, "recgate: %q means more than one recording: use the id of one\n", text)
	for _, r := range found {
		fmt.Fprintf(w, "  %s  asked for %s, extension %s, %s\n", r.ID, r.AskedAt.In(zone).Format(timeLayout), onOneLine(r.Extension), r.State)
	}
	if len(found) >= maxChoices {
		fmt.Fprintln(w, "  and possibly older ones")
	}
}

func quoteAll(tags []string) string {
	var all []string
	for _, tag := range tags {
		all = append(all, strconv.Quote(tag))
	}
	return strings.Join(all, ", ")
}

// printRecording prints what the row holds now.
func printRecording(w io.Writer, r recording.Recording) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	line := func(name, format string, args ...any) {
		fmt.Fprintf(table, "%s\t%s\n", name, onOneLine(fmt.Sprintf(format, args...)))
	}
	line("recording", "%s", r.ID)
	line("state", "%s: %s", r.State, r.Reason.Full())
	if len(r.Tags) > 0 {
		line("tags", "%s", quoteAll(r.Tags))
	}
	line("channel", "%s on the PBX %s, extension %q, unique id %s", r.Channel, r.PBX, r.Extension, r.UniqueID)
	var parties []string
	for _, p := range r.Call.Parties {
		parties = append(parties, fmt.Sprintf("%s (%s)", p.Channel, p.UniqueID))
	}
	line("call", "%s, with %s", strings.Join(r.Call.LinkedIDs(), ", "), strings.Join(parties, ", "))
	if r.Recorder != "" {
		line("recorder", "%s %s", r.Recorder, r.Handle)
	}
	for _, t := range r.Tracks {
		line("spool file", "%s (%s)", t.File, t.Voice)
	}
	if r.Key != "" {
		line("archive", "%s, %d bytes, %v, SHA-256 %s", r.Key, r.Bytes, r.Duration, r.SHA256)
	}
	if r.Private || r.Deleted {
		line("flags", "private %v, deleted %v", r.Private, r.Deleted)
	}
	return table.Flush()
}
