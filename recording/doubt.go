package recording

import (
	"errors"
	"sync"
	"time"
)

// ErrNoFile is wrapped by the refusal of a start whose file did not appear in
// the spool, or stayed empty: the next start will most likely meet the same.
var ErrNoFile = errors.New("the file of the recording did not appear")

// doubtFor is how long a start that met ErrNoFile speaks against its PBX.
// Nothing but another start can tell whether that has passed, and who asks
// first whether starts work would otherwise never make one again.
const doubtFor = 30 * time.Second

// doubts are the PBXs whose last start met ErrNoFile. The zero value is ready.
type doubts struct {
	mu sync.Mutex // guards of
	of map[string]doubt
}

type doubt struct {
	at  time.Time
	err error
}

// note remembers how a start on a PBX has ended.
func (d *doubts) note(pbx string, now time.Time, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case err == nil:
		delete(d.of, pbx)
	case errors.Is(err, ErrNoFile):
		if d.of == nil {
			d.of = map[string]doubt{}
		}
		d.of[pbx] = doubt{now, err}
	}
}

// LastStart returns why the last start on a PBX left no file, if that was
// within half a minute and no start has worked since; else nil. It says more
// than the PBX can, which takes every start for a success.
func (s *Service) LastStart(pbx string) error {
	s.doubts.mu.Lock()
	defer s.doubts.mu.Unlock()
	d, is := s.doubts.of[pbx]
	if !is || s.o.Now().Sub(d.at) > doubtFor {
		return nil
	}
	return d.err
}
