package recordingtest

import (
	"context"
	"time"

	"recgate/book"
	"recgate/job"
	"recgate/ledger"
	"recgate/recorder"
	"recgate/recording"
	"recgate/retrieve"
)

// What each room asks of a database.
type (
	StepRows     = book.Rows
	RecorderRows = recorder.Rows
	Writer       = recorder.Writer
	RetrieveRows = retrieve.Rows
	LedgerRows   = ledger.Rows
	Leases       = job.Leases
)

// Besides is what commands and tests ask of it.
type Besides interface {
	// SetFlags sets both flags of a recording.
	SetFlags(ctx context.Context, id recording.ID, private, deleted bool) error
	// AccessesOf returns the lines of a recording in the access log, oldest
	// first, at most the newest limit of them.
	AccessesOf(ctx context.Context, id recording.ID, limit int) ([]recording.Access, error)
	// Sums counts the recordings asked for in [from, to) by state and
	// reason, ordered by state (order of life), words and codes of the reason.
	Sums(ctx context.Context, from, to time.Time) ([]recording.Sum, error)
}

// DB is a database as all who ask it see it.
type DB struct {
	StepRows
	RecorderRows
	Writer
	RetrieveRows
	LedgerRows
	Leases
	Besides
	log LogReader // nil: nobody can read the access log back
}

// LogReader is a database that reads its access log back, the newest line first.
type LogReader interface {
	Accesses(ctx context.Context, limit int) ([]recording.Access, error)
}

// Of hands a database to the suites.
func Of[D interface {
	StepRows
	RecorderRows
	Writer
	RetrieveRows
	LedgerRows
	Leases
	Besides
}](d D) DB {
	log, _ := any(d).(LogReader)
	return DB{d, d, d, d, d, d, d, log}
}

// Get is what all of them call.
func (db DB) Get(ctx context.Context, id recording.ID) (recording.Recording, error) {
	return db.StepRows.Get(ctx, id)
}
