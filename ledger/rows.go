package ledger

import (
	"context"
	"fmt"
	"time"

	"recgate/recording"
	"recgate/spool"
)

// settledWithin is how long anything may stay unsettled.
const settledWithin = time.Minute

// unsettled finds the rows that are not final although they ought to be.
func (l *Ledger) unsettled(ctx context.Context) ([]recording.Finding, error) {
	open, err := l.Rows.Unfinished(ctx)
	if err != nil {
		return nil, err
	}
	var found []recording.Finding
	for _, rec := range open {
		if rec.State.Final() {
			continue // only its call goes on
		}
		what, err := l.whyUnsettled(ctx, rec)
		if err != nil {
			return nil, err
		}
		if what != "" {
			found = append(found, recording.Finding{Place: recording.InRecords, Name: string(rec.ID), What: what, Do: l.settleBy(rec)})
		}
	}
	return found, nil
}

// whyUnsettled says why a row that is not final ought to be, or nothing.
func (l *Ledger) whyUnsettled(ctx context.Context, rec recording.Recording) (string, error) {
	if rec.State == recording.Running {
		return l.whyRunning(ctx, rec), nil
	}
	past, err := l.Rows.History(ctx, rec.ID)
	if err != nil {
		return "", err
	}
	since := rec.AskedAt
	for _, p := range past {
		if p.To == rec.State {
			since = p.At
		}
	}
	if l.Now().Sub(since) <= settledWithin {
		return "", nil
	}
	return fmt.Sprintf("it has been %s since %s", rec.State, l.ago(since)), nil
}

// whyRunning judges a row that says that the PBX records: by the hangup that
// is known, by the file, to which a PBX writes every 2.1 s and whose header it
// completes when it closes it, and by the limit.
func (l *Ledger) whyRunning(ctx context.Context, rec recording.Recording) string {
	if ended := rec.ChannelEndedAt; !ended.IsZero() && l.Now().Sub(ended) > settledWithin {
		return "it is still recording, and its channel hung up " + l.ago(ended)
	}
	p, is := l.PBXs.Named(rec.PBX)
	if is && l.Now().Sub(rec.StartedAt) > settledWithin {
		if why := l.whyWritten(ctx, p, rec); why != "" {
			return why
		}
	}
	if longest := l.MaxLength; longest > 0 && l.files.Ran(ctx, p, rec) > longest+settledWithin {
		return "it is still recording, for longer than max_seconds allows, since " + l.ago(rec.StartedAt)
	}
	return ""
}

// whyWritten says by which file a recording does not run, or nothing.
func (l *Ledger) whyWritten(ctx context.Context, p recording.PBX, rec recording.Recording) string {
	files, err := spool.Open(p, rec.Tracks)
	defer func() { files.Close(ctx, l.Log) }()
	if err != nil {
		return "it is recording, but its file cannot be checked: " + recording.Message(err)
	}
	for _, f := range files {
		if f.Body == nil {
			return "it is recording, but the PBX writes no file " + f.File
		}
		written, err := f.Body.Stat()
		if err != nil {
			continue
		}
		complete, length, err := l.Sound.Check(f.Body, f.Size)
		still := time.Since(written.ModTime()) // a file's time is the machine's, whatever clock the records have
		switch {
		case complete && length > 0 && err == nil && still > settledWithin:
			return "it is still recording, and the PBX closed its file " + l.ago(written.ModTime())
		case f.Size > spool.SomeSound && still > silentFor:
			return "it is still recording, and the PBX last wrote to its file " + l.ago(written.ModTime())
		}
	}
	return ""
}

// silentFor is how long a call may be on hold, or send nothing, before that is
// worth a look.
const silentFor = time.Hour

// settleBy says what to do about a row that is not settled.
func (l *Ledger) settleBy(rec recording.Recording) string {
	_, is := l.PBXs.Named(rec.PBX)
	switch {
	case !is:
		return fmt.Sprintf("its PBX %q is no longer configured: configure it again until this is settled", rec.PBX)
	case rec.State == recording.Collecting:
		return "look for its id in the log of serve: the archive, the spool or the database may be full or down; recgate retries by itself"
	}
	return fmt.Sprintf("is recgate serving, and is the PBX %q up? It is settled within a minute once both are", rec.PBX)
}
