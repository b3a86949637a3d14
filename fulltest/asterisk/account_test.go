//go:build full

package asterisk_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"recgate/ami"
	"recgate/internal/await"
	"recgate/internal/child"
	"recgate/lab"
)

// TestAccount: what is wrong with the account or the modules of a real Asterisk
// is found out and named, and recgate continues by itself once it is right.
func TestAccount(t *testing.T) {
	for _, version := range lab.Versions() {
		t.Run(strconv.Itoa(version), func(t *testing.T) {
			t.Parallel() // each has its own Asterisk, and most of a scene is waiting
			l := lab.Start(t, version, lab.Options{Punctual: true, Spool: filepath.Join(t.TempDir(), "spool")})
			for name, play := range map[string]func(*testing.T, *lab.Lab){
				"an event filter":                    testEventFilter,
				"a module that is not there":         testNoWAV,
				"one login at a time":                testOneLogin,
				"a certificate of Asterisk's script": testScriptedCertificate,
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

// testEventFilter keeps the events of one telephone from recgate.
func testEventFilter(t *testing.T, l *lab.Lab) {
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
	p.Await(t, "events to be whole again, which a new login shows", func() bool {
		call := l.Call("410", "411", 1, "")
		defer l.HangupChannel(call.CallerUniqueID)
		status, _ := p.Fetch(t.Context(), "/readyz")
		return status == http.StatusOK
	})
}

// testNoWAV takes from Asterisk what writes WAV, as small containers do: while
// recgate runs, and before it begins.
func testNoWAV(t *testing.T, l *lab.Lab) {
	const says = `has not loaded the module "format_wav.so"`
	p := newProgram(t, l, settings{})
	t.Cleanup(func() { l.CLI("module load format_wav.so") })
	l.CLI("module unload format_wav.so")
	l.Call("410", "411", 120, "")
	p.wantUnavailable(t, says)
	p.awaitUnready(t, says)
	p.Kill(t)
	p.Begin(t)
	p.awaitUnready(t, says)
	l.CLI("module load format_wav.so")
	p.awaitStatus(t, http.StatusOK)
	p.awaitOK(t, "start", "extenOrUniqueId", "410", "tag", t.Name())
	p.want(t, http.StatusOK, "stop", "extenOrUniqueId", "410")
}

// testOneLogin has the PBX let in each user once: recgate records by the one login
// that it has, and whoever comes second is told the setting.
func testOneLogin(t *testing.T, l *lab.Lab) {
	undo := rewrite(t, l, func(text string) string {
		return strings.Replace(text, "[recorder]\n", "[recorder]\nallowmultiplelogin = no\n", 1)
	})
	p := newProgram(t, l, settings{})
	l.Call("410", "411", 120, "")
	p.want(t, http.StatusOK, "start", "extenOrUniqueId", "410", "tag", t.Name())
	p.want(t, http.StatusOK, "stop", "extenOrUniqueId", "410")
	second := ami.New(ami.Options{Address: l.AMI, Username: "recorder", Secret: l.Secret("recorder"), MD5: true})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- second.Run(ctx, func(ami.Signal) {}) }()
	await.Until(t, "the second login to be refused", func() bool {
		up, err := second.State()
		if up {
			t.Error("the second login was let in")
		}
		return up || errors.Is(err, ami.ErrInUse)
	})
	cancel()
	if err := await.From(t, "the second client to end", done); err != nil {
		t.Error(err)
	}
	undo()
}

// runOpenSSL makes files the way Asterisk's script ast_tls_cert does: an authority,
// and a certificate that it signed, both with a common name and nothing else.
func runOpenSSL(t *testing.T, dir, name string) {
	t.Helper()
	for file, text := range map[string]string{"ca.cfg": "Asterisk Private CA", "pbx.cfg": name} {
		text = "[req]\ndistinguished_name = dn\nprompt = no\n\n[dn]\nCN=" + text + "\nO=Asterisk\n"
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, line := range []string{
		"genrsa -out ca.key 4096",
		"req -new -config ca.cfg -x509 -days 365 -key ca.key -out ca.crt",
		"genrsa -out pbx.key 2048",
		"req -batch -new -config pbx.cfg -key pbx.key -out pbx.csr",
		"x509 -req -days 365 -in pbx.csr -CA ca.crt -CAkey ca.key -set_serial 01 -out pbx.crt",
	} {
		command := exec.Command("openssl", strings.Fields(line)...)
		command.Dir = dir
		if out, err := child.Output(await.Patience, command); err != nil {
			t.Fatalf("openssl %s: %v\n%s", line, err, out)
		}
	}
}

// testScriptedCertificate has the PBX show a certificate for another name than its
// address, as Asterisk's script makes it.
func testScriptedCertificate(t *testing.T, l *lab.Lab) {
	dir, shown := t.TempDir(), filepath.Join(l.Dir, "pbx", "keys", "ami.pem")
	runOpenSSL(t, dir, "pbx.example.org")
	had := readFile(t, shown)
	t.Cleanup(func() {
		if err := os.WriteFile(shown, had, 0o600); err != nil {
			t.Error(err)
		}
		l.Restart()
	})
	both := append(readFile(t, filepath.Join(dir, "pbx.key")), readFile(t, filepath.Join(dir, "pbx.crt"))...)
	if err := os.WriteFile(shown, both, 0o600); err != nil {
		t.Fatal(err)
	}
	l.Restart()
	for _, more := range []string{
		"    tls: " + filepath.Join(dir, "pbx.crt") + "\n",
		"    tls: " + filepath.Join(dir, "ca.crt") + "\n    tls_name: pbx.example.org\n",
	} {
		p := newProgram(t, l, settings{address: l.AMITLS, more: more})
		l.Call("410", "411", 60, "")
		p.want(t, http.StatusOK, "start", "extenOrUniqueId", "410", "tag", t.Name())
		p.want(t, http.StatusOK, "stop", "extenOrUniqueId", "410")
		l.Hangup()
	}
}

func readFile(t *testing.T, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
