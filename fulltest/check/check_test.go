//go:build full

package check_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"recgate/fulltest/mariadbd"
	"recgate/fulltest/process"
	"recgate/internal/await"
	"recgate/internal/child"
	"recgate/internal/port"
	"recgate/lab"
)

func TestMain(m *testing.M) { process.Main(m) }

// settings are what a configuration says; newSettings gives sound ones.
type settings struct {
	dir, database, archive                            string
	address, username, secret, recorder, spool, mount string
	listen                                            string   // default: any port
	top, more                                         string   // lines of YAML, at the beginning and of the PBX
	flags                                             []string // of check
}

func newSettings(t *testing.T, l *lab.Lab, user string) *settings {
	t.Helper()
	dir := t.TempDir()
	return &settings{
		dir: dir, database: "sqlite:" + filepath.Join(dir, "recgate.db"), archive: "file:" + filepath.Join(dir, "archive"),
		address: l.AMI, username: user, secret: l.Secret(user), recorder: "auto", spool: l.Spool, mount: l.Spool,
	}
}

// write makes the configuration and returns its name.
func (s *settings) write(t *testing.T) string {
	t.Helper()
	if s.listen == "" {
		s.listen = "127.0.0.1:0"
	}
	file := filepath.Join(s.dir, "recgate.yaml")
	if err := os.WriteFile(file, []byte("listen: "+s.listen+"\n"+s.yaml()), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// yaml is the configuration but for where to listen.
func (s *settings) yaml() string {
	return fmt.Sprintf("%sdatabase: %q\narchive: %q\npbx:\n  - name: pbx1\n    address: %s\n    username: %s\n    secret: %s\n    recorder: %s\n    spool: %s\n    mount: %s\n%s",
		s.top, s.database, s.archive, s.address, s.username, s.secret, s.recorder, s.spool, s.mount, s.more)
}

// run runs a command of recgate, with its flags, on the settings.
func (s *settings) run(t *testing.T, command string) (code int, out string) {
	t.Helper()
	args := append(strings.Fields(command), "--config", s.write(t))
	if command == "check" {
		args = append(args, s.flags...)
	}
	cmd := exec.Command(process.Build(t), args...)
	cmd.Dir = s.dir
	text, err := child.Output(await.Patience, cmd)
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), text
}

// wantFailure demands that exactly one step of the check fails, and says so.
func (s *settings) wantFailure(t *testing.T, step, says string) {
	t.Helper()
	code, out := s.run(t, "check")
	var failed []string
	for line := range strings.Lines(out) {
		if !strings.HasPrefix(line, "ok ") {
			failed = append(failed, line)
		}
	}
	if code != 1 || len(failed) != 1 || !strings.HasPrefix(failed[0], "FAILED  "+step) || !strings.Contains(failed[0], says) {
		t.Errorf("code %d, want 1 and only %q failed with %q:\n%s", code, step, says, out)
	}
	if strings.Contains(out, s.secret) {
		t.Errorf("the secret is shown:\n%s", out)
	}
}

// wantSuccess demands that all steps are well, and that the output has the parts.
func (s *settings) wantSuccess(t *testing.T, parts ...string) {
	t.Helper()
	code, out := s.run(t, "check")
	if code != 0 || strings.Contains(out, "FAILED") {
		t.Errorf("code %d:\n%s", code, out)
	}
	for _, part := range parts {
		if !strings.Contains(out, part) {
			t.Errorf("it lacks %q:\n%s", part, out)
		}
	}
}

// wrongSetting is one thing that is set wrong.
type wrongSetting struct {
	name, user string
	set        func(*settings)
	step, says string
}

func wrongSettings(t *testing.T, version int) []wrongSetting {
	dead := port.Address(t)
	all := []wrongSetting{
		{"wrong secret", "recorder", func(s *settings) { s.secret = "not-the-secret" }, "pbx pbx1: login", "check username, secret and the permit and deny lines of manager.conf"},
		{"unknown user", "recorder", func(s *settings) { s.username = "stranger" }, "pbx pbx1: login", "refuses the login"},
		{"refused address", "elsewhere", func(*settings) {}, "pbx pbx1: login", "refuses the login"},
		{"not reachable", "recorder", func(s *settings) { s.address = dead }, "pbx pbx1: login", "connection refused"},
		{"class system missing", "callonly", func(s *settings) { s.recorder = "mixmonitor" }, "pbx pbx1: recorder", `may not use MixMonitor: add "system" to its write line`},
		{"may only read", "watcher", func(*settings) {}, "pbx pbx1: recorder", `may not use CoreShowChannels: add "system" to its write line`},
		{"mount missing", "recorder", func(s *settings) { s.mount += "/none" }, "pbx pbx1: spool", "create the folder"},
		{"archive that is a file", "recorder", func(s *settings) { s.archive = "file:recgate.yaml" }, "archive", "the archive cannot be read"},
	}
	if lab.HasMonitor(version) {
		all = append(all,
			wrongSetting{"class call missing", "systemonly", func(s *settings) { s.recorder = "monitor" }, "pbx pbx1: recorder", `may not use Monitor: add "call"`})
	} else {
		all = append(all,
			wrongSetting{"no Monitor any more", "recorder", func(s *settings) { s.recorder = "monitor" }, "pbx pbx1: recorder", "Asterisk 21 and newer have no Monitor"},
			wrongSetting{"no recorder for this user", "callonly", func(*settings) {}, "pbx pbx1: recorder", `add "system" to its write line`})
	}
	return all
}

func TestCheck(t *testing.T) {
	for _, version := range lab.Versions() {
		t.Run(strconv.Itoa(version), func(t *testing.T) {
			l := lab.Start(t, version, lab.Options{Spool: filepath.Join(t.TempDir(), "spool")})
			for _, tt := range wrongSettings(t, version) {
				t.Run(tt.name, func(t *testing.T) {
					s := newSettings(t, l, tt.user)
					tt.set(s)
					s.wantFailure(t, tt.step, tt.says)
				})
			}
			l.Call("410", "411", 30, "pjsip")
			asterisk := fmt.Sprintf("Asterisk %d.", version)
			for _, user := range []string{"recorder", "systemonly"} {
				t.Run("sound as "+user, func(t *testing.T) {
					newSettings(t, l, user).wantSuccess(t, asterisk, "mixmonitor (auto: it exists and this user may use it)", "2 live, listed by CoreShowChannels", "recgate.db does not exist yet")
				})
			}
			if lab.HasMonitor(version) {
				t.Run("sound as callonly", func(t *testing.T) {
					newSettings(t, l, "callonly").wantSuccess(t, "monitor (auto: the user", "2 live, listed by Status")
				})
			}
			if files, err := os.ReadDir(l.Spool); err != nil || len(files) > 0 {
				t.Errorf("left in the spool: %v, %v", files, err)
			}
		})
	}
}

// TestDatabase goes through the life of a MariaDB database.
func TestDatabase(t *testing.T) {
	versions := lab.Versions()
	l := lab.Start(t, versions[len(versions)-1], lab.Options{Spool: filepath.Join(t.TempDir(), "spool")})
	server := mariadbd.Start(t)
	s := newSettings(t, l, "recorder")
	s.database = server.DSN(t)
	s.wantSuccess(t, "reached, still empty: serve or migrate creates the tables")
	s.wantSuccess(t, "reached, still empty") // the first made none
	if code, out := s.run(t, "ledger"); code != 1 || !strings.Contains(out, "has no tables yet") {
		t.Errorf("ledger of an empty database: %d %s", code, out)
	}
	if code, out := s.run(t, "migrate"); code != 0 || !strings.Contains(out, "is up to date") {
		t.Errorf("migrate: %d %s", code, out)
	}
	s.wantSuccess(t, "reached, its tables have version ")
	if code, out := s.run(t, "ledger"); code != 0 || !strings.Contains(out, "no recordings were requested from ") {
		t.Errorf("ledger: %d %s", code, out)
	}
	server.Stop(t)
	s.wantFailure(t, "database", "the database cannot be reached")
}
