//go:build full

package check_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

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
				s.passes(t, append(sound, "mixmonitor (auto")...)
				s.passes(t, sound...) // and again, now with tables and a row
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
					s.passes(t, append(sound, "monitor (auto: the user")...)
				})
			}
			for _, tt := range []struct{ name, user, call, step, says string }{
				{"no right", "recorder", "tone@recgate-test", "test call", `add "originate" to its write line`},
				{"no such extension", "tester", "none@recgate-test", "test call", `is "none@recgate-test" in its dialplan`},
				{"silence", "tester", "quiet@internal", "test ", ""}, // in the file or instead of it, by version
				{"another tone", "tester", "8440@internal", "test sound", "only 0 % of what came back is the tone of 1000 Hz"},
			} {
				t.Run(tt.name, func(t *testing.T) {
					s := newSettings(t, l, tt.user)
					s.flags, s.more = []string{"--record"}, "    test_call: "+tt.call+"\n"
					s.fails(t, "pbx pbx1: "+strings.TrimSuffix(tt.step, " "), tt.says)
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
			s.listen, s.top = free(t), "self_test: 10s\n"
			base := "http://" + s.listen
			serving := s.serve(t)
			await(t, "the first test", func() bool {
				return strings.Contains(get(t, base+"/metrics"), `recgate_self_test_passed{pbx="pbx1"} 1`)
			})
			if ready := get(t, base+"/readyz"); !strings.Contains(ready, "ok self-test pbx1\n") || !strings.HasSuffix(strings.TrimSpace(ready), "\nready") {
				t.Errorf("readyz: %s", ready)
			}
			s.flags = []string{"--record"}
			s.passes(t, "is in use: good if recgate runs there already", "ok      pbx pbx1: test sound")
			rewrite(t, filepath.Join(l.Dir, "pbx", "etc", "extensions.conf"), "PlayTones(1000)", "PlayTones(440)")
			l.CLI("dialplan reload")
			await(t, "red", func() bool {
				return strings.Contains(get(t, base+"/readyz"), "away self-test pbx1: the test sound failed: only 0 % of what came back")
			})
			rewrite(t, filepath.Join(l.Dir, "pbx", "etc", "extensions.conf"), "PlayTones(440)", "PlayTones(1000)")
			l.CLI("dialplan reload")
			await(t, "green", func() bool { return strings.Contains(get(t, base+"/readyz"), "ok self-test pbx1\n") })
			if err := serving.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			if err := serving.Wait(); err != nil {
				t.Errorf("graceful stop: %v", err)
			}
		})
	}
}

// serve runs recgate serve on the settings, until the test ends.
func (s *settings) serve(t *testing.T) *exec.Cmd {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	cmd := exec.CommandContext(ctx, path, "serve", "--config", s.write(t))
	cmd.Dir = s.dir
	log, err := os.Create(filepath.Join(s.dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		if cmd.ProcessState == nil {
			_ = cmd.Wait() // it was killed
		}
		if text, err := os.ReadFile(log.Name()); t.Failed() || err != nil {
			t.Logf("recgate said (%v):\n%s", err, text)
		}
		_ = log.Close()
	})
	return cmd
}

func get(t *testing.T, url string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err.Error()
	}
	text, err := io.ReadAll(answer.Body)
	if err := errors.Join(err, answer.Body.Close()); err != nil {
		return err.Error()
	}
	return string(text)
}

func await(t *testing.T, what string, is func() bool) {
	t.Helper()
	for limit := time.Now().Add(time.Minute); !is(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("waited in vain for %s", what)
		}
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
