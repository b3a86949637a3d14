package asterisk

import (
	"slices"

	"recgate/recording"
)

// entry is one channel. seen and moved are the number of the listing during
// which an event last spoke of it, or of its bridge: such an event wins against
// the listing, which may be older.
type entry struct {
	recording.Channel
	order uint64
	seen  uint64
	moved uint64
}

// entries are the channels of a table, and where to find them.
type entries struct {
	byID     map[string]*entry
	byName   map[string][]*entry // by extension, lower case
	byLinked map[string][]*entry
	byBridge map[string][]*entry
	made     uint64 // counts entries: their order
}

func newEntries() entries {
	return entries{
		byID: map[string]*entry{}, byName: map[string][]*entry{},
		byLinked: map[string][]*entry{}, byBridge: map[string][]*entry{},
	}
}

// add puts a channel into the table.
func (x *entries) add(c recording.Channel) *entry {
	x.made++
	e := &entry{Channel: c, order: x.made}
	x.byID[c.UniqueID] = e
	x.index(e)
	return e
}

// remove takes a channel out of the table.
func (x *entries) remove(e *entry) {
	x.unindex(e)
	delete(x.byID, e.UniqueID)
}

// change edits a channel and keeps the indices true.
func (x *entries) change(e *entry, edit func(*recording.Channel)) {
	c := e.Channel
	edit(&c)
	if c == e.Channel {
		return
	}
	if c.Extension == e.Extension && c.LinkedID == e.LinkedID && c.Bridge == e.Bridge {
		e.Channel = c
		return
	}
	x.unindex(e)
	e.Channel = c
	x.index(e)
}

func (x *entries) index(e *entry) {
	put(x.byName, lower(e.Extension), e)
	put(x.byLinked, e.LinkedID, e)
	put(x.byBridge, e.Bridge, e)
}

func (x *entries) unindex(e *entry) {
	take(x.byName, lower(e.Extension), e)
	take(x.byLinked, e.LinkedID, e)
	take(x.byBridge, e.Bridge, e)
}

// put adds an entry to an index; the empty key is none.
func put(index map[string][]*entry, key string, e *entry) {
	if key != "" {
		index[key] = append(index[key], e)
	}
}

func take(index map[string][]*entry, key string, e *entry) {
	list := index[key]
	i := slices.Index(list, e)
	if i < 0 {
		return
	}
	if list = slices.Delete(list, i, i+1); len(list) == 0 {
		delete(index, key)
		return
	}
	index[key] = list
}

// named returns the entries whose name is wanted. It looks at all of them.
func (x *entries) named(wanted func(name string) bool) []*entry {
	var found []*entry
	for _, e := range x.byID {
		if wanted(e.Name) {
			found = append(found, e)
		}
	}
	return found
}
