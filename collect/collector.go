// Package collect brings recordings from the spools of the PBXs into the
// archive: it looks at the files of a recording that has ended, waits until the
// PBX has closed them, puts them into the archive and makes the step to its
// final state. What is left in the spools is looked after once a minute.
package collect

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"time"

	"recgate/book"
	"recgate/job"
	"recgate/recording"
	"recgate/spool"
)

// Archive is where recordings are put: see recording.Blobs.
type Archive interface {
	Put(ctx context.Context, key string, r io.Reader) (int64, error)
	Open(ctx context.Context, key string) (io.ReadSeekCloser, int64, error)
}

// Findings keeps what does not add up in a place, and reports what is new.
type Findings interface {
	Report(ctx context.Context, place string, found []recording.Finding)
	// Known returns what was found out about a file at the last look.
	Known(place, name string) (recording.Finding, bool)
}

// Parts are what a Collector is made of; all are required.
type Parts struct {
	PBXs     recording.PBXs
	Rows     recording.Getter
	Archive  Archive
	Sound    recording.Sound
	Book     *book.Book
	Steps    *book.Steps
	Claims   job.Claims
	Findings Findings
	Now      func() time.Time
	Log      *slog.Logger
	Happened func(recording.Happening) // must not block
}

// Collector collects recordings. All methods may be called from many goroutines.
type Collector struct {
	Parts
	locks    job.Locks[recording.ID] // one collector at a time on one recording
	collects *job.Schedule           // collecting: it waits for the archive
	tidies   *job.Schedule           // looking after spools: the same
	archiver archiver
	owners   spool.Owners
	files    spool.Reader
}

// New makes a collector. It starts nothing; Run does.
func New(p Parts) *Collector {
	return &Collector{
		Parts: p, collects: job.NewSchedule(), tidies: job.NewSchedule(),
		archiver: archiver{p.Archive, p.Sound},
		owners:   spool.Owners{Rows: p.Rows, PBXs: p.PBXs},
		files:    spool.Reader{Sound: p.Sound, Now: p.Now, Log: p.Log},
	}
}

// What is done at the same time. The archive may be slow or silent: what waits
// for it has workers of its own.
const (
	collectors = 4 // put recordings into the archive: few enough for a small disk
	tidiers    = 2 // look after spools
)

// Run collects, and looks after the spools, until ctx ends.
func (c *Collector) Run(ctx context.Context) error {
	for _, p := range c.PBXs {
		c.tidyLater(p, 0)
	}
	var wg sync.WaitGroup
	wg.Go(func() { c.collects.Run(ctx, collectors) })
	wg.Go(func() { c.tidies.Run(ctx, tidiers) })
	wg.Wait()
	return nil
}

// Collect has the files of a recording in state Collecting collected soon.
func (c *Collector) Collect(id recording.ID) { c.collectLater(0, c.Book.Wait(id)) }

// Tidy has the spool of a PBX looked after soon.
func (c *Collector) Tidy(pbx string) {
	if p, configured := c.PBXs.Named(pbx); configured {
		c.tidyLater(p, 0)
	}
}

// Waiting returns how many recordings wait to be collected, for metrics.
func (c *Collector) Waiting() int { return c.collects.Waiting(collecting) }
