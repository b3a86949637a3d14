package recorder_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"recgate/internal/office"
	"recgate/recording"
)

func TestStartWritesTheRowBeforeThePBXIsAsked(t *testing.T) {
	office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
		of.PBX.Call(t, "410", "411")
		release := of.PBX.Hold()
		done := make(chan struct{})
		go func() { defer close(done); of.Record(t, "410", "22") }()
		synctest.Wait()
		rows, err := of.Store.ByTag(t.Context(), "22", 10)
		if err != nil || len(rows) != 1 || rows[0].State != recording.Starting {
			t.Errorf("while the PBX is asked: %+v, %v; want one row in starting", rows, err)
		}
		release()
		<-done
	})
}

func TestStart(t *testing.T) {
	office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
		caller, callee := of.PBX.Call(t, "410", "411")
		rec := of.Record(t, " 410 ", " O'Brien, 22 <é> ")
		if rec.State != recording.Running || rec.UniqueID != caller || rec.Tag() != "O'Brien, 22 <é>" || rec.Extension != "410" {
			t.Errorf("started %+v", rec)
		}
		got, err := of.Store.Get(t.Context(), rec.ID)
		if err != nil || got.State != recording.Running || got.Handle == "" || got.AskedBy != "192.0.2.7" || len(got.Call.Parties) != 2 {
			t.Errorf("row %+v, %v", got, err)
		}
		other := of.Record(t, callee, "23")
		if other.UniqueID != callee || other.ID == rec.ID {
			t.Errorf("start by unique id recorded %+v", other)
		}
	})
}

func TestStartAgainAddsTheTag(t *testing.T) {
	office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
		caller, _ := of.PBX.Call(t, "410", "411")
		first := of.Record(t, "410", "22")
		for _, again := range []struct{ target, tag string }{{"410", "23"}, {caller, "24"}, {"410", ""}, {"410", "22"}} {
			if rec := of.Record(t, again.target, again.tag); rec.ID != first.ID {
				t.Errorf("start(%v) made a second recording", again)
			}
		}
		if of.PBX.Records() != 1 {
			t.Errorf("the PBX was asked %d times, want once", of.PBX.Records())
		}
		got, err := of.Store.Get(t.Context(), first.ID)
		if err != nil || strings.Join(got.Tags, " ") != "23 24 22" {
			t.Errorf("tags %q, %v; want all three, the newest last", got.Tags, err)
		}
	})
}

func TestSimultaneousStartsMakeOneRecording(t *testing.T) {
	office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
		caller, _ := of.PBX.Call(t, "410", "411")
		release := of.PBX.Hold()
		var wg sync.WaitGroup
		for _, tag := range []string{"a", "b", "c", "d"} {
			wg.Go(func() { of.Record(t, "410", tag) })
		}
		synctest.Wait()
		release()
		wg.Wait()
		if rows := of.OnChannel(t, caller); len(rows) != 1 || len(rows[0].Tags) != 4 {
			t.Errorf("%+v; want one recording with four tags", rows)
		}
	})
}

func TestStartGoesOnWhenTheCallerLeaves(t *testing.T) {
	office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
		of.PBX.Call(t, "410", "411")
		release := of.PBX.Hold()
		ctx, leave := context.WithCancel(t.Context())
		done := make(chan error)
		go func() {
			_, err := of.Start(ctx, recording.StartRequest{Target: "410", Tag: "22"})
			done <- err
		}()
		synctest.Wait()
		leave()
		synctest.Wait()
		release()
		if err := <-done; err != nil {
			t.Errorf("Start = %v, want it finished although the caller left", err)
		}
		rows, err := of.Store.ByTag(t.Context(), "22", 1)
		if err != nil || len(rows) != 1 || rows[0].State != recording.Running {
			t.Errorf("%+v, %v; want the recording known and running", rows, err)
		}
	})
}

func TestStartRefusals(t *testing.T) {
	office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
		of.PBX.Call(t, "410", "411")
		of.Second.Call(t, "500", "411")
		for _, tt := range []struct {
			name  string
			r     recording.StartRequest
			code  recording.Code
			words string
		}{
			{"missing extenOrUniqueId", recording.StartRequest{}, recording.Invalid, "extenOrUniqueId is missing or empty: give an extension such as 410 or a unique id such as 12347811.214"},
			{"no such extension", recording.StartRequest{Target: "999"}, recording.NotFound, `"999"`},
			{"prefix of an extension", recording.StartRequest{Target: "41"}, recording.NotFound, `"41"`},
			{"longer than an extension", recording.StartRequest{Target: "4100"}, recording.NotFound, `"4100"`},
			{"no such unique id", recording.StartRequest{Target: "12347811.214"}, recording.NotFound, `unique id "12347811.214"`},
			{"live on two PBXs", recording.StartRequest{Target: "411"}, recording.Conflict, "pbx1 and pbx2"},
			{"unknown PBX", recording.StartRequest{Target: "410", PBX: "nope"}, recording.Invalid, `"nope"`},
			{"other PBX", recording.StartRequest{Target: "410", PBX: "pbx2"}, recording.NotFound, `"410"`},
			{"wrong technology", recording.StartRequest{Target: "IAX2/410"}, recording.NotFound, `"IAX2/410"`},
			{"line break in the tag", recording.StartRequest{Target: "410", Tag: "22\r\nAction: Command"}, recording.Invalid, "tag"},
			{"line break at the end of the tag", recording.StartRequest{Target: "410", Tag: "22\n"}, recording.Invalid, "tag"},
			{"NUL in the tag", recording.StartRequest{Target: "410", Tag: "22\x00"}, recording.Invalid, "tag"},
			{"256 characters in the tag", recording.StartRequest{Target: "410", Tag: strings.Repeat("é", 256)}, recording.Invalid, "256 characters"},
			{"tag that is not text", recording.StartRequest{Target: "410", Tag: "\xff"}, recording.Invalid, "tag"},
		} {
			office.RunCase(t, tt.name, func() {
				_, err := of.Start(t.Context(), tt.r)
				office.WantRefusal(t, err, tt.code, tt.words)
			})
		}
		if n := of.PBX.Records() + of.Second.Records(); n != 0 {
			t.Errorf("a PBX was asked %d times", n)
		}
		sums, err := of.Store.Sums(t.Context(), time.Time{}, time.Now().Add(time.Hour))
		if err != nil || len(sums) != 0 {
			t.Errorf("rows %v, %v; want none written", sums, err)
		}
	})
}

// Two PBXs that began in the same second give the same unique ids. While one is
// away its call is not taken for the other's.
func TestUniqueIDOfThePBXThatIsAway(t *testing.T) {
	office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
		here, _ := of.PBX.Call(t, "410", "411")
		of.Second.Add(recording.Channel{Name: "SIP/500-00000001", UniqueID: here, LinkedID: here, Extension: "500", State: recording.Up})
		of.PBX.Disconnect()
		_, err := of.Start(t.Context(), recording.StartRequest{Target: here})
		office.WantRefusal(t, err, recording.Unavailable, "not connected")
		if _, err := of.Start(t.Context(), recording.StartRequest{Target: "pbx2/" + here}); err != nil {
			t.Errorf("on the other PBX by name: %v", err)
		}
	})
}

func TestStartChoosesThePBX(t *testing.T) {
	office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
		of.PBX.Call(t, "410", "411")
		of.Second.Call(t, "410", "411")
		for _, r := range []recording.StartRequest{{Target: "pbx2/410"}, {Target: "410", PBX: "pbx2"}, {Target: "pbx2/SIP/410"}} {
			rec, err := of.Start(t.Context(), r)
			if err != nil || rec.PBX != "pbx2" {
				t.Errorf("Start(%+v) = %s, %v; want pbx2", r, rec.PBX, err)
			}
		}
	})
}

func TestStartWithAPBXAway(t *testing.T) {
	office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
		of.PBX.Call(t, "410", "411")
		of.Second.Disconnect()
		of.Record(t, "410", "22") // found: the other one does not matter
		_, err := of.Start(t.Context(), recording.StartRequest{Target: "999"})
		office.WantRefusal(t, err, recording.Unavailable, "not connected")
		of.Second.Connect()
		_, err = of.Start(t.Context(), recording.StartRequest{Target: "999"})
		office.WantRefusal(t, err, recording.NotFound, "999")
	})
}

func TestStartRefusedByThePBXIsExplained(t *testing.T) {
	office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
		of.PBX.Call(t, "410", "411")
		of.PBX.Refuse(recording.Errorf(recording.Unavailable, "the file did not appear in the spool"))
		_, err := of.Start(t.Context(), recording.StartRequest{Target: "410", Tag: "22"})
		office.WantRefusal(t, err, recording.Unavailable, "did not appear")
		rows, err := of.Store.ByTag(t.Context(), "22", 1)
		if err != nil || len(rows) != 1 || rows[0].State != recording.Failed || !strings.Contains(rows[0].Reason.String(), "did not appear") {
			t.Errorf("%+v, %v; want one failed row with the reason", rows, err)
		}
		if again := of.Record(t, "410", "22"); again.State != recording.Running {
			t.Errorf("the next start: %+v", again)
		}
	})
}

func TestStartWithTheDatabaseAwayAsksNothing(t *testing.T) {
	office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
		of.PBX.Call(t, "410", "411")
		of.Store.Break("Add")
		_, err := of.Start(t.Context(), recording.StartRequest{Target: "410"})
		if recording.CodeOf(err) != recording.Unavailable || of.PBX.Records() != 0 {
			t.Errorf("Start = %v, PBX asked %d times; want Unavailable and nothing asked", err, of.PBX.Records())
		}
		of.Store.Repair()
		of.Record(t, "410", "22")
	})
}

// A start whose confirmation could not be written is taken over by the next
// start, not made twice.
func TestStartUnconfirmedIsTakenOver(t *testing.T) {
	office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
		of.PBX.Call(t, "410", "411")
		of.Store.Break("Advance")
		_, err := of.Start(t.Context(), recording.StartRequest{Target: "410", Tag: "22"})
		if recording.CodeOf(err) != recording.Unavailable {
			t.Fatalf("Start = %v, want Unavailable", err)
		}
		of.Store.Repair()
		rec := of.Record(t, "410", "23")
		if of.PBX.Records() != 1 || strings.Join(rec.Tags, " ") != "22 23" {
			t.Errorf("PBX asked %d times, tags %q; want once and both tags", of.PBX.Records(), rec.Tags)
		}
	})
}

// A start is not answered with success because of a row: the PBX must record.
// After a restart within a second Asterisk gives old unique ids to new calls.
func TestStartWhenThePBXHasForgotten(t *testing.T) {
	office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
		of.PBX.Call(t, "410", "411")
		first := of.Record(t, "410", "22")
		of.PBX.Pass(time.Second)
		of.PBX.Forget()
		second := of.Record(t, "410", "23")
		if second.ID == first.ID || of.PBX.Records() != 2 {
			t.Errorf("PBX asked %d times, want a second recording", of.PBX.Records())
		}
		if got := of.AwaitSettled(t, first.ID); got.State != recording.Ready || got.Duration != time.Second {
			t.Errorf("what the PBX forgot: %s (%s), %v", got.State, got.Reason, got.Duration)
		}
	})
}

func TestStartUncertainIsSettledByThePBX(t *testing.T) {
	office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
		of.PBX.Call(t, "410", "411")
		release := of.PBX.Hold() // longer than the start's own deadline
		defer release()
		began := time.Now()
		_, err := of.Start(t.Context(), recording.StartRequest{Target: "410", Tag: "22"})
		office.WantRefusal(t, err, recording.Unavailable, "did not answer")
		if waited := time.Since(began); waited > 5*time.Second {
			t.Errorf("refused after %v, want within 5 s", waited)
		}
		time.Sleep(time.Minute)
		rows, err := of.Store.ByTag(t.Context(), "22", 1)
		if err != nil || len(rows) != 1 || rows[0].State != recording.Failed {
			t.Errorf("%+v, %v; want the row settled as failed", rows, err)
		}
	})
}

func TestWhichChannelIsRecorded(t *testing.T) {
	now := time.Now()
	up := recording.Channel{Name: "SIP/410", Extension: "410", State: recording.Up}
	with := func(change func(*recording.Channel)) recording.Channel {
		c := up
		change(&c)
		return c
	}
	bridged := func(c *recording.Channel) { c.Bridge = "b" }
	for _, tt := range []struct {
		name        string
		want, other recording.Channel
	}{
		{"bridged before up", with(bridged), with(func(c *recording.Channel) { c.AnsweredAt = now })},
		{"up before ringing", up, with(func(c *recording.Channel) { c.State = recording.Ringing })},
		{"not on hold before on hold", with(bridged), with(func(c *recording.Channel) { bridged(c); c.OnHold, c.AnsweredAt = true, now })},
		{"the newest answer", with(func(c *recording.Channel) { bridged(c); c.AnsweredAt = now }), with(func(c *recording.Channel) { bridged(c); c.AnsweredAt = now.Add(-time.Hour) })},
		{"a device before a Local half", with(bridged), with(func(c *recording.Channel) { bridged(c); c.Name, c.AnsweredAt = "Local/410@phones-00000001;2", now })},
		{"held but bridged before up", with(func(c *recording.Channel) { bridged(c); c.OnHold = true }), up},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, first := range []bool{true, false} {
				office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
					var want string
					if first {
						want = of.PBX.Add(tt.want).UniqueID
					}
					of.PBX.Add(tt.other)
					if !first {
						want = of.PBX.Add(tt.want).UniqueID
					}
					if rec := of.Record(t, "410", ""); rec.UniqueID != want {
						t.Errorf("recorded %s (%s), want %s", rec.UniqueID, rec.Channel, want)
					}
				})
			}
		})
	}
}

func TestUniqueIDWinsOverExtension(t *testing.T) {
	office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
		of.Second.Add(recording.Channel{Name: "SIP/12347811.214-00000001", Extension: "12347811.214", State: recording.Up, Bridge: "b"})
		want := of.PBX.Add(recording.Channel{Name: "SIP/500", Extension: "500", State: recording.Up, UniqueID: "12347811.214"})
		if rec := of.Record(t, "12347811.214", ""); rec.PBX != "pbx1" || rec.UniqueID != want.UniqueID || rec.Extension != "500" {
			t.Errorf("recorded %+v, want the channel with that unique id", rec)
		}
	})
}
