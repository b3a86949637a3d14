//go:build full

package check_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"recgate/fulltest/process"
	"recgate/internal/await"
	"recgate/lab"
)

// testers are accounts that may make test calls.
var testers = []lab.User{
	{Name: "tester", Secret: "tester-secret", Read: "call", Write: "call,system,originate"},
	{Name: "legs", Secret: "legs-secret", Read: "call", Write: "call,originate"}, // for Monitor
}

// TestRecord makes the test call of check on real servers: by MixMonitor and
// by Monitor it comes back, and what is missing is named.
func TestRecord(t *testing.T) {
	for _, version := range lab.Versions() {
		t.Run(strconv.Itoa(version), func(t *testing.T) {
			t.Parallel() // most of it is waiting
			l := lab.Start(t, version, lab.Options{Spool: filepath.Join(t.TempDir(), "spool"), Users: testers})
			sound := []string{"ok      pbx pbx1: test call", "ok      pbx pbx1: test sound", " of it the tone of 1000 Hz"}
			t.Run("mixmonitor", func(t *testing.T) {
				s := newSettings(t, l, "tester")
				s.flags = []string{"--record"}
				s.wantSuccess(t, append(sound, "mixmonitor (auto")...)
				s.wantSuccess(t, sound...) // and again, now with tables and a row
				if _, out := s.run(t, "ledger"); !strings.Contains(out, "ready") || strings.Contains(out, "failed") || strings.Contains(out, "lost") {
					t.Errorf("the ledger:\n%s", out)
				}
				if code, out := s.run(t, "ledger --unexplained"); code != 0 {
					t.Errorf("unexplained:\n%s", out)
				}
			})
			if lab.HasMonitor(version) {
				t.Run("monitor", func(t *testing.T) {
					s := newSettings(t, l, "legs")
					s.flags = []string{"--record"}
					s.wantSuccess(t, append(sound, "monitor (auto: the user")...)
				})
			}
			for _, tt := range []struct{ name, user, call, step, says string }{
				{"no right", "recorder", "tone@recgate-test", "test call", `add "originate" to its write line`},
				{"no such extension", "tester", "none@recgate-test", "test call", `is "none@recgate-test" in its dialplan`},
				{"silence", "tester", "quiet@internal", "test ", ""}, // in the file or instead of it, by version
				{"another tone", "tester", "8440@internal", "test sound", "only 0 % of what came back is the 1000 Hz tone"},
			} {
				t.Run(tt.name, func(t *testing.T) {
					s := newSettings(t, l, tt.user)
					s.flags, s.more = []string{"--record"}, "    test_call: "+tt.call+"\n"
					s.wantFailure(t, "pbx pbx1: "+strings.TrimSuffix(tt.step, " "), tt.says)
				})
			}
			if left := l.Channels(); len(left) > 0 {
				t.Errorf("channels are left: %v", left)
			}
			if files, err := os.ReadDir(l.Spool); err != nil || len(files) > 0 {
				t.Errorf("left in the spool: %v, %v", files, err)
			}
		})
	}
}

// TestSelfTest: a recgate that serves is green by its own test call, red as
// soon as the PBX does not play it any more, and beside it check --record has
// it record, and keeps no database of its own.
func TestSelfTest(t *testing.T) {
	for _, version := range lab.Versions() {
		t.Run(strconv.Itoa(version), func(t *testing.T) {
			t.Parallel() // most of it is waiting
			l := lab.Start(t, version, lab.Options{Spool: filepath.Join(t.TempDir(), "spool"), Users: testers})
			s := newSettings(t, l, "tester")
			s.top = "self_test: 10s\n"
			serving := process.New(t, process.Build(t), s.dir, s.yaml())
			s.listen = strings.TrimPrefix(serving.Base, "http://")
			serving.Begin(t)
			get := func(path string) string {
				_, body := serving.Fetch(t.Context(), path)
				return body
			}
			await.Until(t, "the first test", func() bool {
				return strings.Contains(get("/metrics"), `recgate_self_test_passed{pbx="pbx1"} 1`)
			})
			if ready := get("/readyz"); !strings.Contains(ready, "ok self-test pbx1\n") || !strings.HasSuffix(strings.TrimSpace(ready), "\nready") {
				t.Errorf("readyz: %s", ready)
			}
			s.flags = []string{"--record"}
			s.wantSuccess(t, "is in use: fine if recgate is already running there", "ok      pbx pbx1: test sound")
			rewrite(t, filepath.Join(l.Dir, "pbx", "etc", "extensions.conf"), "PlayTones(1000)", "PlayTones(440)")
			l.CLI("dialplan reload")
			await.Until(t, "red", func() bool {
				return strings.Contains(get("/readyz"), "away self-test pbx1: the test sound failed: only 0 % of what came back")
			})
			rewrite(t, filepath.Join(l.Dir, "pbx", "etc", "extensions.conf"), "PlayTones(440)", "PlayTones(1000)")
			l.CLI("dialplan reload")
			await.Until(t, "green", func() bool { return strings.Contains(get("/readyz"), "ok self-test pbx1\n") })
			serving.Stop(t)
		})
	}
}

// rewrite changes a text in a file.
func rewrite(t *testing.T, file, from, to string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(text), from) {
		t.Fatalf("%s lacks %q (%v)", file, from, err)
	}
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(string(text), from, to)), 0o644); err != nil {
		t.Fatal(err)
	}
}
