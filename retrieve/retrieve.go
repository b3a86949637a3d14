// Package retrieve gives recordings back: it chooses the one that a tag or a
// unique id means, waits a little where it is on its way to the archive, and
// writes every retrieval into the access log.
package retrieve

import (
	"context"
	"io"
	"log/slog"
	"time"

	"recgate/book"
	"recgate/recording"
)

// Rows are what is read and written in the database. Lists are the newest first
// (AskedAt, then ID). Errors are Unavailable when it is away.
type Rows interface {
	recording.Getter
	// ByTag returns what is judged of the recordings that carry the tag, at
	// most limit.
	ByTag(ctx context.Context, tag string, limit int) ([]recording.Candidate, error)
	// ByUniqueID returns the same of the recordings of the channel with this
	// unique id on any PBX; if there are none, the recordings of calls in which a
	// channel with this unique id took part. At most limit.
	ByUniqueID(ctx context.Context, uniqueID string, limit int) ([]recording.Candidate, error)
	// LogAccess writes one line of the access log.
	LogAccess(ctx context.Context, a recording.Access) error
}

// Archive is where recordings are read: see recording.Blobs.
type Archive interface {
	Open(ctx context.Context, key string) (io.ReadSeekCloser, int64, error)
}

// Parts are what a Retriever is made of; all but DuringCall are required.
type Parts struct {
	PBXs    recording.PBXs
	Rows    Rows
	Archive Archive
	Book    *book.Book
	// DuringCall allows retrieval as soon as the recording is ready, although
	// its call is still up.
	DuringCall bool
	Deadline   time.Duration // how long the access log may take
	Now        func() time.Time
	Log        *slog.Logger
	Happened   func(recording.Happening) // must not block
}

// Retriever gives recordings back. All methods may be called from many
// goroutines.
type Retriever struct{ Parts }

// New makes a retriever.
func New(p Parts) *Retriever { return &Retriever{p} }

// Retrieve returns the newest recording with the tag that may be retrieved.
// If there is none, the refusal is about the newest. Every call
// leaves a line in the access log. Errors: Forbidden, Invalid, NotFound (no
// such tag), NotReady (the call is in progress), Conflict (deleted, private,
// empty, failed, lost), Unavailable.
func (r *Retriever) Retrieve(ctx context.Context, q recording.RetrieveRequest) (*recording.Audio, error) {
	return r.retrieve(ctx, q, recording.MethodRetrieve)
}

// RetrieveByUniqueID returns the newest recording of the channel with the
// unique id, else of a call that it took part in. Otherwise as Retrieve.
func (r *Retriever) RetrieveByUniqueID(ctx context.Context, q recording.RetrieveRequest) (*recording.Audio, error) {
	return r.retrieve(ctx, q, recording.MethodRetrieveByUniqueID)
}

func (r *Retriever) retrieve(ctx context.Context, q recording.RetrieveRequest, method string) (*recording.Audio, error) {
	if err := q.Actor.May(method); err != nil {
		r.Refused(ctx, q, method, err)
		return nil, err
	}
	var audio *recording.Audio
	rec, err := r.choose(ctx, q, method)
	if err == nil {
		audio, err = r.open(ctx, rec)
	}
	// The line is written before the first byte leaves: no line, no audio.
	if logErr := r.logAccess(ctx, q, method, rec.ID, err); logErr != nil && err == nil {
		err = logErr
		if closeErr := audio.Close(); closeErr != nil {
			r.Log.WarnContext(ctx, "archive file not closed", slog.Any("err", closeErr))
		}
	}
	r.Happened(recording.Happening{Kind: recording.Retrieved, Recording: recording.Recording{ID: rec.ID, State: rec.State}, Err: err})
	if err != nil {
		return nil, err
	}
	return audio, nil
}

// open opens the archived WAV and checks that it is whole.
func (r *Retriever) open(ctx context.Context, rec recording.Candidate) (*recording.Audio, error) {
	body, size, err := r.Archive.Open(ctx, rec.Key)
	if err != nil {
		if recording.CodeOf(err) == recording.NotFound {
			err = &recording.Error{Code: recording.Unavailable, Msg: "the archive does not hold the recording any more: see the log", Err: err}
		}
		return nil, err
	}
	if size != rec.Bytes {
		err := recording.Errorf(recording.Unavailable, "the archive holds %d bytes of the recording instead of %d: see the log", size, rec.Bytes)
		if closeErr := body.Close(); closeErr != nil {
			r.Log.WarnContext(ctx, "archive file not closed", slog.Any("err", closeErr))
		}
		return nil, err
	}
	return &recording.Audio{Recording: rec.ID, Bytes: size, ReadSeekCloser: body}, nil
}
