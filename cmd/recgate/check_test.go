package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"recgate/asterisk/sim"
	waiting "recgate/internal/await"
	"recgate/internal/port"
)

// checkSetup is a configuration in a folder, to be written and checked.
type checkSetup struct {
	dir, database, archive, listen      string
	address, username, secret, recorder string
	spool, mount                        string
	more                                string // lines of YAML
	sim                                 *sim.Server
	asNobody                            bool
}

func newCheckSetup(t *testing.T, version int) *checkSetup {
	t.Helper()
	server, spool := newSim(t, version)
	dir := t.TempDir()
	for _, open := range []string{filepath.Dir(dir), dir, spool} { // another user is to get in
		chmod(t, open, 0o777)
	}
	return &checkSetup{
		dir: dir, database: "sqlite:" + filepath.Join(dir, "recgate.db"), archive: "file:" + filepath.Join(dir, "archive"), listen: "127.0.0.1:0",
		address: server.Addr(), username: "recorder", secret: "recorder-secret", recorder: "auto", spool: spool, mount: spool, sim: server,
	}
}

func chmod(t *testing.T, name string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(name, mode); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(name, 0o777) }) // so that it can be removed; it may be gone
}

// makeUnusable makes a folder, or a file, that nobody but root may use so.
func (c *checkSetup) makeUnusable(t *testing.T, name string, mode os.FileMode, isFile bool) string {
	t.Helper()
	full := filepath.Join(c.dir, name)
	make := func() error { return os.Mkdir(full, 0o755) }
	if isFile {
		make = func() error { return os.WriteFile(full, nil, 0o600) }
	}
	if err := make(); err != nil {
		t.Fatal(err)
	}
	c.asNobody = true
	chmod(t, full, mode)
	return full
}

func (c *checkSetup) run(t *testing.T) result { return c.runWith(t) }

// runWith writes the configuration and checks it, with more flags.
func (c *checkSetup) runWith(t *testing.T, flags ...string) result {
	t.Helper()
	file := filepath.Join(c.dir, "recgate.yaml")
	yaml := fmt.Sprintf("listen: %q\ndatabase: %q\narchive: %q\npbx:\n  - name: pbx1\n    address: %s\n    username: %s\n    secret: %s\n    recorder: %s\n    spool: %s\n    mount: %s\n",
		c.listen, c.database, c.archive, c.address, c.username, c.secret, c.recorder, c.spool, c.mount) + c.more
	if err := os.WriteFile(file, []byte(yaml), 0o644); err != nil {
		t.Fatal(err)
	}
	args := append([]string{"check", "--config", file}, flags...)
	if c.asNobody {
		return recgateAsNobody(t, c.dir, args...)
	}
	return recgate(t, c.dir, nil, args...)
}

// TestCheckNamesWhatIsWrong: each fault fails exactly its own step, in words
// that say what to do.
func TestCheckNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		version int
		mis     func(t *testing.T, c *checkSetup)
		step    string // the one that fails
		says    string
	}{
		{"wrong secret", 22, func(_ *testing.T, c *checkSetup) { c.secret = "wrong" }, "pbx pbx1: login", "check username, secret and the permit and deny lines of manager.conf"},
		{"unknown user", 22, func(_ *testing.T, c *checkSetup) { c.username = "stranger" }, "pbx pbx1: login", "refuses the login"},
		{"PBX not reachable", 22, func(t *testing.T, c *checkSetup) { c.address = port.Address(t) }, "pbx pbx1: login", "connection refused"},
		{"PBX that is none", 22, func(t *testing.T, c *checkSetup) { c.address = noPBX(t) }, "pbx pbx1: login", "greeting"},
		{"class system missing on 22", 22, func(_ *testing.T, c *checkSetup) { c.username, c.secret = "callonly", "callonly-secret" }, "pbx pbx1: recorder", `add "system" to its write line`},
		{"class system missing for mixmonitor on 16", 16, func(_ *testing.T, c *checkSetup) {
			c.username, c.secret, c.recorder = "callonly", "callonly-secret", "mixmonitor"
		}, "pbx pbx1: recorder", `user "callonly" of the PBX "pbx1" may not use MixMonitor: add "system"`},
		{"class call missing for monitor on 16", 16, func(_ *testing.T, c *checkSetup) {
			c.username, c.secret, c.recorder = "systemonly", "systemonly-secret", "monitor"
		}, "pbx pbx1: recorder", `may not use Monitor: add "call"`},
		{"no rights at all", 16, func(_ *testing.T, c *checkSetup) { c.username, c.secret = "watcher", "watcher-secret" }, "pbx pbx1: recorder", `may not use CoreShowChannels: add "system"`},
		{"no recorder", 22, func(_ *testing.T, c *checkSetup) { c.recorder = "monitor" }, "pbx pbx1: recorder", "Asterisk 21 and newer have no Monitor: use recorder: mixmonitor"},
		{"no WAV", 22, func(_ *testing.T, c *checkSetup) {
			c.sim.Misbehave(sim.Misbehaviour{Kind: sim.Unload, Module: "format_wav"})
		}, "pbx pbx1: recorder", `has not loaded the module "format_wav.so"`},
		{"mount missing", 22, func(_ *testing.T, c *checkSetup) { c.mount += "/none" }, "pbx pbx1: spool", "create the folder"},
		{"mount that is a file", 22, func(t *testing.T, c *checkSetup) { c.mount = c.makeUnusable(t, "file", 0o666, true) }, "pbx pbx1: spool", "not a directory"},
		{"unreadable mount", 22, func(t *testing.T, c *checkSetup) { c.mount = c.makeUnusable(t, "mount", 0o000, false) }, "pbx pbx1: spool", "read and write permission"},
		{"unwritable spool", 22, func(t *testing.T, c *checkSetup) { c.mount = c.makeUnusable(t, "mount", 0o555, false) }, "pbx pbx1: spool", "recordings cannot be deleted"},
		{"unwritable archive", 22, func(t *testing.T, c *checkSetup) { c.archive = "file:" + c.makeUnusable(t, "archive", 0o555, false) }, "archive", "read-only or not permitted"},
		{"no place for the archive", 22, func(t *testing.T, c *checkSetup) {
			c.archive = "file:" + c.makeUnusable(t, "upper", 0o555, false) + "/archive"
		}, "archive", "read-only or not permitted"},
		{"database file unreadable", 22, func(t *testing.T, c *checkSetup) {
			c.database = "sqlite:" + c.makeUnusable(t, "closed.db", 0o000, true)
		}, "database", "the database file cannot be opened"},
		{"no place for the database", 22, func(t *testing.T, c *checkSetup) {
			c.database = "sqlite:" + c.makeUnusable(t, "upper", 0o555, false) + "/x.db"
		}, "database", "cannot be created: create its folder"},
		{"database away", 22, func(t *testing.T, c *checkSetup) { c.database = "mysql://u:hunter2@" + port.Address(t) + "/recgate" }, "database", "the database cannot be reached"},
		{"an address that is not ours", 22, func(_ *testing.T, c *checkSetup) { c.listen = "192.0.2.1:8080" }, "listen", "not an address of this machine"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newCheckSetup(t, tt.version)
			tt.mis(t, c)
			got := c.run(t)
			var failed []string
			for line := range strings.Lines(got.stdout) {
				if strings.HasPrefix(line, "FAILED") {
					failed = append(failed, line)
				}
			}
			if got.code != 1 || len(failed) != 1 || !strings.HasPrefix(failed[0], "FAILED  "+tt.step+" ") || !strings.Contains(failed[0], tt.says) {
				t.Errorf("code %d, want 1 and only %q failed with %q:\n%s%s", got.code, tt.step, tt.says, got.stdout, got.stderr)
			}
			if strings.Contains(got.stdout+got.stderr, "hunter2") || got.stderr != "" {
				t.Errorf("it said on stderr, or a secret:\n%s\n%s", got.stdout, got.stderr)
			}
			if n := len(actionsOn(c.sim)); n > 0 {
				t.Errorf("%d actions touched a channel", n)
			}
		})
	}
}

// noPBX is a server that is not Asterisk.
func noPBX(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Write([]byte("220 mail.example.org ESMTP\r\n")) // the caller may have gone
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() { _ = l.Close(); waiting.From(t, "the server to end", done) })
	return l.Addr().String()
}

// actionsOn are the requests that named a channel.
func actionsOn(server *sim.Server) (touched []sim.Action) {
	for _, a := range server.Actions() {
		if a.Get("Channel") != "" {
			touched = append(touched, a)
		}
	}
	return touched
}

// TestCheckTellsOfRefusedConnections: recordings are made all the same, so it
// is not a failure.
func TestCheckTellsOfRefusedConnections(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ more, says string }{
		{"", "one for events, 0 of 2 for actions; starts and stops will wait for each other: write allowmultiplelogin = yes"},
		{"    action_connections: 0\n", "one for events and actions\n"},
	} {
		c := newCheckSetup(t, 22)
		c.username, c.secret, c.more = "onlyonce", "onlyonce-secret", tt.more
		if got := c.run(t); got.code != 0 || strings.Contains(got.stdout, "FAILED") || !strings.Contains(got.stdout, tt.says) {
			t.Errorf("code %d, want 0 and %q:\n%s%s", got.code, tt.says, got.stdout, got.stderr)
		}
	}
}

// TestCheckOfAHealthyPBX passes and leaves nothing behind.
func TestCheckOfAHealthyPBX(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		version              int
		user, recorder, says string
	}{
		{16, "recorder", "auto", "mixmonitor (auto: it exists and this user may use it)"},
		{22, "recorder", "auto", "mixmonitor (auto: it exists and this user may use it)"},
		{22, "systemonly", "mixmonitor", "mixmonitor (configured)"},
		{16, "callonly", "auto", "monitor (auto: the user"},
		{16, "recorder", "monitor", "monitor (configured)"},
	} {
		t.Run(fmt.Sprint(tt.version, " ", tt.user, " ", tt.recorder), func(t *testing.T) {
			t.Parallel()
			c := newCheckSetup(t, tt.version)
			c.username, c.secret, c.recorder = tt.user, tt.user+"-secret", tt.recorder
			got := c.run(t)
			if got.code != 0 || got.stderr != "" || strings.Contains(got.stdout, "FAILED") {
				t.Fatalf("code %d:\n%s%s", got.code, got.stdout, got.stderr)
			}
			for _, part := range []string{"recgate.yaml is valid", "recgate.db does not exist yet", "can be written", "disk of the archive", "% used, ", c.address + " as " + tt.user, tt.says, "one for events, 2 of 2 for actions\n", "0 live", "is free"} {
				if !strings.Contains(got.stdout, part) {
					t.Errorf("it lacks %q:\n%s", part, got.stdout)
				}
			}
			if strings.Contains(tt.says, "mixmonitor") && tt.user == "recorder" && strings.Contains(got.stdout, "not allowed") {
				t.Errorf("it misses what it does not need:\n%s", got.stdout)
			}
			left, err := filepath.Glob(filepath.Join(c.dir, "recgate.db*"))
			spool, _ := os.ReadDir(c.mount)
			if err != nil || len(left)+len(spool) > 0 {
				t.Errorf("left %q and %v", left, spool)
			}
		})
	}
}
