package recorder

import (
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"time"

	"recgate/book"
	"recgate/job"
	"recgate/recording"
)

// Service is the recorder: it answers the four uses (Start, Stop, Retrieve,
// RetrieveByUniqueID) and, while Run runs, follows the PBXs, collects what
// they recorded and settles what a crash or a lost connection left behind.
// All methods may be called from many goroutines.
type Service struct {
	pbxs   recording.PBXs
	store  recording.Store
	blobs  recording.Blobs
	sound  recording.Sound
	o      Options
	locks  job.Locks[channelKey]   // one action at a time on one channel
	moves  job.Locks[recording.ID] // one collector at a time on one recording
	turns  turns                   // events of one channel in their order
	book   *book.Book              // what is open
	steps  *book.Steps             // makes the steps
	claims job.Claims
	work   *job.Schedule // what follows from events and from time

	collects *job.Schedule // collecting: it waits for the archive
	compares *job.Schedule // comparing files with rows: the same

	orphans orphans // what does not add up
}

// Options are the settings of a Service. The zero value is usable.
type Options struct {
	// RetrieveDuringCall allows retrieval as soon as the recording is
	// ready, although its call is still up.
	RetrieveDuringCall bool
	// Deadline is how long a start or a stop may take; default 4.5 s.
	Deadline time.Duration
	// Patience is how long a retrieval waits for a recording that is being
	// collected; default 3 s.
	Patience time.Duration
	// Sweep is the time between two looks at what is unfinished; default 20 s.
	Sweep time.Duration
	// Holder names this process among those that share the database and the
	// archive; each has its own. Empty: there are no others, and no work has
	// to be claimed.
	Holder string
	// MaxLength is how long a recording may run before it is stopped; 0: as
	// long as its channel.
	MaxLength time.Duration
	// Room is asked before each new recording on a PBX, and refuses it by an
	// error, such as when a disk is full; may be nil. It must be quick.
	Room func(pbx string) error
	// Now and Random default to the machine's clock and crypto/rand.
	Now    func() time.Time
	Random io.Reader
	Log    *slog.Logger
	// Happened is told what happened, for metrics; may be nil. It must not block.
	Happened func(recording.Happening)
}

// NewService builds a service on its ports. It starts nothing; Run does.
func NewService(pbxs recording.PBXs, store recording.Store, blobs recording.Blobs, sound recording.Sound, o Options) *Service {
	setDefault(&o.Deadline, 4500*time.Millisecond)
	setDefault(&o.Patience, 3*time.Second)
	setDefault(&o.Sweep, 20*time.Second)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Random == nil {
		o.Random = rand.Reader
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Room == nil {
		o.Room = func(string) error { return nil }
	}
	if o.Happened == nil {
		o.Happened = func(recording.Happening) {}
	}
	s := &Service{
		pbxs: pbxs, store: store, blobs: blobs, sound: sound, o: o, book: book.New(),
		claims: job.Claims{Leases: store, Holder: o.Holder, Log: o.Log},
		work:   job.NewSchedule(), collects: job.NewSchedule(), compares: job.NewSchedule(),
	}
	s.steps = &book.Steps{Book: s.book, Rows: store, Shared: !s.claims.Alone(), Now: o.Now, Log: o.Log, Happened: o.Happened}
	return s
}

func setDefault(d *time.Duration, value time.Duration) {
	if *d == 0 {
		*d = value
	}
}

// now is the time as records hold it: UTC, whole milliseconds.
func (s *Service) now() time.Time { return recording.Stamp(s.o.Now()) }

// own gives an action that has begun a deadline of its own: it goes on when
// the caller has hung up.
func (s *Service) own(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), s.o.Deadline)
}
