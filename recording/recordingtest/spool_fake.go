package recordingtest

import (
	"bytes"
	"encoding/binary"
	"io"
	"io/fs"
	"maps"
	"math"
	"slices"
	"strconv"
	"sync"
	"time"

	"recgate/recording"
)

// spool is a folder in memory.
type spool struct {
	mu    sync.Mutex // guards files, what they hold, and all below
	files map[string]*file
	made  map[string]*file // files, and those that were deleted while their writer lived
	away  bool
	blind bool            // who writes cannot be seen
	odd   map[string]bool // names that something else than a file has
}

func newSpool() *spool { return &spool{files: map[string]*file{}, made: map[string]*file{}} }

// file is a WAV as a PBX writes it: its header's sizes are 0 until it is closed.
type file struct {
	in       *spool
	name     string
	data     []byte
	n        int // samples so far, for the phase of the tones
	modified time.Time
	open     bool // somebody writes to it
}

const headerBytes = 44

func (s *spool) create(name string) *file {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := &file{in: s, name: name, data: wavHeader(0), modified: time.Now(), open: true}
	s.files[name], s.made[name] = f, f
	return f
}

func (s *spool) blank(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.files[name]; f != nil {
		f.data = nil
	}
}

func (s *spool) mount(there bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.away = !there
}

func (s *spool) file(id recording.ID) *file {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.made[recording.MixedFile(id)]
}

func wavHeader(data uint32) []byte {
	h := make([]byte, 0, headerBytes)
	h = append(h, "RIFF"...)
	if data > 0 {
		h = binary.LittleEndian.AppendUint32(h, 36+data)
	} else {
		h = binary.LittleEndian.AppendUint32(h, 0)
	}
	h = append(h, "WAVEfmt "...)
	for _, v := range []uint32{16, 1 | 1<<16, 8000, 16000, 2 | 16<<16} {
		h = binary.LittleEndian.AppendUint32(h, v)
	}
	h = append(h, "data"...)
	return binary.LittleEndian.AppendUint32(h, data)
}

// sound appends so much of a chord.
func (f *file) sound(d time.Duration, tones []float64) {
	f.in.mu.Lock()
	defer f.in.mu.Unlock()
	for range int(d.Seconds() * 8000) {
		v := 0.0
		for _, hz := range tones {
			v += 5000 * math.Sin(2*math.Pi*hz*float64(f.n)/8000)
		}
		f.data = binary.LittleEndian.AppendUint16(f.data, uint16(int16(v)))
		f.n++
	}
	f.modified = time.Now()
}

func (f *file) close() {
	f.in.mu.Lock()
	defer f.in.mu.Unlock()
	copy(f.data, wavHeader(uint32(len(f.data)-headerBytes)))
	f.open = false
}

// abandon ends the writing as the death of the writer does.
func (f *file) abandon() {
	f.in.mu.Lock()
	defer f.in.mu.Unlock()
	f.open = false
}

var errUnmounted = recording.Errorf(recording.Unavailable, "the folder of the recordings is not there")

// Names lists the files.
func (s *spool) Names() ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away {
		return nil, errUnmounted
	}
	return slices.Sorted(maps.Keys(s.files)), nil
}

// Open opens what is there at this moment.
func (s *spool) Open(name string) (recording.SpoolFile, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.files[name]
	if s.away {
		f = nil
	}
	if s.odd[name] && !s.away {
		return nil, &fs.PathError{Op: "open", Path: name, Err: recording.ErrNotFile}
	}
	if f == nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return opened{bytes.NewReader(bytes.Clone(f.data)), info{f.name, int64(len(f.data)), f.modified}, f}, nil
}

// Remove deletes a file.
func (s *spool) Remove(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.files, name)
	return nil
}

type opened struct {
	io.ReaderAt
	info info
	file *file
}

// Held reports whether the fake PBX still writes to the file.
func (o opened) Held() recording.Held {
	o.file.in.mu.Lock()
	defer o.file.in.mu.Unlock()
	switch {
	case o.file.in.blind:
		return recording.HeldUnseen
	case o.file.open:
		return recording.HeldByWriter
	}
	return recording.HeldByNobody
}

func (o opened) Close() error               { return nil }
func (o opened) Stat() (fs.FileInfo, error) { return o.info, nil }

type info struct {
	name     string
	size     int64
	modified time.Time
}

func (i info) Name() string       { return i.name }
func (i info) Size() int64        { return i.size }
func (i info) Mode() fs.FileMode  { return 0o644 }
func (i info) ModTime() time.Time { return i.modified }
func (i info) IsDir() bool        { return false }
func (i info) Sys() any           { return nil }

// tone is the voice of an extension in the lab, in Hz.
func tone(extension string) float64 {
	if len(extension) < 3 {
		return 1000
	}
	first, err1 := strconv.Atoi(extension[:1])
	last, err2 := strconv.Atoi(extension[len(extension)-1:])
	if err1 != nil || err2 != nil {
		return 1000
	}
	return float64(first*100 + last*200)
}

// Spool returns the folder in memory.
func (p folder) Spool() recording.Spool { return p.spool }

// Write adds sound to a file that is not closed yet, as a PBX that is behind.
func (p folder) Write(id recording.ID, d time.Duration) {
	p.spool.file(id).sound(d, []float64{400, 600})
}

// Close closes such a file.
func (p folder) Close(id recording.ID) { p.spool.file(id).close() }

// Blank empties the file of a recording, header and all, as it is when the disk
// was full from the beginning.
func (p folder) Blank(id recording.ID) { p.spool.blank(recording.MixedFile(id)) }

// Leave puts a file of so much sound into the spool, as one that somebody
// brings back; an empty sound is a header alone.
func (p folder) Leave(name string, d time.Duration) {
	f := p.spool.create(name)
	f.sound(d, []float64{400, 600})
	f.close()
}

// Scribble puts a file that holds just this into the spool.
func (p folder) Scribble(name string, content []byte) {
	f := p.spool.create(name)
	f.abandon()
	p.spool.mu.Lock()
	defer p.spool.mu.Unlock()
	f.data = content
}

// Unmount has the folder of the spool vanish with all that is in it, until
// Mount.
func (p folder) Unmount() { p.spool.mount(false) }

// Mount brings it back.
func (p folder) Mount() { p.spool.mount(true) }

// Elsewhere puts the PBX onto another machine: who writes to its files cannot
// be seen any more.
func (p folder) Elsewhere() {
	p.spool.mu.Lock()
	defer p.spool.mu.Unlock()
	p.spool.blind = true
}

// Odd puts something else than a file under the name of one, or takes it away.
func (p folder) Odd(name string, there bool) {
	p.spool.mu.Lock()
	defer p.spool.mu.Unlock()
	if p.spool.odd == nil {
		p.spool.odd = map[string]bool{}
	}
	p.spool.odd[name] = there
	delete(p.spool.files, name)
}
