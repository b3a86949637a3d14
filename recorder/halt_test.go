package recorder_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"recgate/internal/office"
	"recgate/recording"
)

// stubborn is a PBX whose Stop does as it is told to.
type stubborn struct {
	recording.Recorder
	stop func(ctx context.Context, r recording.Recording) error
}

func (s *stubborn) Stop(ctx context.Context, r recording.Recording) error {
	if s.stop == nil {
		return s.Recorder.Stop(ctx, r)
	}
	return s.stop(ctx, r)
}

// inStubbornOffice runs a test whose pbx1 has a Stop of the test's own.
func inStubbornOffice(t *testing.T, test func(t *testing.T, of *office.Office, p *stubborn)) {
	synctest.Test(t, func(t *testing.T) {
		of := office.New()
		p := &stubborn{}
		of.Around = func(inner recording.PBX) recording.PBX {
			p.Recorder, inner.Recorder = inner.Recorder, p
			return inner
		}
		of.Open(t, office.Options{})
		test(t, of, p)
	})
}

var errNoAnswer = &recording.Error{Code: recording.Unavailable, Msg: "no answer", Err: recording.ErrUncertain}

func TestStopIsWrittenBeforeItIsAsked(t *testing.T) {
	inStubbornOffice(t, func(t *testing.T, of *office.Office, p *stubborn) {
		of.PBX.Call(t, "410", "411")
		rec := of.Record(t, "410", "22")
		of.PBX.Pass(time.Second)
		p.stop = func(ctx context.Context, r recording.Recording) error {
			row, err := of.Store.Get(ctx, r.ID)
			if err != nil || row.State != recording.Collecting || row.Reason.String() != "stopped by request" || r.Handle != rec.Handle {
				t.Errorf("when the PBX is asked the row is %s (%s), %v", row.State, row.Reason, err)
			}
			return p.Recorder.Stop(ctx, r)
		}
		if _, err := of.Stop(t.Context(), recording.StopRequest{Target: "410", Actor: recording.Actor{Remote: "192.0.2.9"}}); err != nil {
			t.Fatal(err)
		}
		of.AwaitSettled(t, rec.ID)
		if lines := of.Story(t, rec.ID); !slices.Contains(lines, "collecting: stopped by request (asked for by 192.0.2.9) [stopped]") {
			t.Errorf("the story does not tell who stopped it: %q", lines)
		}
	})
}

// A process that died between the row and the PBX has stopped nothing. Who
// starts before the next look at what is unfinished gets one recording.
func TestStartAfterAnInterruptedStop(t *testing.T) {
	inStubbornOffice(t, func(t *testing.T, of *office.Office, p *stubborn) {
		of.PBX.Call(t, "410", "411")
		rec := of.Record(t, "410", "22")
		of.PBX.Pass(2 * time.Second)
		died := recording.Step{To: recording.Collecting, Reason: recording.Reason{Code: recording.ReasonStopped}, At: time.Now(), StoppedAt: time.Now()}
		if err := of.Store.Advance(t.Context(), rec.ID, died); err != nil {
			t.Fatal(err)
		}
		p.stop = func(context.Context, recording.Recording) error { return errNoAnswer }
		_, err := of.Start(t.Context(), recording.StartRequest{Target: "410", Tag: "23"})
		office.WantRefusal(t, err, recording.Unavailable, "no answer")
		p.stop = nil
		next := of.Record(t, "410", "23")
		if stops := of.PBX.Stops(); next.ID == rec.ID || !slices.Equal(stops, []recording.ID{rec.ID}) {
			t.Fatalf("%s was started after %s, and the PBX stopped %v", next.ID, rec.ID, stops)
		}
		of.PBX.Pass(2 * time.Second)
		of.Halt(t, "410")
		of.PBX.Pass(time.Second)
		for _, id := range []recording.ID{rec.ID, next.ID} {
			if got := of.AwaitSettled(t, id); got.State != recording.Ready {
				t.Errorf("%s is %s (%s)", id, got.State, got.Reason)
			}
		}
	})
}

func TestStopThatThePBXDoesNotDo(t *testing.T) {
	inStubbornOffice(t, func(t *testing.T, of *office.Office, p *stubborn) {
		of.PBX.Call(t, "410", "411")
		rec := of.Record(t, "410", "22")
		of.PBX.Pass(time.Second)
		p.stop = func(context.Context, recording.Recording) error { return errNoAnswer }
		_, err := of.Stop(t.Context(), recording.StopRequest{Target: "410"})
		office.WantRefusal(t, err, recording.Unavailable, "no answer")
		got, err := of.Store.Get(t.Context(), rec.ID)
		if err != nil || got.State != recording.Running || got.Reason.String() != "stopped by request, and the PBX did not confirm it" {
			t.Fatalf("it is %s (%s), %v; want it running", got.State, got.Reason, err)
		}
		p.stop = nil
		of.PBX.Pass(time.Second)
		if got := of.Halt(t, "410"); got.ID != rec.ID {
			t.Errorf("the second stop ended %s", got.ID)
		}
		if got := of.AwaitSettled(t, rec.ID); got.State != recording.Ready || got.Duration != 2*time.Second || got.Reason.String() != "stopped by request" {
			t.Errorf("it is %s (%s) of %v", got.State, got.Reason, got.Duration)
		}
	})
}

// The answer was lost, not the stop.
func TestStopThatThePBXDidAllTheSame(t *testing.T) {
	inStubbornOffice(t, func(t *testing.T, of *office.Office, p *stubborn) {
		of.PBX.Call(t, "410", "411")
		rec := of.Record(t, "410", "22")
		of.PBX.Pass(time.Second)
		p.stop = func(ctx context.Context, r recording.Recording) error {
			if err := p.Recorder.Stop(ctx, r); err != nil {
				t.Error(err)
			}
			return errNoAnswer
		}
		_, err := of.Stop(t.Context(), recording.StopRequest{Target: "410"})
		office.WantRefusal(t, err, recording.Unavailable, "no answer")
		time.Sleep(20 * time.Second)
		if got := of.AwaitSettled(t, rec.ID); got.State != recording.Ready || got.Reason.String() != "stopped by request" {
			t.Errorf("it is %s (%s)", got.State, got.Reason)
		}
	})
}

// A crash came between the row and the stop: what is written is done, and the
// recording is whole.
func TestStopInterruptedByACrash(t *testing.T) {
	for _, away := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			of := office.New()
			end := of.Open(t, office.Options{})
			caller, _ := of.PBX.Call(t, "410", "411")
			rec := of.Record(t, "410", "22")
			of.PBX.Pass(time.Second)
			end()
			step := recording.Step{To: recording.Collecting, Reason: recording.Reason{Code: recording.ReasonStopped}, At: time.Now(), StoppedAt: time.Now()}
			if err := of.Store.Advance(t.Context(), rec.ID, step); err != nil {
				t.Fatal(err)
			}
			if away {
				of.PBX.Disconnect()
			}
			of.Open(t, office.Options{})
			if away {
				if got := of.AwaitSettled(t, rec.ID); got.State != recording.Collecting {
					t.Errorf("while the PBX writes on and is away it is %s (%s)", got.State, got.Reason)
				}
				of.PBX.Pass(time.Second)
				of.PBX.Connect()
			}
			got := of.AwaitSettled(t, rec.ID)
			want := time.Second
			if away {
				want = 2 * time.Second
			}
			if got.State != recording.Ready || got.Duration != want || len(of.PBX.Stops()) != 1 {
				t.Errorf("PBX away %v: it is %s (%s) of %v, stops %v", away, got.State, got.Reason, got.Duration, of.PBX.Stops())
			}
			of.PBX.Hangup(t, caller)
		})
	}
}

func TestMaxLength(t *testing.T) {
	office.In(t, office.Options{MaxLength: time.Minute}, func(t *testing.T, of *office.Office) {
		caller, _ := of.PBX.Call(t, "410", "411")
		rec := of.Record(t, caller, "22")
		of.PBX.Pass(time.Second)
		time.Sleep(59 * time.Second)
		if got, err := of.Store.Get(t.Context(), rec.ID); err != nil || got.State != recording.Running {
			t.Fatalf("after 59 s: %s (%s), %v", got.State, got.Reason, err)
		}
		time.Sleep(2 * time.Second)
		if got := of.AwaitSettled(t, rec.ID); got.State != recording.Ready || got.Reason.String() != "reached max_seconds" || len(of.PBX.Stops()) != 1 ||
			got.StoppedAt.Sub(got.StartedAt) > 61*time.Second {
			t.Errorf("after 61 s: %s (%s), stopped %v after %v", got.State, got.Reason, of.PBX.Stops(), got.StoppedAt.Sub(got.StartedAt))
		}
		if again := of.Record(t, caller, "22"); again.ID == rec.ID {
			t.Error("the channel cannot be recorded again")
		}
	})
}

// The limit counts from the row: a restart changes nothing, and a PBX that is
// away is asked when it is back.
func TestMaxLengthAfterARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		of := office.New()
		o := office.Options{MaxLength: time.Minute}
		end := of.Open(t, o)
		of.PBX.Call(t, "410", "411")
		rec := of.Record(t, "410", "22")
		of.PBX.Pass(time.Second)
		time.Sleep(50 * time.Second)
		end()
		of.Open(t, o)
		of.PBX.Disconnect()
		if got := of.AwaitSettled(t, rec.ID); got.State != recording.Running {
			t.Errorf("while the PBX is away: %s (%s)", got.State, got.Reason)
		}
		time.Sleep(time.Minute)
		of.WantUnexplained(t, [2]string{"record", "for longer than max_seconds allows"})
		of.PBX.Connect()
		if got := of.AwaitSettled(t, rec.ID); got.State != recording.Ready || got.Reason.String() != "reached max_seconds" {
			t.Errorf("when it is back: %s (%s)", got.State, got.Reason)
		}
	})
}

func TestNoMaxLength(t *testing.T) {
	office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
		of.PBX.Call(t, "410", "411")
		rec := of.Record(t, "410", "22")
		time.Sleep(48 * time.Hour)
		if got := of.AwaitSettled(t, rec.ID); got.State != recording.Running {
			t.Errorf("after two days: %s (%s)", got.State, got.Reason)
		}
	})
}

// A start is refused where there is no room, with what Room says, and leaves
// no row; a recording that runs gets its tag all the same.
func TestStartWithoutRoomIsRefused(t *testing.T) {
	var full error
	office.In(t, office.Options{Room: func(string) error { return full }}, func(t *testing.T, of *office.Office) {
		of.PBX.Call(t, "410", "411")
		of.PBX.Call(t, "500", "501")
		rec := of.Record(t, "410", "22")
		full = recording.Errorf(recording.Unavailable, "the disk is full")
		_, err := of.Start(t.Context(), recording.StartRequest{Target: "500", Tag: "23"})
		office.WantRefusal(t, err, recording.Unavailable, "the disk is full")
		if list, err := of.Store.ByTag(t.Context(), "23", 9); err != nil || len(list) > 0 || of.PBX.Records() != 1 {
			t.Errorf("a refused start left %v, %v, and asked the PBX %d times", list, err, of.PBX.Records())
		}
		if again := of.Record(t, "410", "24"); again.ID != rec.ID {
			t.Errorf("the running recording was not found: %s", again.ID)
		}
	})
}
