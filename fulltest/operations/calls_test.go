//go:build full

package operations_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"recgate/asterisk/sim"
	"recgate/fulltest/process"
)

// ask calls the legacy endpoint.
func (h *host) ask(t *testing.T, method string, arguments ...string) (status int, body string) {
	t.Helper()
	return h.fetch(t, process.Query(method, arguments...))
}

// fetch returns status 0 when nobody answers.
func (h *host) fetch(t *testing.T, path string) (status int, body string) {
	t.Helper()
	return process.Fetch(t.Context(), h.base()+path)
}

// awaitReady starts recgate if it does not run, and waits for it.
func (h *host) awaitReady(t *testing.T) {
	t.Helper()
	if err := h.start(); err != nil {
		t.Fatal(err)
	}
	h.await(t, "recgate is ready", func() bool { status, _ := h.fetch(t, "/readyz"); return status == http.StatusOK })
}

// begin makes a call between two telephones and lets it be recorded.
func (h *host) begin(t *testing.T, from, to, tag string) *sim.Call {
	t.Helper()
	call, err := h.sim.Call(from, to, sim.CallOptions{})
	if err != nil {
		t.Fatal(err)
	}
	h.await(t, "the call is seen", func() bool {
		status, _ := h.ask(t, "start", "extenOrUniqueId", from, "tag", tag)
		return status == http.StatusOK
	})
	h.await(t, "some of it is recorded", func() bool {
		files, err := filepath.Glob(h.path("/var/spool/asterisk/monitor/recgate/*.wav"))
		if err != nil || len(files) == 0 {
			return false
		}
		for _, file := range files {
			if info, err := os.Stat(file); err == nil && info.Size() < 4000 {
				return false
			}
		}
		return true
	})
	return call
}

// record records a call, and keeps what is retrieved of it.
func (h *host) record(t *testing.T, from, to, tag string) {
	t.Helper()
	h.begin(t, from, to, tag).Hangup()
	h.keepAudio(t, tag)
}

// keepAudio retrieves a recording and keeps it for wantKeptAudio.
func (h *host) keepAudio(t *testing.T, tag string) {
	t.Helper()
	h.await(t, "the recording of "+tag, func() bool { _, err := h.retrieve(t, tag); return err == nil })
	wav, err := h.retrieve(t, tag)
	if err != nil {
		t.Fatal(err)
	}
	if len(wav) < 4000 || !bytes.HasPrefix(wav, []byte("RIFF")) {
		t.Fatalf("the recording of %s is no recording: %d bytes", tag, len(wav))
	}
	h.kept[tag] = wav
}

func (h *host) retrieve(t *testing.T, tag string) ([]byte, error) {
	t.Helper()
	status, body := h.ask(t, "retrieve", "tag", tag, "username", "fred")
	if status != http.StatusOK {
		return nil, fmt.Errorf("%d: %s", status, body)
	}
	return base64.StdEncoding.DecodeString(body)
}

// wantKeptAudio demands that each of the recordings is retrieved as it was kept.
func (h *host) wantKeptAudio(t *testing.T, tags ...string) {
	t.Helper()
	for _, tag := range tags {
		wav, err := h.retrieve(t, tag)
		if err != nil {
			t.Errorf("the recording of %s: %v", tag, err)
		} else if !bytes.Equal(wav, h.kept[tag]) {
			t.Errorf("the recording of %s has %d bytes that differ from the %d it had", tag, len(wav), len(h.kept[tag]))
		}
	}
}
