package asterisk

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"recgate/ami"
	"recgate/ami/amitest"
	"recgate/recording"
)

// begins has the far end come back with no more than these actions, as an
// Asterisk does that is still loading its modules.
func (r *rig) begins(commands ...string) {
	r.far.set(func() { r.far.commands = commands })
	r.far.signals <- ami.Signal{Kind: ami.SignalDown, Err: ami.ErrStopped}
	r.far.signals <- ami.Signal{Kind: ami.SignalUp}
	synctest.Wait()
}

// TestPBXThatIsStillBeginning: what is loaded after the login is found without
// another login, well before the rights are doubted.
func TestPBXThatIsStillBeginning(t *testing.T) {
	core := []string{"CoreShowChannels", "Status", "Getvar"}
	legs := append(slices.Clone(core), "Monitor", "StopMonitor")
	all := append(slices.Clone(legs), "MixMonitor", "StopMixMonitor")
	for _, tt := range []struct {
		name    string
		at      []string // the login
		without string   // what is said then; "": it can record, by Monitor
	}{
		{"no recorder", core, "may not use MixMonitor"},
		{"half of MixMonitor", append(slices.Clone(core), "StopMixMonitor"), "may not use MixMonitor"},
		{"Monitor only", legs, ""},
		{"nothing that lists channels", []string{"MixMonitor", "StopMixMonitor"}, "may not use CoreShowChannels"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, func(c *Config, _ *scripted) { c.VerifyStart = 0 }, func(t *testing.T, r *rig) {
				r.begins(tt.at...)
				err := r.CanRecord(t.Context())
				if tt.without != "" {
					code(t, err, recording.Unavailable, tt.without)
				} else if err != nil {
					t.Errorf("CanRecord by Monitor: %v", err)
				}
				time.Sleep(2 * time.Second)
				r.far.set(func() { r.far.commands = all })
				time.Sleep(2 * time.Second)
				synctest.Wait()
				if err := r.CanRecord(t.Context()); err != nil {
					t.Errorf("CanRecord with all modules: %v", err)
				}
				capture, err := r.Record(t.Context(), r.caller, r.id)
				if err != nil || capture.Recorder != MixMonitor {
					t.Errorf("Record = %+v, %v; want %s", capture, err, MixMonitor)
				}
				asked := len(r.far.asked("ListCommands"))
				time.Sleep(time.Hour)
				if n := r.renewals(); n != 0 {
					t.Errorf("%d logins were made for it", n)
				}
				if n := len(r.far.asked("ListCommands")); n != asked {
					t.Errorf("asked %d times more once nothing was missing", n-asked)
				}
			})
		})
	}
}

// TestRightsThatStayAreNotAskedForEver: a user who has no more than Monitor is
// asked about for half a minute, and then believed.
func TestRightsThatStayAreNotAskedForEver(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, r *rig) {
		r.begins("CoreShowChannels", "Status", "Getvar", "Monitor", "StopMonitor")
		time.Sleep(time.Minute)
		synctest.Wait()
		asked := len(r.far.asked("ListCommands"))
		if asked > 10 {
			t.Errorf("asked %d times in a minute", asked)
		}
		time.Sleep(time.Hour)
		if n := len(r.far.asked("ListCommands")); n != asked {
			t.Errorf("asked %d times more in an hour", n-asked)
		}
	})
}

// TestBootingPBXGoesAgain: an answer that belongs to a login that is over means
// nothing for the next one.
func TestBootingPBXGoesAgain(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, r *rig) {
		r.begins("CoreShowChannels", "Status", "Getvar")
		late := make(chan struct{})
		r.far.set(func() {
			r.far.do["ListCommands"] = func(ami.Action) (ami.Message, error) {
				<-late
				return amitest.Message("Response", "Success", "CoreShowChannels", "", "Getvar", ""), nil
			}
		})
		time.Sleep(askAgainFirst)
		synctest.Wait() // the question is asked, and has no answer yet
		r.far.set(func() { delete(r.far.do, "ListCommands") })
		r.begins("CoreShowChannels", "Status", "Getvar", "MixMonitor", "StopMixMonitor")
		close(late)
		synctest.Wait()
		if err := r.CanRecord(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
