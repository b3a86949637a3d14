//go:build full

package asterisk_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"recgate/fulltest/process"
	"recgate/lab"
)

func TestMain(m *testing.M) { process.Main(m) }

// program is a recgate serve in front of a lab.
type program struct{ *process.Process }

// settings are what a test wants different.
type settings struct {
	recorder string
	database string // empty: SQLite
	address  string // of AMI; empty: the lab's
	more     string // lines of YAML
}

// newProgram writes the configuration and starts the program, which is built
// with the race detector.
func newProgram(t *testing.T, l *lab.Lab, s settings) *program {
	t.Helper()
	dir := t.TempDir()
	if s.database == "" {
		s.database = "sqlite:" + filepath.Join(dir, "recgate.db")
	}
	if s.address == "" {
		s.address = l.AMI
	}
	if s.recorder == "" {
		s.recorder = "auto"
	}
	p := &program{process.New(t, process.Build(t, "-race"), dir, fmt.Sprintf(
		"database: %q\narchive: %q\nlog: text\nlog_level: debug\npbx:\n  - name: pbx1\n    address: %s\n    username: recorder\n    secret: %s\n    recorder: %s\n    spool: %s\n%s",
		s.database, "file:"+filepath.Join(dir, "archive"), s.address, l.Secret("recorder"), s.recorder, l.Spool, s.more))}
	p.Start(t)
	return p
}

// awaitStatus waits until /readyz has a status.
func (p *program) awaitStatus(t *testing.T, want int) {
	t.Helper()
	p.Await(t, fmt.Sprintf("/readyz to say %d", want), func() bool {
		status, _ := p.Fetch(t.Context(), "/readyz")
		return status == want
	})
}

// awaitOK asks until the answer is a success.
func (p *program) awaitOK(t *testing.T, method string, args ...string) {
	t.Helper()
	p.Await(t, fmt.Sprintf("%s %q to succeed", method, args), func() bool {
		status, _ := p.Ask(t.Context(), method, args...)
		return status == http.StatusOK
	})
}

// want asks and fails the test on another status.
func (p *program) want(t *testing.T, want int, method string, args ...string) {
	t.Helper()
	if status, body := p.Ask(t.Context(), method, args...); status != want {
		t.Fatalf("%s %q: status %d, want %d: %.300s", method, args, status, want, body)
	}
}

// retrieve gives the WAV behind a tag or unique id, as soon as the call is
// known to be over.
func (p *program) retrieve(t *testing.T, method, name, value string) []byte {
	t.Helper()
	var status int
	var body string
	p.Await(t, value+" to be given back", func() bool {
		status, body = p.Ask(t.Context(), method, name, value, "username", "fred")
		return status != http.StatusConflict || !strings.Contains(body, "in progress")
	})
	if status != http.StatusOK {
		t.Fatalf("%s %s=%s: status %d: %.300s", method, name, value, status, body)
	}
	wav, err := base64.StdEncoding.DecodeString(body)
	if err != nil {
		t.Fatalf("%s: %v in %.100q", method, err, body)
	}
	return wav
}
