package book

import (
	"maps"
	"time"

	"recgate/recording"
)

// Watches reports whether the channel has an open recording, and whether its
// call has.
func (b *Book) Watches(c recording.Channel) (channel, call bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, channel = b.channels[place{c.PBX, c.UniqueID}]
	_, call = b.calls[place{c.PBX, c.LinkedID}]
	return channel, call
}

// ForgetChannel drops a channel that is gone, and its call when that is over.
func (b *Book) ForgetChannel(c recording.Channel, callToo bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.channels, place{c.PBX, c.UniqueID})
	if callToo {
		delete(b.calls, place{c.PBX, c.LinkedID})
	}
}

// OnPBX returns the recordings that are open on a PBX, as far as is known.
func (b *Book) OnPBX(pbx string) []recording.ID {
	b.mu.Lock()
	defer b.mu.Unlock()
	var ids []recording.ID
	for id, e := range b.entries {
		if e.state != "" && e.pbx == pbx {
			ids = append(ids, id)
		}
	}
	return ids
}

// Reconcile brings the book in line with the open rows of a PBX: of what it
// held before they were read, known, it forgets what is not open any more,
// since another process may have settled it. Channels that no row has are
// forgotten too, for nobody says that a channel hung up which ended unseen. It returns the
// linked ids of calls that no row has either; those may go on without the
// channel that was recorded. What was noted lately stays, for its row may be on
// its way.
func (b *Book) Reconcile(pbx string, known []recording.ID, open []recording.Recording) (calls []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	still, has := map[recording.ID]bool{}, map[place]bool{}
	for _, rec := range open {
		has[place{pbx, rec.UniqueID}] = true
		has[place{pbx, rec.Call.LinkedID}] = true // mostly a channel's, which stays then, too
		if !rec.State.Final() {
			still[rec.ID] = true
			b.entries.of(rec.ID).stands(rec)
		}
	}
	for _, id := range known {
		if !still[id] {
			b.forget(id)
		}
	}
	old := time.Now().Add(-LongOver)
	stale := func(key place, noted time.Time) bool { return key.pbx == pbx && noted.Before(old) && !has[key] }
	maps.DeleteFunc(b.channels, stale)
	for key, noted := range b.calls {
		if stale(key, noted) {
			calls = append(calls, key.id)
		}
	}
	return calls
}

// Keep takes down that the files of a settled recording stay in a spool because
// the operator wants that: there may be very many, and none needs a second look.
func (b *Book) Keep(id recording.ID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.kept[id] = true
}

// Kept reports whether Keep was called for a recording.
func (b *Book) Kept(id recording.ID) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.kept[id]
}
