package asterisk

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"recgate/ami"
	"recgate/ami/amitest"
	"recgate/recording"
)

// unloaded makes the far end say which modules it has not loaded.
func (s *scripted) unloaded(names ...string) {
	s.set(func() {
		s.do["ModuleCheck"] = func(a ami.Action) (ami.Message, error) {
			for _, name := range names {
				if header(a, "Module") == name {
					return nil, &ami.ResponseError{Action: "ModuleCheck", Message: notLoadedText}
				}
			}
			return amitest.Message("Response", "Success"), nil
		}
	})
}

// TestModulesNotLoaded: recgate says which module is missing, before anything
// is asked to record.
func TestModulesNotLoaded(t *testing.T) {
	mix, legs := []string{"MixMonitor", "StopMixMonitor"}, []string{"Monitor", "StopMonitor"}
	for _, tt := range []struct {
		name, wanted string
		has          []string
		lacks        []string
		says         string
	}{
		{"no WAV", Auto, append(mix, legs...), []string{wavModule}, `the PBX "pbx1" has not loaded the module "format_wav.so"`},
		{"no WAV for Monitor", Monitor, legs, []string{wavModule}, `the PBX "pbx1" has not loaded the module "format_wav.so"`},
		{"no MixMonitor", Auto, nil, []string{mixModule}, `the PBX "pbx1" has not loaded the module "app_mixmonitor.so"`},
		{"no MixMonitor where it is wanted", MixMonitor, legs, []string{mixModule}, `the PBX "pbx1" has not loaded the module "app_mixmonitor.so"`},
		{"no Monitor", Monitor, mix, []string{monitorModule}, `the PBX "pbx1" has not loaded the module "res_monitor.so"`},
		{"Monitor in its place", Auto, legs, []string{mixModule}, ""},
		{"all there", Auto, mix, nil, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, func(c *Config, far *scripted) {
					c.Recorder = tt.wanted
					far.commands = append([]string{"CoreShowChannels", "Getvar", "ModuleCheck"}, tt.has...)
					far.unloaded(tt.lacks...)
				}).up(t)
				if tt.says == "" {
					if err := r.CanRecord(t.Context()); err != nil {
						t.Error(err)
					}
					return
				}
				code(t, r.CanRecord(t.Context()), recording.Unavailable, tt.says)
				_, err := r.Record(t.Context(), r.caller, r.id)
				code(t, err, recording.Unavailable, tt.says)
				_, err = r.check(t.Context())
				code(t, err, recording.Unavailable, tt.says)
				if n := len(r.far.asked("MixMonitor")) + len(r.far.asked("Monitor")); n != 0 {
					t.Errorf("%d recordings were asked for", n)
				}
				r.far.set(func() { r.far.commands = append(r.far.commands, append(mix, legs...)...) })
				r.far.unloaded()
				time.Sleep(2 * renewAfter)
				if err := r.CanRecord(t.Context()); err != nil {
					t.Errorf("once it is loaded: %v", err)
				}
			})
		})
	}
}

// TestModuleUnloaded: format_wav went after the login, so a start shows it, and
// from then on nothing is ready until it is back.
func TestModuleUnloaded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(_ *Config, far *scripted) { far.commands = append(far.commands, "ModuleCheck") }).up(t)
		r.far.unloaded(wavModule)
		const want = `has not loaded the module "format_wav.so"`
		_, err := r.Record(t.Context(), r.caller, r.id)
		code(t, err, recording.Unavailable, want)
		code(t, r.CanRecord(t.Context()), recording.Unavailable, want)
		synctest.Wait()
		code(t, r.CanRecord(t.Context()), recording.Unavailable, want)
		r.far.unloaded()
		time.Sleep(2 * renewAfter)
		if err := r.CanRecord(t.Context()); err != nil {
			t.Errorf("once it is loaded: %v", err)
		}
	})
}

// TestModuleNotAskable: a user without the class system cannot ask, and nothing
// is said to be missing that may be there.
func TestModuleNotAskable(t *testing.T) {
	for name, edit := range map[string]func(*scripted){
		"no such action": func(*scripted) {},
		"no right to it": func(far *scripted) {
			far.commands = append(far.commands, "ModuleCheck")
			far.do["ModuleCheck"] = func(ami.Action) (ami.Message, error) {
				return nil, &ami.ResponseError{Action: "ModuleCheck", Message: denied, Denied: true}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, func(_ *Config, far *scripted) { edit(far) }).up(t)
				if err := r.CanRecord(t.Context()); err != nil {
					t.Error(err)
				}
				found, err := r.check(t.Context())
				if err != nil || !strings.Contains(found["modules"], "unknown whether format_wav.so is loaded") {
					t.Errorf("Check found %q, %v", found, err)
				}
				_, err = r.Record(t.Context(), r.caller, r.id)
				code(t, err, recording.Unavailable, "its file did not appear")
				if strings.Contains(err.Error(), "has not loaded the module") {
					t.Errorf("%v, which nobody knows", err)
				}
			})
		})
	}
}

// TestModulesAreAskedAgain: a PBX that does not answer has not said no.
func TestModulesAreAskedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(_ *Config, far *scripted) {
			far.commands = append(far.commands, "ModuleCheck")
			far.do["ModuleCheck"] = func(ami.Action) (ami.Message, error) { return nil, errors.Join(ami.ErrTimeout) }
		})
		r.far.signals <- ami.Signal{Kind: ami.SignalUp}
		synctest.Wait()
		r.far.unloaded()
		r.up(t)
	})
}
