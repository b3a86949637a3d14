package recorder_test

import (
	"context"
	"fmt"
	"io"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"recgate/recorder"
	"recgate/recording"
)

// stalledBlobs takes recordings and does not say that it has them.
type stalledBlobs struct {
	recording.Blobs
	stalls atomic.Bool
	puts   atomic.Int32 // under way
}

func (b *stalledBlobs) Put(ctx context.Context, key string, r io.Reader) (int64, error) {
	if !b.stalls.Load() {
		return b.Blobs.Put(ctx, key, r)
	}
	b.puts.Add(1)
	defer b.puts.Add(-1)
	return 0, stall(ctx)
}

func (b *stalledBlobs) Open(ctx context.Context, key string) (io.ReadSeekCloser, int64, error) {
	if !b.stalls.Load() {
		return b.Blobs.Open(ctx, key)
	}
	return nil, 0, stall(ctx)
}

func stall(ctx context.Context) error {
	<-ctx.Done()
	return &recording.Error{Code: recording.Unavailable, Msg: "the archive did not answer in time", Err: ctx.Err()}
}

// inStalledOffice runs a test while ten recordings are on their way into an
// archive that does not answer, and leftovers are to be compared with it.
func inStalledOffice(t *testing.T, o recorder.Options, test func(t *testing.T, of *office)) {
	synctest.Test(t, func(t *testing.T) {
		of := newClosedOffice()
		stalled := &stalledBlobs{Blobs: of.blobs}
		of.archive = stalled
		of.open(t, o)
		rec := finished(t, of, "before", time.Second)
		of.pbx.Leave(recording.MixedFile(rec.ID), time.Second)
		stalled.stalls.Store(true)
		for n := range 10 {
			caller, _ := of.pbx.Call(t, fmt.Sprint(500+2*n), fmt.Sprint(501+2*n))
			of.start(t, caller, "stalled")
			of.pbx.Pass(time.Second)
			of.pbx.Hangup(t, caller)
		}
		synctest.Wait()
		if n := stalled.puts.Load(); n == 0 || n > 8 {
			t.Fatalf("%d recordings are put into the archive at once", n)
		}
		test(t, of)
	})
}

func TestHangupBehindASlowArchive(t *testing.T) {
	inStalledOffice(t, recorder.Options{}, func(t *testing.T, of *office) {
		caller, _ := of.pbx.Call(t, "410", "411")
		rec := of.start(t, "410", "22")
		of.pbx.Hangup(t, caller)
		time.Sleep(100 * time.Millisecond)
		if got, err := of.store.Get(t.Context(), rec.ID); err != nil || got.State != recording.Collecting || got.InProgress() {
			t.Errorf("after the hangup it is %s, in progress %v, %v", got.State, got.InProgress(), err)
		}
	})
}

func TestMaxLengthBehindASlowArchive(t *testing.T) {
	inStalledOffice(t, recorder.Options{MaxLength: time.Minute}, func(t *testing.T, of *office) {
		of.pbx.Call(t, "410", "411")
		rec := of.start(t, "410", "22")
		time.Sleep(time.Minute + 100*time.Millisecond)
		if got, err := of.store.Get(t.Context(), rec.ID); err != nil || got.Reason.String() != "reached max_seconds" {
			t.Errorf("it is %s (%s), %v", got.State, got.Reason, err)
		}
	})
}

// A missed hangup is what a sweep finds, and the first thing after a connection.
func TestSweepBehindASlowArchive(t *testing.T) {
	for name, after := range map[string]func(of *office){
		"a sweep": func(*office) { time.Sleep(25 * time.Second) },
		"a connection": func(of *office) {
			of.pbx.Disconnect()
			of.pbx.Connect()
			time.Sleep(100 * time.Millisecond)
		},
	} {
		t.Run(name, func(t *testing.T) {
			inStalledOffice(t, recorder.Options{}, func(t *testing.T, of *office) {
				time.Sleep(3 * time.Minute) // those who look after the files have come to the archive, too
				caller, _ := of.pbx.Call(t, "410", "411")
				rec := of.start(t, "410", "22")
				of.pbx.HangupUnseen(t, caller)
				after(of)
				if got, err := of.store.Get(t.Context(), rec.ID); err != nil || got.State != recording.Collecting || got.InProgress() {
					t.Errorf("it is %s (%s), in progress %v, %v", got.State, got.Reason, got.InProgress(), err)
				}
			})
		})
	}
}

// However many recordings of a tag are on their way, a caller waits once.
func TestRetrieveWaitsOnce(t *testing.T) {
	inStalledOffice(t, recorder.Options{}, func(t *testing.T, of *office) {
		began := time.Now()
		_, err := of.Retrieve(t.Context(), recording.RetrieveRequest{Key: "stalled", Actor: recording.Actor{Username: "fred"}})
		refused(t, err, recording.NotReady, "still being collected")
		if took := time.Since(began); took > 3100*time.Millisecond {
			t.Errorf("the caller waited for %v", took)
		}
	})
}

// The wait for the newest does not hide that an older one is ready.
func TestRetrieveOlderThanOneThatIsStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		of := newClosedOffice()
		slow := &slowBlobs{Blobs: of.blobs}
		of.archive = slow
		of.open(t, recorder.Options{})
		older, _ := of.pbx.Call(t, "410", "411")
		of.start(t, older, "22")
		of.pbx.Pass(time.Second)
		slow.before(func() { time.Sleep(2 * time.Second) }, func() { time.Sleep(time.Hour) })
		of.pbx.Hangup(t, older)
		synctest.Wait()
		newer, _ := of.pbx.Call(t, "410", "411")
		of.start(t, newer, "22")
		of.pbx.Pass(2 * time.Second)
		of.pbx.Hangup(t, newer)
		synctest.Wait()
		if wav := of.retrieve(t, "22"); len(wav) != 44+16000 {
			t.Errorf("%d bytes, want the older recording: the newer one is stuck", len(wav))
		}
		time.Sleep(2 * time.Hour)
	})
}
