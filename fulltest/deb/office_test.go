//go:build full

package deb_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"recgate/asterisk/sim"
	"recgate/fulltest/process"
	"recgate/internal/await"
	"recgate/internal/port"
)

const spool = "/var/spool/asterisk/monitor/recgate"

// office is a Debian with a simulated Asterisk beside it, which writes into
// the spool that the package made.
type office struct {
	debian
	sim    *sim.Server
	listen string
}

// addAsterisk makes user and folders as Debian's package asterisk does.
func addAsterisk(t *testing.T, d debian) {
	t.Helper()
	d.run(t, `groupadd --system asterisk
useradd --system --gid asterisk --home-dir /var/lib/asterisk --shell /usr/sbin/nologin asterisk
install -d -m 750 -o asterisk -g asterisk /var/spool/asterisk /var/spool/asterisk/monitor`)
}

func newOffice(t *testing.T, d debian) *office {
	t.Helper()
	o := &office{debian: d, listen: port.Address(t)}
	var err error
	o.sim, err = sim.New(sim.Options{
		Spool: filepath.Dir(d.path(spool)),
		Users: []sim.User{{Name: "recgate", Secret: "a-secret-of-the-test", Read: "call", Write: "system,call"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- o.sim.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := await.From(t, "the simulated Asterisk to end", ended); err != nil {
			t.Error(err)
		}
	})
	return o
}

// edit does to the configuration what its comments ask for. The simulated PBX
// sees the spool from outside, as one on another machine would.
func (o *office) edit(t *testing.T) {
	t.Helper()
	const file = "/etc/recgate/recgate.yaml"
	text, err := os.ReadFile(o.path(file))
	if err != nil {
		t.Fatal(err)
	}
	edited := strings.NewReplacer(
		`"..."`, "a-secret-of-the-test", "127.0.0.1:8080", o.listen, "127.0.0.1:5038", o.sim.Addr(),
		"spool: "+spool, "spool: "+o.path(spool)+"\n    mount: "+spool,
	).Replace(string(text))
	if err := os.WriteFile(o.path(file), []byte(edited), 0o600); err != nil { // an existing file keeps its mode
		t.Fatal(err)
	}
}

func (o *office) fetch(t *testing.T, path string) (status int, body string) {
	t.Helper()
	return process.Fetch(t.Context(), "http://"+o.listen+path)
}

func (o *office) ask(t *testing.T, method string, values url.Values) (status int, body string) {
	t.Helper()
	return o.fetch(t, "/servicemanager/services/njadmin-api-recording?method="+method+"&"+values.Encode())
}

func (p *program) await(t *testing.T, what string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !so(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			p.stop(t)
			t.Fatalf("waited in vain: %s\n%s", what, p.log)
		}
	}
}

func (o *office) awaitReady(t *testing.T, p *program) {
	t.Helper()
	p.await(t, "recgate is ready", func() bool { status, _ := o.fetch(t, "/readyz"); return status == http.StatusOK })
}

// begin makes a call and lets it be recorded.
func (o *office) begin(t *testing.T, p *program, from, tag string) *sim.Call {
	t.Helper()
	call, err := o.sim.Call(from, "411", sim.CallOptions{})
	if err != nil {
		t.Fatal(err)
	}
	p.await(t, "the start of "+tag, func() bool {
		status, _ := o.ask(t, "start", url.Values{"extenOrUniqueId": {from}, "tag": {tag}})
		return status == http.StatusOK
	})
	p.await(t, "some sound of "+tag, func() bool {
		files, _ := filepath.Glob(o.path(spool + "/*.wav"))
		info, err := os.Stat(files[len(files)-1])
		return err == nil && info.Size() > 4000
	})
	return call
}

func (o *office) retrieve(t *testing.T, p *program, tag string) string {
	t.Helper()
	var body string
	p.await(t, "the recording of "+tag, func() bool {
		status := 0
		status, body = o.ask(t, "retrieve", url.Values{"tag": {tag}, "username": {"fred"}})
		return status == http.StatusOK
	})
	wav, err := base64.StdEncoding.DecodeString(body)
	if err != nil || len(wav) < 4000 {
		t.Fatalf("the recording of %s: %d bytes, %v", tag, len(wav), err)
	}
	return fmt.Sprintf("%x", wav)
}
