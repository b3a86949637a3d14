//go:build full

package asterisk_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"recgate/lab"
)

// TestAccount: what is wrong with the account or the modules of a real Asterisk
// is found out and named, and goes on by itself once it is right.
func TestAccount(t *testing.T) {
	for _, version := range lab.Versions() {
		t.Run(strconv.Itoa(version), func(t *testing.T) {
			l := lab.Start(t, version, lab.Options{Spool: filepath.Join(t.TempDir(), "spool")})
			for name, play := range map[string]func(*testing.T, *lab.Lab){
				"an event filter": filtered,
			} {
				t.Run(name, func(t *testing.T) {
					l.Hangup()
					play(t, l)
				})
			}
		})
	}
}

// rewrite changes manager.conf until the test ends.
func rewrite(t *testing.T, l *lab.Lab, change func(string) string) (undo func()) {
	t.Helper()
	file := filepath.Join(l.Dir, "pbx", "etc", "manager.conf")
	had, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		l.CLI("manager reload")
	}
	undo = func() { write(string(had)) }
	t.Cleanup(undo)
	changed := change(string(had))
	if changed == string(had) {
		t.Fatalf("nothing to change in %s", had)
	}
	write(changed)
	return undo
}

// awaitUnready waits until /readyz is 503 and says so.
func (p *program) awaitUnready(t *testing.T, says string) {
	t.Helper()
	p.Await(t, "/readyz to say "+says, func() bool {
		status, body := p.Fetch(t.Context(), "/readyz")
		return status == http.StatusServiceUnavailable && strings.Contains(body, says)
	})
}

// filtered keeps the events of one telephone from recgate.
func filtered(t *testing.T, l *lab.Lab) {
	undo := rewrite(t, l, func(text string) string {
		return strings.Replace(text, "[recorder]\n", "[recorder]\neventfilter = !PJSIP/412-\n", 1)
	})
	p := newProgram(t, l, settings{})
	first := l.Call("410", "411", 120, "")
	p.want(t, http.StatusOK, "start", "extenOrUniqueId", "410", "tag", t.Name())
	p.want(t, http.StatusOK, "stop", "extenOrUniqueId", "410")
	l.HangupChannel(first.CallerUniqueID)
	l.Call("412", "411", 120, "")
	p.want(t, http.StatusOK, "start", "extenOrUniqueId", "412", "tag", t.Name()+"2")
	p.awaitUnready(t, `sends no events of some channels, such as "PJSIP/412-`)
	p.want(t, http.StatusServiceUnavailable, "start", "extenOrUniqueId", "411", "tag", t.Name())
	undo()
	p.Await(t, "events to be whole again", func() bool {
		call := l.Call("410", "411", 1, "")
		defer l.HangupChannel(call.CallerUniqueID)
		status, _ := p.Fetch(t.Context(), "/readyz")
		return status == http.StatusOK
	})
}
