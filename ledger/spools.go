package ledger

import (
	"context"
	"fmt"

	"recgate/recording"
	"recgate/spool"
)

// spoolUnexplained finds the files of a spool that no row explains. What is
// left of settled recordings is looked after each minute by recgate serve, so it
// has two.
func (l *Ledger) spoolUnexplained(ctx context.Context, p recording.PBX) ([]recording.Finding, error) {
	names, err := p.Spool.Names()
	if err != nil {
		return []recording.Finding{spool.Away(p, err)}, nil
	}
	var found []recording.Finding
	for _, name := range names {
		f, err := l.whySpooled(ctx, p, name)
		if err != nil {
			return nil, err
		}
		if f.What != "" {
			f.Place, f.Name = recording.InSpool(p.Name), name
			found = append(found, f)
		}
	}
	return found, nil
}

// whySpooled says what is wrong with a file of a spool, or nothing.
func (l *Ledger) whySpooled(ctx context.Context, p recording.PBX, name string) (recording.Finding, error) {
	v, err := l.owners.Judge(ctx, p, name)
	rec, f := v.Rec, v.Wrong
	if !v.Left || rec.Reason.Unusable() {
		return f, err
	}
	past, err := l.Rows.History(ctx, rec.ID)
	if err != nil || l.Now().Sub(past[len(past)-1].At) <= 2*settledWithin {
		return f, err
	}
	if open := l.files.StillOpen(ctx, p, &spool.Leftover{Rec: rec, Names: []string{name}}); open.What != "" {
		return open, nil
	}
	f.What = fmt.Sprintf("its recording is %s: %s", rec.State, rec.Reason)
	f.Do = "serve deletes it once it has verified the copy in the archive; if it stays, the log says why"
	if rec.State == recording.Failed || rec.State == recording.Lost {
		f.Do = "serve collects it within a minute; if it stays, the log says why"
	}
	return f, nil
}
