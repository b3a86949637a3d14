//go:build full

package s3_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"recgate/asterisk/sim"
	"recgate/audio/audiotest"
	"recgate/fulltest/process"
	"recgate/internal/await"
)

func TestMain(m *testing.M) { process.Main(m) }

// gateway is a recgate serve in front of a simulated Asterisk.
type gateway struct {
	*process.Process
	sim *sim.Server
}

func newSim(t *testing.T, spool string) *sim.Server {
	t.Helper()
	server, err := sim.New(sim.Options{
		Version: 22, Spool: spool,
		Users: []sim.User{{Name: "recorder", Secret: "recorder-secret", Read: "call", Write: "call,system"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := await.From(t, "the simulated Asterisk to end", ended); err != nil {
			t.Error(err)
		}
	})
	return server
}

// newGateway runs recgate, built with the race detector, with the archive, its
// keys in files.
func newGateway(t *testing.T, archive string) *gateway {
	t.Helper()
	dir, spool := t.TempDir(), t.TempDir()
	server := newSim(t, spool)
	for name, key := range map[string]string{"access": accessKey, "secret": secretKey} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(key+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var g *gateway
	t.Cleanup(func() { // after the process has ended
		if strings.Contains(g.Log(t), secretKey) {
			t.Error("the secret key is in the log")
		}
	})
	g = &gateway{process.New(t, process.Build(t, "-race"), dir, fmt.Sprintf(
		"database: sqlite:%s/recgate.db\narchive: %q\narchive_access_key_file: %s/access\narchive_secret_key_file: %s/secret\n"+
			"log: text\nlog_level: debug\npbx:\n  - name: pbx1\n    address: %s\n    username: recorder\n    secret: recorder-secret\n    spool: %s\n",
		dir, archive, dir, dir, server.Addr(), spool)), server}
	if out, err := g.Command(t, "check"); err != nil || !strings.Contains(out, archive+" can be written") {
		t.Errorf("check: %v\n%s", err, out)
	}
	g.Start(t)
	return g
}

func (g *gateway) want(t *testing.T, want int, says, method string, args ...string) string {
	t.Helper()
	status, body := g.Ask(t.Context(), method, args...)
	if status != want || !strings.Contains(body, says) {
		t.Fatalf("%s %v: %d %.300s, want %d %q", method, args, status, body, want, says)
	}
	return body
}

// retrieve waits for the recording and demands the caller's tone in it.
func (g *gateway) retrieve(t *testing.T, tag string) {
	t.Helper()
	var body string
	await.Until(t, tag+" to be given back", func() bool {
		var status int
		status, body = g.Ask(t.Context(), "retrieve", "tag", tag, "username", "fred")
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
	bucket := s.emptyBucket(t)
	g := newGateway(t, "s3://"+bucket+"/north?endpoint=http://"+s.address)
	args, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", g.PID()))
	if err != nil || strings.Contains(string(args), secretKey) {
		t.Errorf("the arguments are %q, %v", args, err)
	}
	call, err := g.sim.Call("410", "411", sim.CallOptions{})
	if err != nil {
		t.Fatal(err)
	}
	record := func(tag string) {
		await.Until(t, "the start of "+tag, func() bool {
			status, _ := g.Ask(t.Context(), "start", "extenOrUniqueId", "410", "tag", tag)
			return status == http.StatusOK
		})
		time.Sleep(1200 * time.Millisecond) // so long is the sound
		g.want(t, http.StatusOK, "", "stop", "extenOrUniqueId", "410")
	}
	record("first")
	record("second")
	await.Until(t, "two objects", func() bool { return len(s.names(t, bucket)) == 2 })
	record("third")
	s.end(t, syscall.SIGKILL)
	record("fourth")
	call.Hangup()
	await.Until(t, "the refusal", func() bool {
		status, body := g.Ask(t.Context(), "retrieve", "tag", "first", "username", "fred")
		return status == http.StatusServiceUnavailable && strings.Contains(body, "the archive cannot be reached")
	})
	if status, body := g.Fetch(t.Context(), "/readyz"); status != http.StatusServiceUnavailable || !strings.Contains(body, "away archive: the archive cannot be reached") {
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
