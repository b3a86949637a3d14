package collect

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"slices"
	"time"

	"recgate/recording"
	"recgate/spool"
)

// tidyEvery is the time between two looks at a spool.
const tidyEvery = time.Minute

// tidyLater goes after a delay from the files in a spool to the rows, and then
// again and again: the sweep of the recorder goes the other way.
func (c *Collector) tidyLater(p recording.PBX, delay time.Duration) {
	c.tidies.Add(delay, "leftovers "+p.Name, func(ctx context.Context) {
		_, err := c.Claims.Do(ctx, "leftovers "+p.Name, func(ctx context.Context) error {
			found, err := c.tidySpool(ctx, p)
			if err == nil && ctx.Err() == nil {
				c.Findings.Report(ctx, recording.InSpool(p.Name), found)
			}
			return err
		})
		if err != nil && ctx.Err() == nil && recording.CodeOf(err) != recording.Unavailable && !c.Steps.Raced(err) {
			c.Log.ErrorContext(ctx, "spool not checked", slog.String("pbx", p.Name), slog.Any("err", err))
		}
		c.tidyLater(p, tidyEvery)
	})
}

// tidySpool goes through a spool. The audio of a recording that was given up
// is collected, what the archive holds already is deleted, and what nothing
// explains is returned.
func (c *Collector) tidySpool(ctx context.Context, p recording.PBX) ([]recording.Finding, error) {
	names, err := p.Spool.Names()
	if err != nil {
		return []recording.Finding{spool.Away(p, err)}, nil
	}
	byID := map[recording.ID]*spool.Leftover{}
	for _, name := range names {
		id, err := recording.ParseID(name[:min(32, len(name))])
		if err != nil || c.Book.Kept(id) {
			continue
		}
		if byID[id] == nil {
			byID[id] = &spool.Leftover{Rec: recording.Recording{ID: id}}
		}
		byID[id].Names = append(byID[id].Names, name)
	}
	var found []recording.Finding
	for _, l := range byID {
		slices.Sort(l.Names)
		f, err := c.tidy(ctx, p, l)
		if err != nil {
			return nil, err
		}
		for _, name := range l.Names {
			if f.What != "" {
				f.Place, f.Name = recording.InSpool(p.Name), name
				found = append(found, f)
			}
		}
	}
	slices.SortFunc(found, func(a, b recording.Finding) int { return cmp.Compare(a.Name, b.Name) })
	return found, nil
}

// tidy settles a leftover where that is safe, or says what is wrong with it.
func (c *Collector) tidy(ctx context.Context, p recording.PBX, l *spool.Leftover) (recording.Finding, error) {
	v, err := c.owners.Judge(ctx, p, l.Names[0])
	f := v.Wrong
	if !v.Left {
		if v.Rec.State.Final() && f.What == "" && err == nil && v.Rec.PBX == p.Name {
			c.Book.Keep(v.Rec.ID)
		}
		return f, err
	}
	unlock, err := c.locks.Lock(ctx, l.Rec.ID) // whoever settles it now may be about to delete the file
	if err != nil {
		return f, err
	}
	defer unlock()
	_, err = c.Claims.Do(ctx, collecting+string(l.Rec.ID), func(ctx context.Context) (err error) { // another process may be, too
		f, err = c.settleLeftover(ctx, p, l)
		return err
	})
	return f, err
}

// settleLeftover is tidy while nobody else is at the recording.
func (c *Collector) settleLeftover(ctx context.Context, p recording.PBX, l *spool.Leftover) (f recording.Finding, err error) {
	if l.Names = stillThere(p, l.Names); len(l.Names) == 0 {
		return f, nil
	}
	if l.Rec, err = c.Rows.Get(ctx, l.Rec.ID); err != nil || !l.Rec.State.Final() {
		return f, err
	}
	if l.Rec.State == recording.Failed || l.Rec.State == recording.Lost {
		return f, c.takeUp(ctx, p, l)
	}
	if open := c.files.StillOpen(ctx, p, l); open.What != "" {
		return open, nil
	}
	if longer, err := c.takeUpGrown(ctx, p, l); longer || err != nil {
		return f, err
	}
	if f, known := c.Findings.Known(recording.InSpool(p.Name), l.Names[0]); known && !f.Open {
		return f, nil
	}
	why, err := c.whyKeep(ctx, p, l)
	if err != nil || why != "" {
		return recording.Finding{What: why, Do: "listen to it, keep the better one and delete the other: its recording is " + string(l.Rec.State)}, err
	}
	for _, name := range l.Names {
		if err := p.Spool.Remove(name); err != nil {
			return recording.Finding{What: "it is in the archive and cannot be deleted here: " + err.Error(), Do: "give the recgate user write permission on the folder"}, nil
		}
	}
	c.Log.InfoContext(ctx, "leftover spool files deleted", append(l.Rec.Attrs(), slog.Any("files", l.Names))...)
	return f, nil
}

// stillThere drops the files that were deleted since they were listed.
func stillThere(p recording.PBX, names []string) []string {
	var left []string
	for _, name := range names {
		f, err := p.Spool.Open(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			_ = f.Close() // it was only looked for
		}
		left = append(left, name)
	}
	return left
}

// whyKeep says why a leftover of a recording that is ready or empty has to
// stay; "" when nothing is lost with it.
func (c *Collector) whyKeep(ctx context.Context, p recording.PBX, l *spool.Leftover) (why string, err error) {
	tracks := slices.DeleteFunc(slices.Clone(l.Tracks()), func(t recording.Track) bool { return !slices.Contains(l.Names, t.File) })
	if len(tracks) < len(l.Names) {
		return "it is not one of the files of its recording", nil
	}
	files, err := spool.Open(p, tracks)
	defer func() { files.Close(ctx, c.Log) }()
	switch {
	case err != nil:
		return recording.Message(err), nil
	case len(files.Readable(c.Sound)) < len(files):
		return "it is not a WAV", nil
	case l.Rec.State == recording.Empty:
		for _, f := range files.Readable(c.Sound) {
			if _, length, _ := c.Sound.Check(f.Body, f.Size); length > 0 {
				return "its recording is empty, but this file has sound", nil
			}
		}
		return "", nil
	}
	archived, err := c.archiver.hashOfKey(ctx, l.Rec.Key)
	if err != nil && recording.CodeOf(err) != recording.NotFound {
		return "", err
	}
	if err != nil || archived != l.Rec.SHA256 {
		return "the archive no longer has its recording as it was stored", nil
	}
	if halfGone := l.Rec.SourceKey != "" && len(files) == 1; halfGone { // deleting the other one was interrupted
		return "", nil
	}
	if sum, err := c.archiver.hashOfFiles(files); err != nil || sum != l.Rec.SHA256 {
		return "it differs from what is in the archive", nil //nolint:nilerr // what cannot be read differs
	}
	return "", nil
}
