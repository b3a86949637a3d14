// Package book holds what one process knows of recordings beside their rows: a
// Book of what is open, and the Steps of recordings, which change row and book
// together.
package book

import (
	"sync"
	"time"

	"recgate/recording"
)

// Book is what this process knows of recordings beside their rows: which are
// open and how they do, and which channels and calls they belong to, so that
// the events of all other channels cost nothing. It may hold more than is open,
// never less.
type Book struct {
	mu       sync.Mutex // guards all below
	entries  entries
	channels map[place]time.Time   // of recordings; when each was noted last
	calls    map[place]time.Time   // the same, by linked id
	refusals map[string]refusal    // by PBX
	kept     map[recording.ID]bool // settled, and their files stay in a spool by keep_spool
}

// New returns a book of nothing.
func New() *Book {
	return &Book{
		entries: entries{}, channels: map[place]time.Time{}, calls: map[place]time.Time{},
		refusals: map[string]refusal{}, kept: map[recording.ID]bool{},
	}
}

// place names a channel by its unique id, or a call by its linked id.
type place struct{ pbx, id string }

// entry is what is known of one recording.
type entry struct {
	pbx   string
	state recording.State // empty: not known to be open

	ours bool      // a start of this process that is not confirmed
	seen time.Time // when the start of another process was seen first

	runs   time.Time     // since when it is counted for how long it runs; zero: it is not
	before time.Duration // for how long it had run by then

	file growth // that the PBX writes while the recording runs; kept for a stop that is not confirmed
	wait *Wait  // to be collected, or nil
}

// entries are by recording. The lock of the book is held for all its methods.
type entries map[recording.ID]*entry

// of returns the entry of a recording, and makes it where there is none.
func (all entries) of(id recording.ID) *entry {
	e := all[id]
	if e == nil {
		e = &entry{}
		all[id] = e
	}
	return e
}

// drop takes out an entry that says nothing any more.
func (all entries) drop(id recording.ID, e *entry) {
	if e.state == "" && !e.ours && e.seen.IsZero() && e.runs.IsZero() && e.wait == nil {
		delete(all, id)
	}
}

// Note takes down where a recording stands whose state or whose channel is open,
// by its row. The events of its channel and its call matter from now on.
func (b *Book) Note(rec recording.Recording) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.entries.drop(rec.ID, b.note(rec)) // a final one says nothing but its channel
}

// Begin takes down a recording that this process is about to start.
func (b *Book) Begin(rec recording.Recording) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.note(rec).ours = true
}

// Confirm takes down that a recording runs, and counts for how long from now on.
func (b *Book) Confirm(rec recording.Recording) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.note(rec)
	e.ours = false
	if e.runs.IsZero() {
		e.runs = time.Now()
	}
}

// note is Note. The lock is held.
func (b *Book) note(rec recording.Recording) *entry {
	now := time.Now()
	b.channels[place{rec.PBX, rec.UniqueID}] = now
	b.calls[place{rec.PBX, rec.Call.LinkedID}] = now
	e := b.entries.of(rec.ID)
	e.stands(rec)
	return e
}

// stands sets the state of a recording, unless that is final.
func (e *entry) stands(rec recording.Recording) {
	if rec.State.Final() {
		return
	}
	e.pbx, e.state = rec.PBX, rec.State
}

// Forget drops what is known of a recording that is settled, or of which there
// is no row.
func (b *Book) Forget(id recording.ID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.forget(id)
}

// forget is Forget. The lock is held.
func (b *Book) forget(id recording.ID) {
	e := b.entries[id]
	if e == nil {
		return
	}
	*e = entry{seen: e.seen, wait: e.wait}
	b.entries.drop(id, e)
}
