package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"recgate/recording"
	"recgate/store"
)

// ledgerCommand is recgate ledger.
type ledgerCommand struct {
	fromFile
	From string `placeholder:"DATE" help:"First day, such as 2026-11-01. Default: 30 days ago."`
	To   string `placeholder:"DATE" help:"Last day, inclusive. Default: today."`

	Unexplained bool `help:"List what does not add up instead, with what to do about it. Exits with 1 if there is anything."`
}

// Help is shown below the flags.
func (ledgerCommand) Help() string {
	return "Every requested start is counted in exactly one line. What is not ready, empty, failed or lost is still in progress.\n" +
		"With --unexplained, recgate compares rows, spools and archive. It lists rows that should be settled, rows whose file is not\n" +
		"in the archive, and files without a row. The list should be empty. This command changes nothing and can run beside serve.\n\n" +
		"Examples:\n  recgate ledger --config /etc/recgate/recgate.yaml --from 2026-11-01 --to 2026-11-30\n" +
		"  recgate ledger --config /etc/recgate/recgate.yaml --unexplained"
}

// Run prints the sums of the period.
func (c ledgerCommand) Run(ctx context.Context, p process) error {
	cfg, _, err := c.load(p)
	if err != nil {
		return err
	}
	from, to, err := parsePeriod(c.From, c.To, now().In(cfg.Location()))
	if err != nil {
		return err
	}
	if c.Unexplained {
		return printUnexplained(ctx, p, cfg, from, to)
	}
	var sums []recording.Sum
	err = withTables(ctx, cfg, func(db *store.DB) (err error) {
		sums, err = db.Sums(ctx, from, to)
		return err
	})
	if err != nil {
		return err
	}
	days := fmt.Sprintf("from %s to %s", from.Format(time.DateOnly), to.AddDate(0, 0, -1).Format(time.DateOnly))
	if len(sums) == 0 {
		fmt.Fprintln(p.stdout, "no recordings were requested", days)
		return nil
	}
	fmt.Fprintf(p.stdout, "recordings requested %s\n\n", days)
	return printSums(p.stdout, sums)
}

// parsePeriod reads two days, both included, as a time span in the zone of now.
func parsePeriod(first, last string, now time.Time) (from, to time.Time, err error) {
	today := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location())
	from, to = today.AddDate(0, 0, -30), today
	if first != "" {
		if from, err = time.ParseInLocation(time.DateOnly, first, now.Location()); err != nil {
			return from, to, fmt.Errorf("--from %q: use a date such as 2026-11-01", first)
		}
	}
	if last != "" {
		if to, err = time.ParseInLocation(time.DateOnly, last, now.Location()); err != nil {
			return from, to, fmt.Errorf("--to %q: use a date such as 2026-11-30", last)
		}
	}
	if to.Before(from) {
		return from, to, fmt.Errorf("--to %s is before --from %s", to.Format(time.DateOnly), from.Format(time.DateOnly))
	}
	return from, to.AddDate(0, 0, 1), nil
}

// printSums writes the sums by state and reason, with its code, and their total.
func printSums(w io.Writer, sums []recording.Sum) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "STATE\tCOUNT\tREASON [CODE]")
	total, open := 0, 0
	for _, s := range sums {
		fmt.Fprintf(table, "%s\t%d\t%s\n", s.State, s.Count, s.Reason.Full())
		total += s.Count
		if !s.State.Final() {
			open += s.Count
		}
	}
	fmt.Fprintf(table, "total\t%d\t%d of them still in progress\n", total, open)
	return table.Flush()
}
