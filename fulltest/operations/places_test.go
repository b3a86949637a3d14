//go:build full

package operations_test

import (
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// scenePBXLost: Asterisk and its calls are gone, the disk with the spool is not.
func scenePBXLost(t *testing.T) {
	h := newHost(t)
	h.awaitReady(t)
	h.record(t, "410", "411", "one")
	h.begin(t, "412", "413", "running when it died")
	const spool = "/var/spool/asterisk/monitor/recgate"
	old := h.path("/mnt/old", spool)
	if err := os.MkdirAll(old, 0o755); err != nil { //nolint:gosec // a disk that others made
		t.Fatal(err)
	}
	if err := h.stop(); err != nil { // before it notices: the network went first
		t.Fatal(err)
	}
	h.endSim()
	for _, file := range h.files(t, spool+"/*.wav") {
		if _, err := h.shell(t, "mv "+file+" "+old); err != nil {
			t.Fatal(err)
		}
	}
	h.startPBX(t)
	h.run(t, "pbx-replaced")
	h.wantKeptAudio(t, "one")
	h.keepAudio(t, "running when it died")
	h.record(t, "410", "411", "on the new PBX")
}

// sceneBucket: the archive is on S3, with keys in files.
func sceneBucket(t *testing.T) {
	h := newHost(t)
	files := s3mem.New()
	if err := files.CreateBucket("calls"); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(gofakes3.New(files, gofakes3.WithoutVersioning()).Server())
	t.Cleanup(server.Close)
	for _, name := range []string{"access", "secret"} {
		if err := os.WriteFile(h.path("/etc/recgate/s3-"+name+"-key"), []byte("a-key-of-the-test\n"), 0o644); err != nil { //nolint:gosec // recgate's user reads it
			t.Fatal(err)
		}
	}
	settings := strings.Replace(h.block(t, "s3-archive"), "https://s3.example.org", server.URL, 1)
	h.configure(t, "sqlite:/var/lib/recgate/recgate.db", settings)
	h.awaitReady(t)
	h.record(t, "410", "411", "one")
	if all, err := files.ListBucket("calls", nil, gofakes3.ListBucketPage{}); err != nil || len(all.Contents) != 2 {
		t.Errorf("the bucket does not hold the mark and the one recording: %v, %v", all, err)
	}
}

// sceneArchiveMoves: recordings come while it moves.
func sceneArchiveMoves(t *testing.T) {
	h := newHost(t)
	h.awaitReady(t)
	h.record(t, "410", "411", "one")
	running := h.begin(t, "412", "413", "running while it moves")
	h.run(t, "move-archive")
	h.wantKeptAudio(t, "one")
	running.Hangup()
	h.keepAudio(t, "running while it moves")
	h.record(t, "410", "411", "afterwards")
	if err := os.RemoveAll(h.path("/var/lib/recgate/archive")); err != nil {
		t.Fatal(err)
	}
	h.wantKeptAudio(t, "one", "running while it moves", "afterwards")
}
