package asterisk

import (
	"os"
	"sync/atomic"
	"time"

	"recgate/recording"
)

// spoolFile is an open file of a spool.
type spoolFile struct {
	*os.File
	in *spool
}

// Held implements recording.SpoolFile.
func (f spoolFile) Held() recording.Held { return f.in.heldOf(f.File) }

// heldOf says who has a file open for writing. That nobody has means something
// only once a process of this machine was seen to write into this spool: the
// PBX may be on another machine, in another container, or not to be looked at.
func (s *spool) heldOf(f *os.File) recording.Held {
	info, err := f.Stat()
	if err != nil {
		return recording.HeldUnseen
	}
	if s.writers.write(info) {
		s.near.Store(true)
		return recording.HeldByWriter
	}
	if s.near.Load() {
		return recording.HeldByNobody
	}
	return recording.HeldUnseen
}

// lookEvery is how often a PBX that was never seen to write is looked for.
const lookEvery = time.Minute

// lookForWriter finds out, while a PBX writes to a file, whether that can be
// seen. It costs nothing once that is known, and little before.
func (s *spool) lookForWriter(name string) {
	last := s.looked.Load()
	if s.near.Load() || (last != nil && time.Since(*last) < lookEvery) {
		return
	}
	now := time.Now()
	if !s.looked.CompareAndSwap(last, &now) {
		return
	}
	f, err := s.open(name)
	if err != nil {
		return
	}
	defer f.Close() //nolint:errcheck // it was only looked at
	s.heldOf(f)
}

// nearness is what a spool knows of where its writer is.
type nearness struct {
	near    atomic.Bool               // a process of this machine was seen to write into it
	looked  atomic.Pointer[time.Time] // when a writer was last looked for
	writers writers
}
