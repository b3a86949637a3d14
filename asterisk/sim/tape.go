package sim

import (
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// voice says what a tape holds of its channel.
type voice int

const (
	mixed  voice = iota
	spoken       // what the channel says
	heard        // what it hears
)

const (
	headerSize = 44
	writeStep  = 32768 // files grow in steps of so many bytes
)

// tape is one file that is being recorded. Samples are made when they are
// needed, from the clock: at each roll for the time since the last, in which
// nothing in the world has changed.
type tape struct {
	ch          *channel
	voice       voice
	bridgedOnly bool // option b: only while in a bridge
	gapless     bool // time in which nobody says anything is kept as silence
	muteSpoken  bool
	muteHeard   bool
	paused      bool

	name    string // in the spool
	wav     bool   // with a header; else raw samples
	file    *os.File
	mark    time.Time     // rolled so far
	elapsed time.Duration // time recorded so far
	made    int64         // samples made so far
	pending []byte        // samples not yet written
	size    int64         // bytes of samples in the file
}

// rollTapes brings all tapes up to now. It must come before every change of
// the world. What a full disk does not take is lost, and the tape goes on, as
// Asterisk's does.
func (w *world) rollTapes() {
	now := w.s.o.Now()
	w.rolled = now
	for t := range w.tapes {
		if err := t.roll(now); err != nil {
			w.s.o.Log.Error("samples lost", slog.String("file", t.name), slog.Any("err", err))
		}
	}
}

// roll makes the samples of the time since the last roll.
func (t *tape) roll(now time.Time) error {
	passed := now.Sub(t.mark)
	if passed <= 0 {
		return nil
	}
	t.mark = now
	var room [8]float64
	tones := t.listen(room[:0])
	if !t.runs(len(tones)) {
		return nil
	}
	t.elapsed += passed
	want := int64(t.elapsed/time.Second)*rate + int64(t.elapsed%time.Second)*rate/int64(time.Second)
	for t.made < want {
		n := min(want-t.made, writeStep/2)
		t.pending = appendTones(t.pending, tones, t.made, n)
		t.made += n
		if err := t.write(writeStep); err != nil {
			return err
		}
	}
	return nil
}

// listen returns the tones that are to be heard on the tape now.
func (t *tape) listen(tones []float64) []float64 {
	if t.voice != heard && !t.muteSpoken {
		tones = t.ch.says(tones, 0)
	}
	if t.voice != spoken && !t.muteHeard && !t.ch.deaf {
		tones = t.ch.hears(tones, 0)
	}
	return tones
}

// runs reports whether the tape moves at all: not while the channel rings.
func (t *tape) runs(tones int) bool {
	switch {
	case t.paused || t.ch.state != up:
		return false
	case t.bridgedOnly && (t.ch.bridge == nil || t.ch.bridge.parking):
		return false
	}
	return t.gapless || tones > 0 || t.muteSpoken || t.muteHeard
}

// write moves whole steps of pending samples to the file, once it is there;
// a step of 1 moves all.
func (t *tape) write(step int) error {
	if t.file == nil {
		return nil
	}
	n := len(t.pending) / step * step
	if n == 0 {
		return nil
	}
	written, err := t.file.Write(t.pending[:n])
	t.size += int64(written)
	t.pending = append(t.pending[:0], t.pending[n:]...)
	return err
}

// openFile makes the file of a tape; on a full disk nothing goes into it.
func (t *tape) openFile() error {
	s := t.ch.w.s
	err := t.open(s.spool)
	if err != nil || !s.fault.full {
		return err
	}
	return errors.Join(errors.New("told that the disk is full"), t.file.Truncate(0), t.file.Close())
}

// open makes the file, with a header whose sizes are 0.
func (t *tape) open(spool *os.Root) error {
	if dir := filepath.Dir(t.name); dir != "." {
		if err := spool.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	file, err := spool.OpenFile(t.name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	if t.wav {
		if _, err := file.Write(wavHeader(0)); err != nil {
			return errors.Join(err, file.Close())
		}
	}
	t.file = file
	return nil
}

// close completes the file: all samples, and sizes in the header.
func (t *tape) close() error {
	if t.file == nil {
		return nil
	}
	err := t.write(1)
	if t.wav {
		_, herr := t.file.WriteAt(wavHeader(t.size), 0)
		err = errors.Join(err, herr)
	}
	err = errors.Join(err, t.file.Close())
	t.file = nil
	return err
}

// wavHeader is the 44 byte header of a WAV file with so many bytes of
// samples; 0 for one whose size is not known yet (sizes 0, as Asterisk's).
func wavHeader(size int64) []byte {
	h := make([]byte, 0, headerSize)
	riff := uint32(0)
	if size > 0 {
		riff = uint32(size + headerSize - 8)
	}
	le := binary.LittleEndian
	h = append(h, "RIFF"...)
	h = le.AppendUint32(h, riff)
	h = append(h, "WAVEfmt "...)
	h = le.AppendUint32(h, 16)
	h = le.AppendUint16(h, 1) // PCM
	h = le.AppendUint16(h, 1) // one channel
	h = le.AppendUint32(h, rate)
	h = le.AppendUint32(h, 2*rate)
	h = le.AppendUint16(h, 2)
	h = le.AppendUint16(h, 16)
	h = append(h, "data"...)
	return le.AppendUint32(h, uint32(size))
}

// start begins a tape. Like Asterisk it does not say when that fails: a
// name outside the spool, an unknown format or a folder that cannot be made
// give no file.
func (t *tape) start() {
	w := t.ch.w
	t.mark = w.s.o.Now()
	w.tapes[t], w.files[t] = true, true
	if err := t.place(); err != nil {
		w.s.o.Log.Warn("recording without a file", slog.Any("err", err))
		delete(w.tapes, t)
	}
}

var errOutside = errors.New("the name leads out of the spool")

// place opens the file of a tape, now or, when files are slow, later.
func (t *tape) place() error {
	w, fault := t.ch.w, &t.ch.w.s.fault
	name, err := w.spoolName(t.name)
	if err != nil {
		return err
	}
	t.name = name
	switch ext := filepath.Ext(name); ext {
	case ".wav":
		t.wav = true
	case ".sln", ".raw":
	default:
		return fmt.Errorf("format %q is not simulated", ext)
	}
	if fault.noFile || fault.unloaded["format_wav"] {
		return errors.New("told to make no file")
	}
	if fault.slowFile == 0 {
		return t.openFile()
	}
	w.later(fault.slowFile, func() {
		if !w.tapes[t] {
			return
		}
		if err := t.openFile(); err != nil {
			w.s.o.Log.Warn("recording without a file", slog.Any("err", err))
			delete(w.tapes, t)
		}
	})
	return nil
}

// spoolName returns a name relative to the spool.
func (w *world) spoolName(name string) (string, error) {
	if filepath.IsAbs(name) {
		var err error
		if name, err = filepath.Rel(w.s.o.Monitor, name); err != nil {
			return "", err
		}
	}
	name = filepath.Clean(name)
	if name == ".." || strings.HasPrefix(name, "../") || strings.ContainsRune(name, 0) {
		return "", fmt.Errorf("%w: %q", errOutside, name)
	}
	return name, nil
}

// finish ends a tape and completes its file, now or, when closing is slow, later.
func (t *tape) finish() {
	w := t.ch.w
	delete(w.tapes, t)
	if w.s.fault.slowEnd > 0 {
		w.later(w.s.fault.slowEnd, t.complete)
		return
	}
	t.complete()
}

// complete completes the file of a tape that has ended.
func (t *tape) complete() {
	w := t.ch.w
	delete(w.files, t)
	if err := t.close(); err != nil {
		w.s.o.Log.Error("recording not completed", slog.String("file", t.name), slog.Any("err", err))
	}
}
