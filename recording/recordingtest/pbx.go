package recordingtest

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"testing"
	"time"

	"recgate/internal/await"
	"recgate/recording"
)

// Exchange is a PBX under test together with the telephones around it.
type Exchange struct {
	Phones
	Line
}

// ExchangeOf hands a PBX with its telephones to the suite.
func ExchangeOf[X interface {
	Phones
	Line
}](x X) Exchange {
	return Exchange{x, x}
}

// Line is the PBX, and how it is reached.
type Line interface {
	// PBX returns the PBX; TestPBX runs it.
	PBX() recording.PBX
	// Tone returns the frequency of an extension's voice, in Hz.
	Tone(extension string) float64
	// Cut breaks the connection to the PBX; it may come back by itself.
	Cut(t testing.TB)
}

// Phones are the telephones around a PBX.
type Phones interface {
	// Call has from call to, and returns when both are up and bridged. The
	// call lasts until it is hung up.
	Call(t testing.TB, from, to string) (caller, callee string) // unique ids
	// CallAs is Call of a program that gives the caller's channel its unique id.
	CallAs(t testing.TB, from, to, uniqueID string)
	// Ring has from call to, which rings and is not answered.
	Ring(t testing.TB, from, to string) (callee string)
	// Hangup ends the call that the channel is in.
	Hangup(t testing.TB, uniqueID string)
	// Pass lets so much audio be heard.
	Pass(d time.Duration)
}

// Hearing tells how much of a WAV's power lies near a frequency, 0 to 1.
type Hearing func(t testing.TB, wav io.ReaderAt, size int64, hz float64) float64

// TestPBX holds a PBX to the contract of recording.PBX. open is called once
// per subtest and gives an exchange without calls.
func TestPBX(t *testing.T, hear Hearing, open func(t *testing.T) Exchange) {
	for _, test := range []struct {
		name string
		run  func(t *testing.T, b *bench)
	}{
		{"Find by extension and unique id", findBoth},
		{"Find never matches a prefix", findExactly},
		{"Find compares technologies", findTechnology},
		{"Find by the whole name of a channel", findByName},
		{"A unique id with blanks, punctuation and letters of any alphabet", oddUniqueID},
		{"The longest unique id", longUniqueID},
		{"Peers of a call", peersOfACall},
		{"Record, stop: the file is complete and holds both parties", recordAndStop},
		{"Record, hangup: the event comes and the file is complete", recordAndHangup},
		{"Hear: what has happened has been told", hearsTheHangup},
		{"Record on a channel that is gone", recordGone},
		{"Stop twice: the second finds nothing", stopTwice},
		{"Reclaim a running recording, one that never began, and one whose channel is gone", reclaim},
		{"Reclaim of a recording that has ended", reclaimEnded},
		{"Reclaim without a handle gives what stops it", reclaimWithoutHandle},
		{"A recording outlives the connection, and can be stopped after it", outlivesConnection},
		{"Ringing channels are found", findRinging},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.run(t, start(t, hear, open(t)))
		})
	}
}

// bench is one exchange that runs, with the events that it told.
type bench struct {
	Exchange
	pbx    recording.PBX
	hear   Hearing
	events chan recording.Event
}

func start(t *testing.T, hear Hearing, x Exchange) *bench {
	b := &bench{Exchange: x, pbx: x.PBX(), hear: hear, events: make(chan recording.Event, 10_000)}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- b.pbx.Events.Run(ctx, func(e recording.Event) { b.events <- e }) }()
	t.Cleanup(func() {
		cancel()
		if err := await.From(t, "Run to end", done); err != nil {
			t.Errorf("Run = %v, want nil when its context ends", err)
		}
	})
	b.await(t, "the PBX to be up", func(e recording.Event) bool { return e.Kind == recording.PBXUp })
	return b
}

// await takes events until one is wanted.
func (b *bench) await(t testing.TB, what string, wanted func(recording.Event) bool) recording.Event {
	t.Helper()
	limit := time.After(15 * time.Second)
	for {
		select {
		case e := <-b.events:
			if wanted(e) {
				return e
			}
		case <-limit:
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

func (b *bench) context(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// find waits until exactly the wanted unique ids are found: events are on
// their way while a call is already up for those who have it.
func (b *bench) find(t testing.TB, target string, want ...string) []recording.Channel {
	t.Helper()
	parsed, err := recording.ParseTarget(target)
	if err != nil {
		t.Fatal(err)
	}
	ctx := b.context(t)
	var found []recording.Channel
	for ctx.Err() == nil {
		if found, err = b.pbx.Switch.Find(ctx, parsed); err == nil && same(found, want) {
			return found
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("Find(%q) = %v, %v; want the unique ids %q", target, found, err, want)
	return nil
}

// awaitBridge waits until the one channel found is up and in a bridge.
func (b *bench) awaitBridge(t testing.TB, target, want string) recording.Channel {
	t.Helper()
	for ctx := b.context(t); ctx.Err() == nil; time.Sleep(5 * time.Millisecond) {
		if c := b.find(t, target, want)[0]; c.State == recording.Up && c.Bridge != "" {
			return c
		}
	}
	t.Fatalf("the channel %s is not bridged in the table", want)
	return recording.Channel{}
}

func same(found []recording.Channel, want []string) bool {
	if len(found) != len(want) {
		return false
	}
	for i, c := range found {
		if c.UniqueID != want[i] {
			return false
		}
	}
	return true
}

func newID(t testing.TB) recording.ID {
	t.Helper()
	id, err := recording.NewID(time.Now(), random)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// record starts a recording of the bridged caller.
func (b *bench) record(t testing.TB, c recording.Channel) recording.Recording {
	t.Helper()
	id := newID(t)
	capture, err := b.pbx.Recorder.Record(b.context(t), c, id)
	if err != nil {
		t.Fatalf("Record: %v", err)
	}
	if len(capture.Tracks) == 0 || capture.Recorder == "" {
		t.Fatalf("Record = %+v, want a recorder and at least one track", capture)
	}
	rec := recording.Recording{
		ID: id, PBX: b.pbx.Name, Channel: c.Name, UniqueID: c.UniqueID, Extension: c.Extension,
		Recorder: capture.Recorder, Handle: capture.Handle, Tracks: capture.Tracks, State: recording.Running,
	}
	f, err := b.pbx.Spool.Open(rec.Tracks[0].File) // the contract: the first file was seen
	if err != nil {
		t.Fatalf("after Record, spool file %s: %v", rec.Tracks[0].File, err)
	}
	closeFile(t, f)
	return rec
}

func closeFile(t testing.TB, c io.Closer) {
	t.Helper()
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

// sounds checks that the tracks together hold both voices, and that one track
// of two holds one.
func (b *bench) sounds(t testing.TB, rec recording.Recording, own, other string) {
	t.Helper()
	for _, track := range rec.Tracks {
		f, err := b.pbx.Spool.Open(track.File)
		if err != nil {
			t.Fatalf("spool file: %v", err)
		}
		info, err := f.Stat()
		if err != nil {
			t.Fatal(err)
		}
		ownShare := b.hear(t, f, info.Size(), b.Tone(own))
		otherShare := b.hear(t, f, info.Size(), b.Tone(other))
		wantOwn, wantOther := track.Voice != recording.Heard, track.Voice != recording.Spoken
		if (ownShare > 0.1) != wantOwn || (otherShare > 0.1) != wantOther {
			t.Errorf("track %s (%s): share of %s %.2f, of %s %.2f", track.File, track.Voice, own, ownShare, other, otherShare)
		}
		closeFile(t, f)
	}
}

func gone(spool recording.Spool, name string) bool {
	f, err := spool.Open(name)
	if err == nil {
		return f.Close() != nil
	}
	return errors.Is(err, fs.ErrNotExist)
}
