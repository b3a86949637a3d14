// Package mark ties a database to its archive: an archive carries an id that the
// database knows, and nothing is written where it is missing.
package mark

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"sync"
	"time"

	"recgate/recording"
)

// Store keeps the mark of the archive, and says what the archive has to
// hold. Errors are Unavailable when the database cannot be reached.
type Store interface {
	// Mark returns what the database knows, the zero value at first.
	Mark(ctx context.Context) (recording.ArchiveMark, error)
	// SetMark replaces a mark. A Conflict, and no change, when the present
	// one is not was: somebody else has replaced it.
	SetMark(ctx context.Context, was, now recording.ArchiveMark) error
	// Archived returns the newest recordings in state Ready, at most limit,
	// without their reasons.
	Archived(ctx context.Context, limit int) ([]recording.Entry, error)
}

// Place is a place for recordings that may carry a mark. Its methods
// look at the place as it is, whatever the database knows. Errors are those
// of Blobs.
type Place interface {
	// ReadMark returns the id that the place carries; NotFound when it
	// carries none, or is not there at all.
	ReadMark(ctx context.Context) (string, error)
	// WriteMark has the place carry the id, durable on return, and makes the
	// place where it can be made. A place that carries another id is a
	// Conflict and stays as it is; one that carries this one stays, too.
	WriteMark(ctx context.Context, id string) error
	// SizeOf returns the size of a blob in bytes, or NotFound.
	SizeOf(ctx context.Context, key string) (int64, error)
	// HoldsAny reports whether there is any blob. A place that is not there
	// holds none.
	HoldsAny(ctx context.Context) (bool, error)
}

// Guard decides which archive belongs to a database. A folder whose mount
// is away looks like an empty archive; what would be written there is hidden
// by the mount later on, and its spool file is gone by then. So an archive
// carries an id that the database knows, and nothing is written where it is
// missing. It may be used from many goroutines.
type Guard struct {
	store   Store
	archive Place
	log     *slog.Logger

	mu    sync.Mutex // guards all below
	known string     // the id that the database was last seen to know
	tried time.Time  // the last settling that failed, and why
	err   error
}

// NewGuard makes a guard that has not asked anything yet.
func NewGuard(store Store, archive Place, log *slog.Logger) *Guard {
	return &Guard{store: store, archive: archive, log: log}
}

// Plan is what becomes of an archive when recgate serves with it.
type Plan int

// The plans.
const (
	Known Plan = iota + 1 // the database knows an archive already
	Begin                 // nothing was ever archived: an archive is begun here
	Adopt                 // recordings of the database are here: it is the archive
)

const (
	// sample is how many recordings are looked for in an archive without a
	// known mark: the newest may be missing from it.
	sample = 100
	// settleAgain is how long a failure to settle is repeated as it was.
	settleAgain = 2 * time.Second
)

// ErrOther is wrapped by the refusal of an archive that belongs to
// another database.
var ErrOther = errors.New("it is the archive of another database")

// The refusals of an archive that is not known to be the right one.
var (
	errMarkForeign = &recording.Error{Code: recording.Unavailable, Msg: "the archive carries the mark of another database: correct the keys archive and database, " +
		"or give the archive to this database with recgate archive adopt", Err: ErrOther}
	errMarkHolds = &recording.Error{Code: recording.Unavailable, Msg: "the archive holds recordings, but the database has none: correct the keys archive and database, " +
		"or give the archive to this database with recgate archive adopt", Err: ErrOther}
	errMarkUnproved = &recording.Error{Code: recording.Unavailable, Msg: "none of the newest recordings of the database is in the archive: mount the archive, or correct its key; " +
		"if it is lost, create a new one with recgate archive init --replace"}
	errMarkThere = &recording.Error{Code: recording.Conflict, Msg: "the database already has an archive: to use another, empty one from now on, add --replace"}
	errMarkUsed  = &recording.Error{Code: recording.Conflict, Msg: "the place is already in use as an archive: to use it for this database, run recgate archive adopt"}
)

// Known returns the id that an archive must carry. Where the database knows
// none it is settled which archive that is; as long as that cannot be said,
// the error is Unavailable and says why. While the database cannot be reached the last
// answer holds.
func (g *Guard) Known(ctx context.Context) (string, error) {
	m, err := g.store.Mark(ctx)
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case err != nil && g.known != "":
		return g.known, nil
	case err != nil:
		return "", err
	case m.Written:
		g.known = m.ID
		return m.ID, nil
	case g.err != nil && time.Since(g.tried) < settleAgain:
		return "", g.err
	}
	g.known, g.err = g.settle(ctx)
	g.tried = time.Now()
	return g.known, g.err
}

// settle does what Plan says.
func (g *Guard) settle(ctx context.Context) (string, error) {
	s, err := g.survey(ctx)
	if err != nil {
		return "", err
	}
	plan, err := s.plan()
	if err != nil {
		return "", err
	}
	if plan == Known {
		return s.was.ID, nil
	}
	id, err := g.keep(ctx, s)
	if recording.CodeOf(err) == recording.Conflict { // another process was faster: what it decided holds
		if m, again := g.store.Mark(ctx); again == nil && m.Written {
			return m.ID, nil
		}
		return "", &recording.Error{Code: recording.Unavailable, Msg: "another recgate is deciding which archive is the right one: try again", Err: err}
	}
	if err != nil {
		return "", err
	}
	switch plan {
	case Begin:
		g.log.InfoContext(ctx, "archive created", slog.String("id", id))
	case Adopt:
		g.log.InfoContext(ctx, "archive recognised by its recordings", slog.String("id", id))
	}
	return id, nil
}

// Plan says what Known would do, and does nothing.
func (g *Guard) Plan(ctx context.Context) (Plan, error) {
	s, err := g.survey(ctx)
	if err != nil {
		return 0, err
	}
	return s.plan()
}

// survey is what is seen of a database and an archive.
type survey struct {
	was      recording.ArchiveMark
	found    string // the id that the archive carries, or empty
	archived bool   // the database has recordings that must be in its archive
	proved   bool   // one of them is in this one
	holds    bool   // the archive holds anything
}

func (g *Guard) survey(ctx context.Context) (s survey, err error) {
	if s.was, err = g.store.Mark(ctx); err != nil || s.was.Written {
		return s, err
	}
	return s, g.look(ctx, &s)
}

// surveyAll is survey although the database may know its archive.
func (g *Guard) surveyAll(ctx context.Context) (s survey, err error) {
	if s.was, err = g.store.Mark(ctx); err != nil {
		return s, err
	}
	return s, g.look(ctx, &s)
}

// look fills in what the archive shows.
func (g *Guard) look(ctx context.Context, s *survey) (err error) {
	if s.found, err = g.archive.ReadMark(ctx); err != nil && recording.CodeOf(err) != recording.NotFound {
		return err
	}
	entries, err := g.store.Archived(ctx, sample)
	if err != nil {
		return err
	}
	s.archived = len(entries) > 0
	for _, e := range entries {
		size, err := g.archive.SizeOf(ctx, e.Key)
		if err != nil && recording.CodeOf(err) != recording.NotFound {
			return err
		}
		if s.proved = err == nil && size == e.Bytes; s.proved {
			break
		}
	}
	s.holds, err = g.archive.HoldsAny(ctx)
	return err
}

// plan judges a survey.
func (s survey) plan() (Plan, error) {
	switch {
	case s.was.Written:
		return Known, nil
	case s.was.ID != "" && s.found == s.was.ID: // interrupted before it was noted
		return Adopt, nil
	case s.was.ID != "" && s.found != "":
		return 0, errMarkForeign
	case s.proved:
		return Adopt, nil
	case s.archived:
		return 0, errMarkUnproved
	case s.found != "":
		return 0, errMarkForeign
	case s.holds:
		return 0, errMarkHolds
	}
	return Begin, nil
}

// keep ties the archive and the database to each other. The database is told
// first, so that an interruption leaves no mark that nobody knows.
func (g *Guard) keep(ctx context.Context, s survey) (string, error) {
	begun := recording.ArchiveMark{ID: s.found}
	switch {
	case begun.ID == "" && s.was.ID != "" && !s.was.Written:
		begun.ID = s.was.ID
	case begun.ID == "":
		begun.ID = rand.Text()
	}
	if begun != s.was {
		if err := g.store.SetMark(ctx, s.was, begun); err != nil {
			return "", err
		}
	}
	if err := g.archive.WriteMark(ctx, begun.ID); err != nil {
		return "", err
	}
	return begun.ID, g.store.SetMark(ctx, begun, recording.ArchiveMark{ID: begun.ID, Written: true})
}

// Init makes a new archive in an empty place and returns its id. Where the
// database has an archive, replace says that this one takes its place from now
// on: what the former holds is then not found until it is copied here. A
// Conflict when the place carries a mark or holds recordings.
func (g *Guard) Init(ctx context.Context, replace bool) (string, error) {
	s, err := g.surveyAll(ctx)
	switch {
	case err != nil:
		return "", err
	case !replace && (s.was.Written || s.archived):
		return "", errMarkThere
	case s.holds, s.found != "" && (s.was.Written || s.found != s.was.ID):
		return "", errMarkUsed
	}
	return g.keep(ctx, s)
}

// Adopt takes the place for the archive of the database, with the mark that it
// has or a new one, and returns the id. Unless unverified says otherwise, one
// of the newest recordings of the database must be there with its size.
func (g *Guard) Adopt(ctx context.Context, unverified bool) (string, error) {
	s, err := g.surveyAll(ctx)
	switch {
	case err != nil:
		return "", err
	case s.found == "" && !s.holds:
		return "", &recording.Error{Code: recording.Conflict, Msg: "there is nothing to adopt: the place has no mark and holds no recordings; recgate archive init creates a new archive"}
	case s.was.Written && s.found == s.was.ID:
		return s.was.ID, nil
	case s.archived && !s.proved && !unverified:
		return "", &recording.Error{Code: recording.Conflict, Msg: "none of the newest recordings of the database is in this archive: to adopt it anyway, add --unverified"}
	}
	return g.keep(ctx, s)
}
