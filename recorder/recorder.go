// Package recorder leads a recording's life on its PBX: it starts and stops it,
// follows the events of the PBX, and settles what a crash, a lost connection or a
// missed event left behind. What has ended it hands to the collector. Start
// reading at Recorder.Start.
package recorder

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"recgate/book"
	"recgate/job"
	"recgate/recording"
	"recgate/spool"
)

// Rows are what is read in the database. Errors are Unavailable when it is away.
type Rows interface {
	recording.Getter
	// Open returns the recordings of a PBX that are not in a final state or
	// whose channel is not known to have ended, the newest first.
	Open(ctx context.Context, pbx string) ([]recording.Recording, error)
	// OnChannel returns the recordings of one channel that are not in a final
	// state, the newest first.
	OnChannel(ctx context.Context, pbx, uniqueID string) ([]recording.Recording, error)
}

// Writer writes recordings; their steps are made by book.Steps. Every method is
// one transaction, durable on return. Text is compared byte for byte; of one
// that is longer than recording.MaxName (a Detail of a Reason: MaxReason) what
// recording.Cut leaves is kept and compared. Errors: NotFound when a row is not there, Unavailable when the
// database is away.
type Writer interface {
	// Add writes a new recording in state Starting, with its tags, tracks
	// and parties. When a call with this PBX and linked id is still open
	// (EndedAt zero), the recording joins it: r.Call.ID is ignored and the
	// parties are added to that call. An id that exists is a Conflict, and so
	// is a channel (PBX and unique id) for which a recording is in state
	// Starting or Running: of several at once, from whatever process, one
	// gets through. What a track does not say itself, and its state, are those
	// of the recording.
	Add(ctx context.Context, r recording.Recording) error
	// AddTag adds a tag as the newest one; a tag that the recording carries
	// already becomes the newest. The history says that, and by whom it was
	// asked for (empty: nobody says).
	AddTag(ctx context.Context, id recording.ID, tag, by string, at time.Time) error
	// Move notes that the recording goes on on another channel (a pickup):
	// channel, unique id and extension become the party's, which joins the
	// call, and so do channel and unique id of the tracks of that channel. A
	// Conflict unless the recording is in state Running; one that is on that
	// channel already stays as it is. A channel that another recording is begun
	// on stays that one's: Add goes on to refuse it.
	Move(ctx context.Context, id recording.ID, to recording.Party, at time.Time) error
	// ChannelEvent notes, on every recording of this channel for which it
	// is still unknown, when the channel was answered or hung up (zero:
	// leave), and adds the party to its open call. A change of nothing is
	// not an error.
	ChannelEvent(ctx context.Context, e recording.ChannelNote) error
}

// Collector brings what was recorded into the archive. Its methods only queue.
type Collector interface {
	// Collect has the files of a recording in state Collecting collected.
	Collect(id recording.ID)
	// Tidy has the spool of a PBX looked after, which was away.
	Tidy(pbx string)
}

// Parts are what a Recorder is made of; all but MaxLength are required.
type Parts struct {
	PBXs      recording.PBXs
	Rows      Rows
	Writer    Writer
	Sound     spool.Checker
	Book      *book.Book
	Steps     *book.Steps
	Claims    job.Claims
	Collector Collector

	Deadline  time.Duration // how long a start or a stop may take
	MaxLength time.Duration // how long a recording may run before it is stopped; 0: as long as its channel
	// Room is asked before each new recording on a PBX, and refuses it by an
	// error, such as when a disk is full. It must be quick.
	Room     func(pbx string) error
	Now      func() time.Time
	Log      *slog.Logger
	Happened func(recording.Happening) // must not block
}

// Recorder records channels of PBXs. All methods may be called from many
// goroutines.
type Recorder struct {
	*shared
	pbxs []*pbx
}

// New makes a recorder. It starts nothing; Run does.
func New(p Parts) *Recorder {
	r := &Recorder{shared: &shared{Parts: p, work: job.NewSchedule(), files: spool.Reader{Sound: p.Sound, Now: p.Now, Log: p.Log}}}
	for _, ports := range p.PBXs {
		r.pbxs = append(r.pbxs, &pbx{PBX: ports, shared: r.shared})
	}
	return r
}

// workers follow events, sweep, settle and end what is overlong. Nothing that
// waits for the archive is done by them.
const workers = 4

// Run follows the PBXs and settles until ctx ends. Recordings that run then are
// left running: the next Run takes them over.
func (r *Recorder) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	var first error
	var once sync.Once
	for _, p := range r.pbxs {
		f := &follower{pbx: p, sweeper: sweeper{p}}
		wg.Go(func() {
			if err := p.Events.Run(ctx, f.follow); err != nil {
				once.Do(func() { first = err })
				cancel()
			}
		})
		f.sweeper.sweepLater(0)
		f.sweeper.reconcileLater(0)
	}
	wg.Go(func() { r.work.Run(ctx, workers) })
	wg.Wait()
	return first
}

// shared is what the PBXs of a recorder have in common.
type shared struct {
	Parts
	locks job.Locks[channel] // one action at a time on one channel
	work  *job.Schedule      // what follows from events and from time
	files spool.Reader
}

// channel names a channel of a PBX.
type channel struct{ pbx, uniqueID string }

// now is the time as records hold it.
func (s *shared) now() time.Time { return recording.Stamp(s.Now()) }

// withDeadline gives an action that has begun a deadline of its own: it goes on
// when the caller has hung up.
func (s *shared) withDeadline(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), s.Deadline)
}

// pbx is one PBX, and what is done about its recordings.
type pbx struct {
	recording.PBX
	*shared
}

// lock waits until nothing else is done about a channel.
func (p *pbx) lock(ctx context.Context, uniqueID string) (unlock func(), err error) {
	return p.locks.Lock(ctx, channel{p.Name, uniqueID})
}
