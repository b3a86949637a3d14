package recorder_test

import (
	"context"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"recgate/audio"
	"recgate/recorder"
	"recgate/recording"
	"recgate/recording/recordingtest"
)

// office is a service on fakes that runs, inside a bubble of its own time.
type office struct {
	*recorder.Service
	store  *recordingtest.Store
	blobs  *recordingtest.Blobs
	pbx    *recordingtest.PBX
	around func(recording.PBX) recording.PBX // what the service gets instead of pbx; may be nil
	second *recordingtest.PBX

	archive recording.Blobs // what the service gets instead of blobs; may be nil
}

// inOffice runs a test against a service with the PBXs pbx1 and pbx2.
func inOffice(t *testing.T, o recorder.Options, test func(t *testing.T, of *office)) {
	synctest.Test(t, func(t *testing.T) {
		of := newClosedOffice()
		of.open(t, o)
		test(t, of)
	})
}

// newClosedOffice is an office whose service does not run yet.
func newClosedOffice() *office {
	return &office{
		store: recordingtest.NewStore(), blobs: recordingtest.NewBlobs(),
		pbx: recordingtest.NewPBX("pbx1"), second: recordingtest.NewPBX("pbx2"),
	}
}

// open starts a service on the office's stores, and returns what ends it.
func (of *office) open(t *testing.T, o recorder.Options) (end func()) {
	first := of.pbx.PBX()
	if of.around != nil {
		first = of.around(first)
	}
	blobs := recording.Blobs(of.blobs)
	if of.archive != nil {
		blobs = of.archive
	}
	of.Service = recorder.NewService(recording.PBXs{first, of.second.PBX()}, of.store, blobs, audio.Files{}, o)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	service := of.Service
	go func() {
		defer close(done)
		if err := service.Run(ctx); err != nil {
			t.Errorf("Run: %v", err)
		}
	}()
	synctest.Wait()
	end = func() {
		cancel()
		<-done
	}
	t.Cleanup(end)
	return end
}

func (of *office) start(t *testing.T, target, tag string) recording.Recording {
	t.Helper()
	rec, err := of.Start(t.Context(), recording.StartRequest{Target: target, Tag: tag, Actor: recording.Actor{Remote: "192.0.2.7"}})
	if err != nil {
		t.Fatalf("Start(%q, %q): %v", target, tag, err)
	}
	return rec
}

func (of *office) stop(t *testing.T, target string) recording.Recording {
	t.Helper()
	rec, err := of.Stop(t.Context(), recording.StopRequest{Target: target})
	if err != nil {
		t.Fatalf("Stop(%q): %v", target, err)
	}
	return rec
}

// rows returns the whole recordings of a channel, the newest first.
func (of *office) rows(t *testing.T, uniqueID string) []recording.Recording {
	t.Helper()
	found, err := of.store.ByUniqueID(t.Context(), uniqueID, 10)
	if err != nil {
		t.Fatal(err)
	}
	var rows []recording.Recording
	for _, c := range found {
		rows = append(rows, of.state(t, c.ID))
	}
	return rows
}

// state waits until a recording has been brought as far as it goes for now.
func (of *office) state(t *testing.T, id recording.ID) recording.Recording {
	t.Helper()
	time.Sleep(15 * time.Second) // of the bubble
	rec, err := of.store.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

func (of *office) retrieve(t *testing.T, tag string) []byte {
	t.Helper()
	a, err := of.Retrieve(t.Context(), recording.RetrieveRequest{Key: tag, Actor: recording.Actor{Username: "fred", Remote: "192.0.2.7"}})
	if err != nil {
		t.Fatalf("Retrieve(%q): %v", tag, err)
	}
	return read(t, a)
}

func read(t *testing.T, a *recording.Audio) []byte {
	t.Helper()
	defer func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}()
	wav, err := io.ReadAll(a)
	if err != nil {
		t.Fatal(err)
	}
	if int64(len(wav)) != a.Bytes {
		t.Errorf("%d bytes, announced %d", len(wav), a.Bytes)
	}
	return wav
}

// refused checks that an error has a code and a message that holds the words.
func refused(t *testing.T, err error, code recording.Code, words string) {
	t.Helper()
	if recording.CodeOf(err) != code || !contains(recording.Message(err), words) {
		t.Errorf("error %v (code %d), want code %d and %q", err, recording.CodeOf(err), code, words)
	}
}

// inCase runs one case of a table inside a bubble, where there are no
// subtests, and names it when it fails.
func inCase(t *testing.T, name string, check func()) {
	t.Helper()
	before := t.Failed()
	check()
	if t.Failed() && !before {
		t.Errorf("the first to fail is the case %q", name)
	}
}
