//go:build full

package s3_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"recgate/ami/amisim"
	"recgate/audio/audiotest"
)

// gateway is a recgate serve that runs as a process of its own, in front of
// a simulated Asterisk.
type gateway struct {
	sim       *amisim.Server
	base, log string
	cmd       *exec.Cmd
}

func build(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "recgate")
	if out, err := exec.Command("go", "build", "-race", "-o", path, "recgate/cmd/recgate").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v: %s", err, out)
	}
	return path
}

func newSim(t *testing.T, spool string) *amisim.Server {
	t.Helper()
	sim, err := amisim.New(amisim.Options{
		Version: 22, Spool: spool,
		Users: []amisim.User{{Name: "recorder", Secret: "recorder-secret", Read: "call", Write: "call,system"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- sim.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return sim
}

// newGateway runs recgate with the archive, its keys in files.
func newGateway(t *testing.T, archive string) *gateway {
	t.Helper()
	dir, spool := t.TempDir(), t.TempDir()
	g := &gateway{sim: newSim(t, spool), log: filepath.Join(dir, "log")}
	listen := freeAddress(t)
	g.base = "http://" + listen
	config := filepath.Join(dir, "recgate.yaml")
	for name, content := range map[string]string{
		"access": accessKey + "\n", "secret": secretKey + "\n",
		"recgate.yaml": fmt.Sprintf("listen: %s\ndatabase: sqlite:%s/recgate.db\narchive: %q\narchive_access_key_file: %s/access\narchive_secret_key_file: %s/secret\n"+
			"log: text\nlog_level: debug\npbx:\n  - name: pbx1\n    address: %s\n    username: recorder\n    secret: recorder-secret\n    spool: %s\n",
			listen, dir, archive, dir, dir, g.sim.Addr(), spool),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	log, err := os.Create(g.log)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	path := build(t)
	if out, err := exec.Command(path, "check", "--config", config).CombinedOutput(); err != nil || !strings.Contains(string(out), archive+" can be written") {
		t.Errorf("check: %v\n%s", err, out)
	}
	g.cmd = exec.Command(path, "serve", "--config", config)
	g.cmd.Stdout, g.cmd.Stderr = log, log
	if err := g.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.end(t) })
	await(t, "recgate to be ready", func() bool { status, _ := g.fetch(t, "/readyz"); return status == http.StatusOK })
	return g
}

// end stops it in an orderly way, and looks at what it said.
func (g *gateway) end(t *testing.T) {
	if err := g.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	if err := g.cmd.Wait(); err != nil {
		t.Errorf("graceful stop: %v", err)
	}
	log, err := os.ReadFile(g.log)
	if err != nil || strings.Contains(string(log), "DATA RACE") || strings.Contains(string(log), secretKey) || t.Failed() {
		t.Errorf("recgate said (%v):\n%s", err, log)
	}
}

func await(t *testing.T, what string, is func() bool) {
	t.Helper()
	for limit := time.Now().Add(time.Minute); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

func (g *gateway) fetch(t *testing.T, path string) (status int, body string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 9*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, g.base+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err.Error()
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return answer.StatusCode, err.Error()
	}
	return answer.StatusCode, string(text)
}

func (g *gateway) ask(t *testing.T, method string, args ...string) (status int, body string) {
	t.Helper()
	q := url.Values{"method": {method}}
	for i := 0; i+1 < len(args); i += 2 {
		q.Set(args[i], args[i+1])
	}
	return g.fetch(t, "/servicemanager/services/njadmin-api-recording?"+q.Encode())
}

func (g *gateway) want(t *testing.T, want int, says, method string, args ...string) string {
	t.Helper()
	status, body := g.ask(t, method, args...)
	if status != want || !strings.Contains(body, says) {
		t.Fatalf("%s %v: %d %.300s, want %d %q", method, args, status, body, want, says)
	}
	return body
}

// retrieve waits for the recording and demands the caller's tone in it.
func (g *gateway) retrieve(t *testing.T, tag string) {
	t.Helper()
	var body string
	await(t, tag+" to be given back", func() bool {
		var status int
		status, body = g.ask(t, "retrieve", "tag", tag, "username", "fred")
		return status == http.StatusOK
	})
	wav, err := base64.StdEncoding.DecodeString(body)
	if err != nil || len(wav) < 16000 {
		t.Fatalf("%s: %d bytes, %v", tag, len(wav), err)
	}
	if share, err := audiotest.Share(wav, 0, 400); share < 20 || err != nil {
		t.Errorf("%s: the tone of 410 is %.0f %% of the sound, %v", tag, share, err)
	}
}

// TestServe: a whole recgate with its archive on versitygw stores and gives
// back; while the server is away nothing is lost and callers are told; no key
// is in the arguments or the log.
func TestServe(t *testing.T) {
	s := newServer(t)
	bucket := s.bucket(t)
	g := newGateway(t, "s3://"+bucket+"/north?endpoint=http://"+s.address)
	args, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", g.cmd.Process.Pid))
	if err != nil || strings.Contains(string(args), secretKey) {
		t.Errorf("the arguments are %q, %v", args, err)
	}
	call, err := g.sim.Call("410", "411", amisim.CallOptions{})
	if err != nil {
		t.Fatal(err)
	}
	record := func(tag string) {
		await(t, "the start of "+tag, func() bool {
			status, _ := g.ask(t, "start", "extenOrUniqueId", "410", "tag", tag)
			return status == http.StatusOK
		})
		time.Sleep(1200 * time.Millisecond) // so long is the sound
		g.want(t, http.StatusOK, "", "stop", "extenOrUniqueId", "410")
	}
	record("first")
	record("second")
	await(t, "two objects", func() bool { return len(s.names(t, bucket)) == 2 })
	record("third")
	s.end(t, syscall.SIGKILL)
	record("fourth")
	call.Hangup()
	await(t, "the refusal", func() bool {
		status, body := g.ask(t, "retrieve", "tag", "first", "username", "fred")
		return status == http.StatusServiceUnavailable && strings.Contains(body, "the archive cannot be reached")
	})
	if status, body := g.fetch(t, "/readyz"); status != http.StatusServiceUnavailable || !strings.Contains(body, "away archive: the archive cannot be reached") {
		t.Errorf("readyz: %d %s", status, body)
	}
	s.run(t)
	for _, tag := range []string{"first", "second", "third", "fourth"} {
		g.retrieve(t, tag)
	}
	if names := s.names(t, bucket); len(names) != 4 {
		t.Errorf("the bucket holds %q", names)
	}
	s.wantNoUploads(t, bucket)
}
