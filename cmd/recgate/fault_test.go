package main

import (
	"context"
	"database/sql"
	"html"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"recgate/asterisk/sim"
	"recgate/config"
	waiting "recgate/internal/await"
	"recgate/recording"
)

// awaitKnown demands that recgate has a row for everything that it asked the PBX to
// record, and that all of them come to an end once the calls are over.
func (o *office) awaitKnown(t *testing.T) {
	t.Helper()
	for _, a := range o.sim.Actions() {
		if name := a.Get("Action"); name != "MixMonitor" && name != "Monitor" {
			continue
		}
		file := strings.TrimSuffix(a.Get("File"), ".wav")
		id, err := recording.ParseID(file[strings.LastIndexByte(file, '/')+1:])
		if err != nil {
			t.Errorf("recorded into %q: %v", a.Get("File"), err)
			continue
		}
		await(t, "the row of "+file+" to be settled", func() bool {
			rec, err := o.db.Get(t.Context(), id)
			return err == nil && rec.State.Final()
		})
	}
}

// TestFaultsOfThePBX: each makes a start fail in time, in words that say
// which; after it ends the next start works, without a restart of anything.
func TestFaultsOfThePBX(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		do   []sim.Misbehaviour
		says string
	}{
		{"away", []sim.Misbehaviour{{Kind: sim.Away}}, `the PBX "pbx1" is not connected`},
		{"login refused", []sim.Misbehaviour{{Kind: sim.Refuse}, {Kind: sim.Drop}}, `the PBX "pbx1" refuses the login: check username, secret`},
		{"right missing", []sim.Misbehaviour{{Kind: sim.Deny, Action: "MixMonitor"}}, `may not use MixMonitor: add "system" to its write line`},
		{"full disk", []sim.Misbehaviour{{Kind: sim.Full}}, "its file stays empty"},
		{"module missing", []sim.Misbehaviour{{Kind: sim.Unload, Module: "format_wav"}}, `has not loaded the module "format_wav.so"`},
		{"no file", []sim.Misbehaviour{{Kind: sim.NoFile}}, "its file did not appear"},
		{"stalled", []sim.Misbehaviour{{Kind: sim.Stall}}, `the PBX "pbx1" did not answer in time`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, 22, nil)
			call := o.call(t, "410", "411")
			for _, m := range tt.do {
				o.sim.Misbehave(m)
			}
			fault := ""
			await(t, "a fault that says which", func() bool {
				got := o.ask(t, "start", "extenOrUniqueId", "410", "tag", "during")
				fault = got.body
				return got.status == http.StatusServiceUnavailable && strings.Contains(html.UnescapeString(got.body), tt.says)
			})
			o.sim.Behave()
			await(t, "starts to work again, after "+fault, func() bool {
				return o.ask(t, "start", "extenOrUniqueId", "410", "tag", "after").status == http.StatusOK
			})
			o.want(t, http.StatusOK, nil, "stop", "extenOrUniqueId", "410")
			call.Hangup()
			if rec := o.awaitSettled(t, "after"); rec.State != recording.Ready {
				t.Errorf("the recording afterwards is %s: %s", rec.State, rec.Reason)
			}
			o.awaitKnown(t)
		})
	}
}

// TestConnectionLost: a recording goes on while the connection is gone, and is
// stopped over the next one.
func TestConnectionLost(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 22, nil)
	call := o.call(t, "410", "411")
	o.want(t, http.StatusOK, nil, "start", "extenOrUniqueId", "410", "tag", "lost")
	o.sim.Misbehave(sim.Misbehaviour{Kind: sim.Drop})
	await(t, "the stop to work", func() bool {
		return o.ask(t, "stop", "extenOrUniqueId", "411").status == http.StatusOK
	})
	call.Hangup()
	if rec := o.awaitSettled(t, "lost"); rec.State != recording.Ready {
		t.Errorf("%s: %s", rec.State, rec.Reason)
	}
	o.want(t, http.StatusOK, nil, "retrieve", "tag", "lost", "username", "fred")
	o.awaitKnown(t)
}

// TestPBXKilled: the calls of a PBX that was killed are over, what was
// recorded is kept, and the next call is recorded.
func TestPBXKilled(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 22, nil)
	o.call(t, "410", "411")
	o.want(t, http.StatusOK, nil, "start", "extenOrUniqueId", "410", "tag", "killed")
	o.sim.Restart()
	call := o.call(t, "410", "411")
	await(t, "a start on the new call", func() bool {
		return o.ask(t, "start", "extenOrUniqueId", "410", "tag", "next").status == http.StatusOK
	})
	o.want(t, http.StatusOK, nil, "stop", "extenOrUniqueId", "410")
	call.Hangup()
	if rec := o.awaitSettled(t, "next"); rec.State != recording.Ready {
		t.Errorf("%s: %s", rec.State, rec.Reason)
	}
	o.awaitSettled(t, "killed")
	o.awaitKnown(t)
}

// TestCallerHangsUp: a start whose caller goes away meanwhile is finished, and
// its recording is known and can be stopped.
func TestCallerHangsUp(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 22, func(c *config.Config) { c.PBX[0].VerifyStart = 3 * time.Second })
	call := o.call(t, "410", "411")
	o.sim.Misbehave(sim.Misbehaviour{Kind: sim.SlowFile, Delay: 500 * time.Millisecond})
	ctx, leave := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, o.base+path+"?method=start&extenOrUniqueId=410&tag="+url.QueryEscape("impatient"), nil)
	if err != nil {
		t.Fatal(err)
	}
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		if answer, err := o.client.Do(r); err == nil {
			_ = answer.Body.Close() // it was faster
			t.Error("the caller got an answer")
		}
	}()
	await(t, "the PBX to be asked", func() bool {
		all := o.actions()
		return all[len(all)-1].Get("Action") == "MixMonitor"
	})
	leave()
	waiting.From(t, "the caller to be gone", gone)
	o.inState(t, "impatient", recording.Running)
	o.want(t, http.StatusOK, nil, "start", "extenOrUniqueId", "410", "tag", "again") // adds a tag
	o.want(t, http.StatusOK, nil, "stop", "extenOrUniqueId", "410")
	call.Hangup()
	if rec := o.awaitSettled(t, "impatient"); rec.State != recording.Ready || len(rec.Tags) != 2 {
		t.Errorf("%s: %s, tags %q", rec.State, rec.Reason, rec.Tags)
	}
	o.awaitKnown(t)
}

// TestDatabaseAway: another program holds the file, so nothing can be written.
func TestDatabaseAway(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 22, nil)
	call := o.call(t, "410", "411")
	other, err := sql.Open("sqlite", strings.TrimPrefix(o.cfg.Database.Reveal(), "sqlite:"))
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	conn, err := other.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, statement := range []string{"PRAGMA busy_timeout = 10000", "BEGIN IMMEDIATE"} { // recgate may be writing just now
		if _, err := conn.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	asked := len(o.actions())
	o.want(t, http.StatusServiceUnavailable, []string{"the database"}, "start", "extenOrUniqueId", "410", "tag", "during")
	if got := o.actions(); len(got) != asked {
		t.Errorf("the PBX was asked although no row could be written: %v", got[asked:])
	}
	if _, err := conn.ExecContext(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	o.want(t, http.StatusOK, nil, "start", "extenOrUniqueId", "410", "tag", "after")
	call.Hangup()
	if rec := o.awaitSettled(t, "after"); rec.State != recording.Ready {
		t.Errorf("%s: %s", rec.State, rec.Reason)
	}
	o.awaitKnown(t)
}

// TestArchiveAway: what was recorded waits in the spool, retrievals say what
// is wrong, and all is well when the archive is back.
func TestArchiveAway(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 22, nil)
	call := o.call(t, "410", "411")
	o.want(t, http.StatusOK, nil, "start", "extenOrUniqueId", "410", "tag", "first")
	o.want(t, http.StatusOK, nil, "stop", "extenOrUniqueId", "410")
	o.inState(t, "first", recording.Ready)
	folder := strings.TrimPrefix(o.cfg.Archive, "file:")
	if err := os.Rename(folder, folder+"-away"); err != nil {
		t.Fatal(err)
	}
	o.want(t, http.StatusOK, nil, "start", "extenOrUniqueId", "410", "tag", "second")
	call.Hangup()
	await(t, "the hangup to be noted", func() bool { rec, _ := o.byTag(t, "second"); return !rec.InProgress() })
	o.want(t, http.StatusServiceUnavailable, []string{"the folder of the archive is not there"}, "retrieve", "tag", "first", "username", "fred")
	o.want(t, http.StatusServiceUnavailable, []string{"the folder of the archive is not there"}, "retrieve", "tag", "second", "username", "fred")
	if len(o.spool(t)) == 0 {
		t.Error("the spool file of a recording that is not archived is gone")
	}
	if err := os.Rename(folder+"-away", folder); err != nil {
		t.Fatal(err)
	}
	o.inState(t, "second", recording.Ready)
	for _, tag := range []string{"first", "second"} {
		o.want(t, http.StatusOK, nil, "retrieve", "tag", tag, "username", "fred")
	}
	if left := o.spool(t); len(left) > 0 {
		t.Errorf("left in the spool: %q", left)
	}
}
