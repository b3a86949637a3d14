//go:build full

package operations_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// sceneFirstLook is what is done first when something is wrong, here a PBX.
func sceneFirstLook(t *testing.T) {
	h := newHost(t)
	h.awaitReady(t)
	h.record(t, "410", "411", "before")
	h.endSim()
	h.await(t, "the PBX is away", func() bool { _, body := h.fetch(t, "/readyz"); return strings.Contains(body, "away pbx pbx1") })
	out, err := h.try(t, "look")
	if err == nil {
		t.Errorf("the check of a PBX that is away does not fail:\n%s", out)
	}
	for _, want := range []string{"away pbx pbx1", "FAILED  pbx pbx1: login"} {
		if !strings.Contains(out, want) {
			t.Errorf("it lacks %q:\n%s", want, out)
		}
	}
	h.startPBX(t)
	h.awaitReady(t)
	out = h.run(t, "look")
	for _, want := range []string{"ok pbx pbx1", "recgate serves", "ready  1"} {
		if !strings.Contains(out, want) {
			t.Errorf("it lacks %q:\n%s", want, out)
		}
	}
	h.record(t, "410", "411", "4711")
	out = h.run(t, "explain")
	for _, want := range []string{"nothing is unexplained", "starting: asked for by 127.0.0.1, ", `with retrieve "4711": ok`} {
		if !strings.Contains(out, want) {
			t.Errorf("it lacks %q:\n%s", want, out)
		}
	}
}

// sceneDatabaseLost: the file is deleted while recordings came and run. What is in
// the backup is there again; what came after it is listed.
func sceneDatabaseLost(t *testing.T) {
	h := newHost(t)
	h.awaitReady(t)
	h.record(t, "410", "411", "one")
	h.record(t, "410", "411", "two")
	running := h.begin(t, "412", "413", "still running")
	between := h.begin(t, "414", "415", "ended after the backup")
	h.run(t, "backup-sqlite") // while it runs, with rows in the WAL
	h.run(t, "verify-backup-sqlite")
	between.Hangup()
	h.keepAudio(t, "ended after the backup")
	h.record(t, "410", "411", "after the backup")
	for _, file := range h.files(t, "/var/lib/recgate/recgate.db*") {
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
	}
	h.run(t, "restore-sqlite")
	h.wantKeptAudio(t, "one", "two")
	if _, err := h.retrieve(t, "after the backup"); err == nil {
		t.Error("a recording without a row is found")
	}
	running.Hangup()
	h.keepAudio(t, "still running")
	h.await(t, "the row from the backup has its audio", func() bool { _, err := h.retrieve(t, "ended after the backup"); return err == nil })
	h.wantKeptAudio(t, "ended after the backup")
	h.wantUnexplained(t, "after the backup")
}

// sceneMachineLost: a new machine has nothing but the backup and the PBX.
func sceneMachineLost(t *testing.T) {
	h := newHost(t)
	h.awaitReady(t)
	h.record(t, "410", "411", "one")
	running := h.begin(t, "412", "413", "still running")
	h.run(t, "backup-sqlite")
	h.kill(t)
	for _, place := range []string{"/etc/recgate", "/var/lib/recgate"} {
		if err := os.RemoveAll(h.path(place)); err != nil {
			t.Fatal(err)
		}
		if err := os.Mkdir(h.path(place), 0o755); err != nil { //nolint:gosec // as the package makes it
			t.Fatal(err)
		}
	}
	h.giveAway(t, "/var/lib/recgate")
	h.run(t, "new-gateway")
	h.run(t, "restore-sqlite")
	h.wantKeptAudio(t, "one")
	running.Hangup()
	h.keepAudio(t, "still running")
	h.record(t, "410", "411", "on the new machine")
}

// sceneDamagedBackup: one byte of a copy is different, one copy is missing.
func sceneDamagedBackup(t *testing.T) {
	h := newHost(t)
	h.awaitReady(t)
	h.record(t, "410", "411", "one")
	h.record(t, "410", "411", "two")
	h.run(t, "backup-sqlite")
	h.run(t, "verify-backup-sqlite")
	copies := h.files(t, "/srv/backup/archive/*/*.wav")
	if len(copies) != 2 {
		t.Fatalf("copies are %q, want two", copies)
	}
	wav, err := os.ReadFile(copies[0])
	if err != nil {
		t.Fatal(err)
	}
	wav[1000] ^= 1
	if err := os.WriteFile(copies[0], wav, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(copies[1]); err != nil {
		t.Fatal(err)
	}
	out, err := h.try(t, "verify-backup-sqlite")
	if err == nil {
		t.Error("a damaged backup passes")
	}
	for _, copied := range copies {
		if !strings.Contains(out, filepath.Base(copied)) {
			t.Errorf("it does not name %s:\n%s", filepath.Base(copied), out)
		}
	}
}

// sceneArchiveLost: the folder is deleted while recgate runs.
func sceneArchiveLost(t *testing.T) {
	h := newHost(t)
	h.awaitReady(t)
	h.record(t, "410", "411", "one")
	h.run(t, "backup-sqlite")
	h.record(t, "410", "411", "after the backup")
	if err := os.RemoveAll(h.path("/var/lib/recgate/archive")); err != nil {
		t.Fatal(err)
	}
	h.await(t, "the archive is away", func() bool { _, body := h.fetch(t, "/readyz"); return strings.Contains(body, "away archive") })
	out := h.run(t, "restore-archive")
	if strings.Count(out, ".wav: FAILED") != 1 || !strings.Contains(out, "these are lost") {
		t.Errorf("not exactly the one that came after the backup is named:\n%s", out)
	}
	h.awaitReady(t)
	h.wantKeptAudio(t, "one")
	h.record(t, "410", "411", "afterwards")
}

var inArchive = regexp.MustCompile(`(?m)^archive ([0-9a-f]{32}\.wav): `)

// wantUnexplained demands that the one thing that does not add up after a
// restore is the file of a recording that the backup does not know.
func (h *host) wantUnexplained(t *testing.T, tag string) {
	t.Helper()
	out, err := h.try(t, "after-restore")
	listed := inArchive.FindAllStringSubmatch(out, -1)
	if err == nil || len(listed) != 1 || !strings.Contains(out, "1 line is unexplained") {
		t.Fatalf("want one file that no row explains: %v\n%s", err, out)
	}
	files := h.files(t, "/var/lib/recgate/archive/*/"+listed[0][1])
	if len(files) != 1 {
		t.Fatalf("files are %q", files)
	}
	if held, err := os.ReadFile(files[0]); err != nil || string(held) != string(h.kept[tag]) {
		t.Errorf("the file without a row is not the recording of %s: %v", tag, err)
	}
}

// files returns the files that match a path of the page.
func (h *host) files(t *testing.T, pattern string) []string {
	t.Helper()
	all, err := filepath.Glob(h.path(pattern))
	if err != nil {
		t.Fatal(err)
	}
	return all
}
