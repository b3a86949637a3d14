package asterisk_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"recgate/ami"
	"recgate/asterisk"
	"recgate/recording"
)

// TestListing: a listing sets the table right, and what events said while it
// was under way wins.
func TestListing(t *testing.T) {
	table := asterisk.NewTable("pbx1", asterisk.Extensions{})
	table.Apply(event("Newchannel", "SIP/500-00000001", "1.1", "1.1", "6"), noon) // vanishes unseen
	table.Apply(event("Newchannel", "SIP/501-00000002", "2.2", "2.2", "6"), noon) // stays
	table.Begin()
	table.Apply(event("Hangup", "SIP/410-00000003", "3.3", "3.3", "6"), noon)     // but is listed
	table.Apply(event("Newchannel", "SIP/411-00000004", "4.4", "4.4", "4"), noon) // and is not listed
	table.Apply(event("BridgeEnter", "SIP/412-00000005", "5.5", "5.5", "6", "BridgeUniqueid", "new", "BridgeType", "basic"), noon)
	rows := []ami.Message{
		row("SIP/501-00000002", "2.2", "2.2", "6", "b", "00:00:09"),
		row("SIP/410-00000003", "3.3", "3.3", "6", "b", "00:00:09"),
		row("SIP/412-00000005", "5.5", "5.5", "6", "old", "00:00:09"),
		row("SIP/413-00000006", fmt.Sprintf("%d.6", noon.Unix()-65), "6.6", "6", "", "00:01:05"),
	}
	if !table.Complete(rows, noon) {
		t.Error("Complete = false, want true: a channel was gone and one was new")
	}
	for id, bridge := range map[string]string{"2.2": "b", "4.4": "", "5.5": "new", fmt.Sprintf("%d.6", noon.Unix()-65): ""} {
		if c, ok := table.Get(id); !ok || c.Bridge != bridge {
			t.Errorf("channel %s: %v %+v, want it in bridge %q", id, ok, c, bridge)
		}
	}
	if table.Len() != 4 {
		t.Errorf("%d channels, want 4", table.Len())
	}
	c := table.Find(target(t, "413"))[0]
	if want := noon.Add(-65 * time.Second); !c.CreatedAt.Equal(want) || !c.AnsweredAt.Equal(want) {
		t.Errorf("created %v, answered %v; want both %v", c.CreatedAt, c.AnsweredAt, want)
	}
	table.Begin()
	if table.Complete(append(rows[2:], rows[0], row("SIP/411-00000004", "4.4", "4.4", "6", "", "00:00:01")), noon) {
		t.Error("Complete = true, want false: the same channels")
	}
}

// TestListings reads the rows of both actions, as captured.
func TestListings(t *testing.T) {
	for _, file := range transcripts(t, "*/lists-call.txt") {
		for _, kind := range []string{"CoreShowChannel", "Status"} {
			var rows []ami.Message
			for _, m := range transcript(t, file) {
				if m.Get("Event") == kind && len(rows) < 2 {
					rows = append(rows, m)
				}
			}
			table := asterisk.NewTable("pbx1", asterisk.Extensions{})
			table.Begin()
			table.Complete(rows, noon)
			found := table.Find(target(t, "410"))
			if len(found) != 1 || found[0].State != recording.Up || found[0].Bridge == "" || found[0].AnsweredAt.IsZero() {
				t.Fatalf("%s, %s: Find(410) = %+v, want one channel, up and bridged", file, kind, found)
			}
			if peers := table.Peers(found[0]); len(peers) != 2 {
				t.Errorf("%s, %s: %d peers, want 2", file, kind, len(peers))
			}
		}
	}
}

// world is a little PBX for the property: what is true, and the events
// that say so.
type world struct {
	alive  map[string]string // unique id to bridge
	events []ami.Message
	made   int
}

func (w *world) step(t *rapid.T) {
	names := make([]string, 0, len(w.alive))
	for i := range w.made {
		if id := fmt.Sprintf("%d.1", i); w.has(id) {
			names = append(names, id)
		}
	}
	if len(names) == 0 || rapid.IntRange(0, 3).Draw(t, "new") == 0 {
		id := fmt.Sprintf("%d.1", w.made)
		w.made++
		w.alive[id] = ""
		w.say("Newchannel", id)
		return
	}
	id := rapid.SampledFrom(names).Draw(t, "channel")
	switch bridge := w.alive[id]; {
	case rapid.IntRange(0, 2).Draw(t, "hangup") == 0:
		if bridge != "" {
			w.say("BridgeLeave", id, "BridgeUniqueid", bridge)
		}
		delete(w.alive, id)
		w.say("Hangup", id)
	case bridge != "":
		w.say("BridgeLeave", id, "BridgeUniqueid", bridge)
		w.alive[id] = ""
	default:
		w.alive[id] = rapid.SampledFrom([]string{"a", "b"}).Draw(t, "bridge")
		w.say("BridgeEnter", id, "BridgeUniqueid", w.alive[id])
	}
}

func (w *world) has(id string) bool { _, ok := w.alive[id]; return ok }

func (w *world) say(name, id string, more ...string) {
	w.events = append(w.events, event(name, "SIP/"+id[:len(id)-2]+"-00000001", id, id, "6", more...))
}

func (w *world) rows() []ami.Message {
	var rows []ami.Message
	for id, bridge := range w.alive {
		rows = append(rows, row("SIP/"+id[:len(id)-2]+"-00000001", id, id, "6", bridge, "00:00:01"))
	}
	return rows
}

// TestListingConverges: whenever a listing is asked for, made and delivered,
// and however far the events lag behind it, once they are all told the table
// is what the PBX is.
func TestListingConverges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &world{alive: map[string]string{}}
		steps := func(label string) {
			for range rapid.IntRange(0, 6).Draw(t, label) {
				w.step(t)
			}
		}
		table := asterisk.NewTable("pbx1", asterisk.Extensions{})
		told := 0
		tell := func(label string) {
			for n := rapid.IntRange(0, len(w.events)-told).Draw(t, label); n > 0; n-- {
				table.Apply(w.events[told], noon)
				told++
			}
		}
		steps("before the login")
		told = len(w.events) // missed
		for range rapid.IntRange(1, 2).Draw(t, "listings") {
			table.Begin()
			steps("asked")
			tell("told before the listing was made")
			rows := w.rows()
			steps("made")
			tell("told before the listing came")
			table.Complete(rows, noon)
			steps("done")
		}
		for ; told < len(w.events); told++ {
			table.Apply(w.events[told], noon)
		}
		got := map[string]string{}
		for i := range w.made {
			if c, ok := table.Get(fmt.Sprintf("%d.1", i)); ok {
				got[c.UniqueID] = c.Bridge
			}
		}
		if diff := cmp.Diff(w.alive, got); diff != "" || table.Len() != len(w.alive) {
			t.Fatalf("the table differs from the PBX (-pbx +table):\n%s", diff)
		}
	})
}
