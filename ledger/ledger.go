// Package ledger finds what does not add up in rows, spools and archive, and
// tells the story of a recording. It reads, and changes nothing.
package ledger

import (
	"context"
	"io"
	"log/slog"
	"time"

	"recgate/job"
	"recgate/recording"
	"recgate/spool"
)

// Rows are what the ledger reads in the database. Errors are Unavailable when
// that is away.
type Rows interface {
	recording.Getter
	// Unfinished returns the recordings of all PBXs, also of those that nobody
	// configures any more, that are not in a final state or whose channel is
	// not known to have ended.
	Unfinished(ctx context.Context) ([]recording.Recording, error)
	// History returns the steps of a recording, oldest first.
	History(ctx context.Context, id recording.ID) ([]recording.Past, error)
	// Entries returns what the ledger holds of the recordings asked for in
	// [from, to), the oldest first.
	Entries(ctx context.Context, from, to time.Time) ([]recording.Entry, error)
	// FirstAsked returns when the first recording from a time on was asked for;
	// the zero time when none was.
	FirstAsked(ctx context.Context, from time.Time) (time.Time, error)
}

// Archive is what the ledger reads of the archive.
type Archive interface {
	recording.Lister
	// Open is as in recording.Blobs.
	Open(ctx context.Context, key string) (io.ReadSeekCloser, int64, error)
}

// Parts are what a Ledger is made of; all are required.
type Parts struct {
	PBXs      recording.PBXs
	Rows      Rows
	Archive   Archive
	Sound     spool.Checker
	Claims    job.Claims
	MaxLength time.Duration // how long a recording may run; 0: as long as its channel
	Now       func() time.Time
	Log       *slog.Logger
}

// Ledger compares rows, spools and archive. All methods may be called from many
// goroutines.
type Ledger struct {
	Parts
	owners   spool.Owners
	files    spool.Reader
	findings findings
}

// New makes a ledger, which needs no connection to a PBX. It starts nothing.
func New(p Parts) *Ledger {
	return &Ledger{
		Parts:  p,
		owners: spool.Owners{Rows: p.Rows, PBXs: p.PBXs},
		files:  spool.Reader{Sound: p.Sound, Now: p.Now, Log: p.Log},
	}
}

// lookEvery is the time between two looks at the recent part of the archive.
const lookEvery = time.Minute

// Run compares the recent rows with what the archive holds of them, again and
// again until ctx ends.
func (l *Ledger) Run(ctx context.Context) error {
	tick := time.NewTimer(0)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		l.lookThrough(ctx)
		tick.Reset(lookEvery)
	}
}

// lookThrough compares the recent rows with the archive, unless another process
// does.
func (l *Ledger) lookThrough(ctx context.Context) {
	_, err := l.Claims.Do(ctx, "archive", func(ctx context.Context) error {
		to := recording.Stamp(l.Now()).Add(lookEvery)
		found, err := l.archiveUnexplained(ctx, to.Add(-prefixSpan), to, false)
		if err == nil && ctx.Err() == nil {
			l.Report(ctx, recording.InArchive, found)
		}
		return err
	})
	if err != nil && ctx.Err() == nil && recording.CodeOf(err) != recording.Unavailable {
		l.Log.ErrorContext(ctx, "archive not checked", slog.Any("err", err))
	}
}
