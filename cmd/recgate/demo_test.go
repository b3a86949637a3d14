package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"recgate/internal/child"
	"recgate/internal/port"
)

// TestDemoCanBeLookedInto: what the demo prints to paste works, and what it
// wrote is explained by the commands for it, also when it is over.
func TestDemoCanBeLookedInto(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	listen := port.Address(t)
	var said journal
	demo := demoCommand{Listen: listen, Data: data}
	end := runInBackground(t, func(ctx context.Context) error { return demo.Run(ctx, process{stdout: &said, stderr: io.Discard}) })
	endpoint := "http://" + listen + "/servicemanager/services/njadmin-api-recording?"
	ask := func(values url.Values, status int) {
		t.Helper()
		for limit := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
			answer, err := (&http.Client{Timeout: patience}).Get(endpoint + values.Encode())
			if err == nil {
				_ = answer.Body.Close()
				if answer.StatusCode == status {
					return
				}
			}
			if time.Now().After(limit) {
				t.Fatalf("%v: %v, %v", values, answer, err)
			}
		}
	}
	ask(url.Values{"method": {"start"}, "extenOrUniqueId": {"410"}, "tag": {"22"}}, http.StatusOK)
	ask(url.Values{"method": {"stop"}, "extenOrUniqueId": {"410"}}, http.StatusOK)
	file := filepath.Join(data, "recgate.yaml")
	await(t, "the demo to say how to look into it", func() bool { return strings.Contains(said.String(), "explain --config "+file+" 22") })
	if got := recgate(t, t.TempDir(), nil, "check", "--record", "--config", file); got.code != 0 {
		t.Errorf("recgate check --record:\n%s%s", got.stdout, got.stderr)
	}
	for range 2 {
		for _, tt := range []struct{ say, want string }{
			{"explain 22", "stopped by request"},
			{"ledger", "total"},
			{"ledger --unexplained", "nothing is unexplained"},
		} {
			args := append(strings.Fields(tt.say), "--config", file)
			if got := recgate(t, t.TempDir(), nil, args...); got.code != 0 || !strings.Contains(got.stdout, tt.want) {
				t.Errorf("recgate %s: code %d, want 0 and %q:\n%s%s", tt.say, got.code, tt.want, got.stdout, got.stderr)
			}
		}
		end() // once more when nothing runs
	}
}

// TestDemoFileServes: a recgate of one's own, in front of the simulated
// Asterisk, records with the file that the demo wrote, whatever the folder of
// the demo is called.
func TestDemoFileServes(t *testing.T) {
	t.Parallel()
	for _, folder := range []string{"data", "my data, 100%25 #é?;'\"x"} {
		t.Run(folder, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			data := filepath.Join(dir, folder)
			file := filepath.Join(data, "recgate.yaml")
			demoListen, listen := port.Address(t), port.Address(t)
			demo := servingAt(t, demoListen, filepath.Join(dir, "any"))
			demo.launch(t, nil, "demo", "--listen", demoListen, "--data", data)
			own := servingAt(t, listen, file)
			env := []string{"RECGATE_LISTEN=" + listen, "RECGATE_DATABASE=sqlite:" + filepath.Join(dir, "own.db"), "RECGATE_ARCHIVE=file:" + filepath.Join(dir, "own")}
			own.launch(t, env, "serve", "--config", file)
			for _, s := range []struct {
				*serving
				env []string
			}{{own, env}, {demo, nil}} {
				s.want(t, http.StatusOK, nil, "start", "extenOrUniqueId", "410", "tag", "22")
				if got := recgate(t, dir, s.env, "check", "--record", "--config", file); got.code != 0 {
					t.Errorf("recgate check --record:\n%s%s", got.stdout, got.stderr)
				}
				s.want(t, http.StatusOK, nil, "stop", "extenOrUniqueId", "410")
				answer := s.want(t, http.StatusOK, nil, "retrieve", "tag", "22", "username", "fred")
				wav, err := base64.StdEncoding.DecodeString(answer.body)
				if err != nil || len(wav) < 8000 || len(bytes.Trim(wav[44:], "\x00")) == 0 {
					t.Errorf("a recording of %d bytes without sound, %v", len(wav), err)
				}
			}
			wantPasted(t, demo.log, "ledger --config", "total")
			for _, s := range []*serving{own, demo} {
				if code := s.stop(t, syscall.SIGTERM); code != 0 {
					t.Errorf("exit code %d:\n%s", code, s.log)
				}
			}
		})
	}
}

// wantPasted runs a line that the demo printed in a shell.
func wantPasted(t *testing.T, printed *child.Buffer, part, want string) {
	t.Helper()
	var line string
	await(t, "the demo to print a line with "+part, func() bool {
		for l := range strings.Lines(printed.String()) {
			if strings.Contains(l, part) {
				line = l
			}
		}
		return strings.HasSuffix(line, "\n")
	})
	line = strings.Replace(line, "go run ./cmd/recgate", self(), 1) // what a test binary takes itself for
	cmd := program(t.Context(), t.TempDir(), nil)
	cmd.Path, cmd.Args = "/bin/sh", []string{"sh", "-c", line}
	if got := waitForEnd(t, cmd); got.code != 0 || !strings.Contains(got.stdout, want) {
		t.Errorf("%s: code %d, want 0 and %q:\n%s%s", line, got.code, want, got.stdout, got.stderr)
	}
}
