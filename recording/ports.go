package recording

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"time"
)

// PBX is one PBX, as the core sees it: a name and what to ask. Errors are
// *Error: NotFound when a channel is gone, Unavailable when the PBX is away,
// refuses or lacks a right (the message says which), Conflict when something
// else holds the channel. All methods may be called at once from many
// goroutines, and end with ctx.
type PBX struct {
	Name     string // in the configuration
	Switch   Switch
	Recorder Recorder
	Spool    Spool // the folder that the PBX writes recordings to, as seen here
	Events   Events

	KeepSpool bool // what was collected stays in the spool
}

// PBXs are all of the configuration.
type PBXs []PBX

// Named returns the PBX of that name, if there is one.
func (all PBXs) Named(name string) (PBX, bool) {
	for _, p := range all {
		if p.Name == name {
			return p, true
		}
	}
	return PBX{}, false
}

// Events is what a PBX says unasked.
type Events interface {
	// Run keeps the connection until ctx ends, and calls tell with every
	// event, in order, from one goroutine. A tell that is slow delays later
	// events but never the connection; events that had to be dropped are
	// made good by another Up. It returns nil when ctx ends.
	Run(ctx context.Context, tell func(Event)) error
}

// Switch is the live table of channels.
type Switch interface {
	// Find returns the live channels that t means: those with exactly this
	// unique id, if there are any; else those of exactly this extension (and
	// technology, if t names one), compared exactly first, then without
	// regard to case; else the one of exactly this name. The text is compared
	// and never sent to the PBX, whatever it holds. None is an empty slice and
	// no error; a table that is not in step with the PBX is Unavailable, and
	// wraps ErrLastSeen when a channel of this unique id was in it at last.
	Find(ctx context.Context, t Target) ([]Channel, error)
	// Peers returns the live channels of the same call as c, c among them:
	// those with its linked id or in its bridge. Unavailable as for Find.
	Peers(ctx context.Context, c Channel) ([]Channel, error)
	// Hear returns when what the PBX had said of its channels before Hear was
	// called has been told, by Run. It gives up soon when the PBX does not
	// answer, or is away: then what is known is as good as it was.
	Hear(ctx context.Context)
}

// Recorder starts and ends recordings on the PBX.
type Recorder interface {
	// Record starts a recording of c into files named by id, and returns
	// when the first file has been seen in the spool (or at once where the
	// PBX is configured so). When it fails, nothing is left running, unless
	// the error wraps ErrUncertain: the connection broke or no answer came.
	// Where the PBX said yes and no file appeared the error wraps ErrNoFile.
	Record(ctx context.Context, c Channel, id ID) (Capture, error)
	// Stop ends the recording and nothing else. NotFound means that the
	// channel or its recording is gone already, which callers take as ended.
	Stop(ctx context.Context, r Recording) error
	// Reclaim finds out whether the recording runs on the PBX, and returns
	// the capture as Record would have. NotFound means that the channel is
	// gone. A capture without tracks means that the channel lives and the
	// recording does not run: it never began, or something else ended it. A
	// PBX that may not be asked answers by what is in the spool.
	Reclaim(ctx context.Context, r Recording) (Capture, error)
}

// Spool is a folder of files that a PBX writes. Names are those of Track.File.
type Spool interface {
	// Open opens a file for reading; errors.Is(err, fs.ErrNotExist) when
	// there is none, ErrNotFile when something else has its name: a folder, a
	// link, a pipe, a device. It waits for none of them, and follows none.
	// Names with a separator are refused.
	Open(name string) (SpoolFile, error)
	// Remove deletes a file; a file that is gone already is not an error.
	Remove(name string) error
	// Names lists the files that are named as recordings are, in any order.
	// An *Error that is Unavailable when the folder itself is not there, or
	// is not what it was (its mount is away): then nothing that is missing
	// from it is lost.
	Names() ([]string, error)
}

// SpoolFile is an open spool file.
type SpoolFile interface {
	io.ReaderAt
	io.Closer
	Stat() (fs.FileInfo, error)
	// Held reports who may still write to the file, at the time of the call.
	Held() Held
}

// ErrNotFile is wrapped when what has the name of a spool file is not a file.
var ErrNotFile = errors.New("not a regular file")

// Held is what can be seen of those who have a file open for writing.
type Held int

// What can be seen of a file's writers.
const (
	HeldUnseen   Held = iota // nobody can tell: the PBX may be on another machine, or may not be looked at
	HeldByWriter             // somebody has it open for writing
	HeldByNobody             // nobody has, and those who write to this spool can be seen from here
)

// Capture is what a PBX says of a recording that it began.
type Capture struct {
	Recorder string  // "mixmonitor" or "monitor"
	Handle   string  // what Stop needs
	Tracks   []Track // in a fixed order: the mixed one, or spoken before heard
}

// ChannelNote is what became known of a channel.
type ChannelNote struct {
	PBX        string
	LinkedID   string
	Party      Party // Party.UniqueID names the channel
	AnsweredAt time.Time
	EndedAt    time.Time
	CallEnded  bool // it was the last channel of its call
}

// Getter reads one recording.
type Getter interface {
	// Get returns a recording with tags, tracks (see StoredTracks), call and
	// parties; NotFound when there is none, Unavailable when the database cannot
	// be reached.
	Get(ctx context.Context, id ID) (Recording, error)
}

// Sum is one line of the ledger.
type Sum struct {
	State  State
	Reason Reason
	Count  int
}

// Entry is a recording as the ledger sees it, with fields of Recording.
type Entry struct {
	ID        ID
	State     State
	Reason    Reason
	AskedAt   time.Time
	Bytes     int64
	Key       string
	SourceKey string
}

// Blobs keeps finished audio under keys of [0-9a-z-.]. Errors are
// Unavailable with a message that says what is wrong with the archive,
// or NotFound.
type Blobs interface {
	// Put stores what r holds under key, whole or not at all, durable on
	// return, and returns the bytes stored. An existing blob is replaced.
	Put(ctx context.Context, key string, r io.Reader) (int64, error)
	// Open returns the blob and its size. The caller closes it.
	Open(ctx context.Context, key string) (io.ReadSeekCloser, int64, error)
	// Remove deletes a blob; one that is gone already is not an error.
	Remove(ctx context.Context, key string) error
}

// Lister is what Blobs may offer as well: to tell what they hold.
type Lister interface {
	// List calls visit with every key that begins with prefix, in any order,
	// until visit or the archive fails.
	List(ctx context.Context, prefix string, visit func(key string) error) error
	// Folders returns how the keys that it holds begin, each beginning once, in
	// any order: the first six characters of a key, or all of a shorter one. It
	// costs little, however many keys there are.
	Folders(ctx context.Context) ([]string, error)
}

// Sound turns what a PBX wrote into a WAV that can be kept: PCM 16 bit, its
// header in agreement with its size. Every result is made from streams.
type Sound interface {
	// Check looks at a spool file. complete says that its header agrees
	// with its size, so that the PBX has closed it. The error of sound of a
	// kind that cannot be kept has a method Kind() string, which names it.
	Check(f io.ReaderAt, size int64) (complete bool, length time.Duration, err error)
	// Repair reads one file as a good WAV, whatever its header says of sizes.
	Repair(f io.ReaderAt, size int64) (wav io.Reader, length time.Duration, err error)
	// Mix joins two legs into one mono WAV, without clipping; Stereo keeps
	// them apart, spoken left, heard right. A leg that begins later or is
	// shorter is padded with silence.
	Mix(legs [2]Leg) (wav io.Reader, length time.Duration, err error)
	Stereo(legs [2]Leg) (wav io.Reader, length time.Duration, err error)
}

// Leg is one file of two. The type has no name of its own, so that a package
// that has never heard of recordings can offer the methods of Sound.
type Leg = struct {
	File  io.ReaderAt
	Size  int64
	Delay time.Duration // after the beginning of the earlier leg, >= 0
}

// ArchiveMark is what a database knows of its archive.
type ArchiveMark struct {
	ID      string // 26 letters and digits; empty: it knows no archive yet
	Written bool   // the archive was seen to carry the id
}
