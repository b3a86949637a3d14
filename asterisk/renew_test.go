package asterisk

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"recgate/ami"
	"recgate/internal/await"
	"recgate/recording"
)

// renewals returns how often recgate logged in again.
func (r *rig) renewals() int {
	r.far.mu.Lock()
	defer r.far.mu.Unlock()
	return r.far.renewed
}

// TestRightsTakenAway: an action is denied that the login allowed. The fault
// names the right; recgate logs in again, at once and then every renewAfter,
// until the right is back.
func TestRightsTakenAway(t *testing.T) {
	inBubble(t, func(c *Config, _ *scripted) { c.VerifyStart = 0 }, func(t *testing.T, r *rig) {
		all := slices.Clone(r.far.commands)
		r.far.set(func() { r.far.commands = []string{"CoreShowChannels", "Status"} })
		r.refuse("MixMonitor", denied)
		r.refuse("Monitor", denied)
		const want = `may not use MixMonitor: add "system" to its write line in manager.conf`
		_, err := r.Record(t.Context(), r.caller, r.id)
		code(t, err, recording.Unavailable, want)
		synctest.Wait()
		if n := r.renewals(); n != 1 {
			t.Errorf("%d logins were made for it, want 1", n)
		}
		for range 3 {
			time.Sleep(renewAfter)
			synctest.Wait()
			_, err = r.Record(t.Context(), r.caller, r.id)
			code(t, err, recording.Unavailable, want)
		}
		if n := r.renewals(); n != 4 {
			t.Errorf("%d logins were made, want one every %v", n, renewAfter)
		}
		r.far.set(func() {
			r.far.granted = all
			clear(r.far.do)
		})
		time.Sleep(renewAfter)
		synctest.Wait()
		if _, err := r.Record(t.Context(), r.caller, r.id); err != nil {
			t.Errorf("Record once the right is back: %v", err)
		}
		time.Sleep(time.Hour)
		if n := r.renewals(); n != 5 {
			t.Errorf("%d logins were made, want no more once the rights suffice", n)
		}
	})
}

// TestQuestionsWaitForARenewedLogin: while recgate itself logs in again, whoever
// asks waits, and the core is not told of a loss.
func TestQuestionsWaitForARenewedLogin(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, r *rig) {
		r.far.signals <- ami.Signal{Kind: ami.SignalDown, Err: ami.ErrAgain}
		synctest.Wait()
		begin := time.Now()
		var all sync.WaitGroup
		all.Go(func() {
			if err := r.CanRecord(t.Context()); err != nil || time.Since(begin) != 2*time.Second {
				t.Errorf("readiness: %v after %v", err, time.Since(begin))
			}
		})
		all.Go(func() {
			if found, err := r.Find(t.Context(), four10); err != nil || len(found) != 1 {
				t.Errorf("Find = %v, %v", found, err)
			}
		})
		time.Sleep(2 * time.Second)
		r.far.signals <- ami.Signal{Kind: ami.SignalUp}
		await.Return(t, "all callers to return", all.Wait)
		r.await(t, recording.PBXUp)
	})
}

// TestMayNotListAnyMore: without the right to list channels nothing is known,
// until it is back.
func TestMayNotListAnyMore(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, r *rig) {
		all := slices.Clone(r.far.commands)
		r.far.set(func() { r.far.commands = []string{"MixMonitor", "StopMixMonitor"} })
		r.far.Renew() // as after any loss of the connection
		synctest.Wait()
		_, err := r.Find(t.Context(), four10)
		code(t, err, recording.Unavailable, `may not use CoreShowChannels: add "system" to its write line`)
		r.far.set(func() { r.far.granted = all })
		time.Sleep(renewAfter)
		synctest.Wait()
		if _, err := r.Find(t.Context(), four10); err != nil {
			t.Errorf("Find once the right is back: %v", err)
		}
	})
}

// TestDeafLoginIsRenewed: recgate logs in again after a login that hears no events, and
// nothing is taken for good before an event was heard.
func TestDeafLoginIsRenewed(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, r *rig) {
		time.Sleep(2 * auditQuiet)
		r.far.set(func() { r.far.rows = r.far.rows[:1] })
		time.Sleep(2*auditQuiet + time.Second)
		for range 10 {
			_, err := r.Find(t.Context(), four10)
			code(t, err, recording.Unavailable, `add "call" to the read line`)
			time.Sleep(renewAfter / 2)
		}
		renewals := r.renewals()
		if renewals < 3 {
			t.Errorf("%d logins were made for it", renewals)
		}
		r.far.say("Newstate", "Channel", "PJSIP/410-00000001", "ChannelState", "6", "Uniqueid", "10.1", "Linkedid", "10.1")
		synctest.Wait()
		if _, err := r.Find(t.Context(), four10); err != nil {
			t.Errorf("Find once an event has come: %v", err)
		}
		time.Sleep(time.Hour)
		if n := r.renewals(); n != renewals {
			t.Errorf("%d logins were made after the event", n-renewals)
		}
	})
}
