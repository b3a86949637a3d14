package main

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

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
	await(t, "the demo to say how to look into it", func() bool { return strings.Contains(said.text(), "explain --config "+file+" 22") })
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
