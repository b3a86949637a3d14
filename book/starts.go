package book

import (
	"errors"
	"time"

	"recgate/recording"
)

// doubtFor is how long a start that met ErrNoFile speaks against its PBX.
// Nothing but another start can tell whether that has passed, and who asks
// first whether starts work would otherwise never make one again.
const doubtFor = 30 * time.Second

// refusal is how a start was refused that met ErrNoFile.
type refusal struct {
	at  time.Time
	err error
}

// NoteStart takes down how a start on a PBX has ended.
func (b *Book) NoteStart(pbx string, at time.Time, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case err == nil:
		delete(b.refusals, pbx)
	case errors.Is(err, recording.ErrNoFile):
		b.refusals[pbx] = refusal{at, err}
	}
}

// LastStart returns why the last start on a PBX left no file, if that was not
// long ago and no start has worked since; else nil.
func (b *Book) LastStart(pbx string, now time.Time) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	r, is := b.refusals[pbx]
	if !is || now.Sub(r.at) > doubtFor {
		return nil
	}
	return r.err
}
