//go:build full

package operations_test

import (
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
)

const archiveFolder = "/var/lib/recgate/archive"

// sceneArchiveWithoutMark: the backup is of an earlier version.
func sceneArchiveWithoutMark(t *testing.T) {
	h := newHost(t)
	h.awaitReady(t)
	h.record(t, "410", "411", "one")
	h.run(t, "backup-sqlite")
	if err := os.Remove(h.path("/srv/backup/archive/.recgate-archive")); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(h.path(archiveFolder)); err != nil {
		t.Fatal(err)
	}
	if out, err := h.shell(t, "cp -a "+h.path("/srv/backup/archive")+" "+h.path(archiveFolder)); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	h.giveAway(t, archiveFolder)
	h.awaitArchiveAway(t)
	h.run(t, "adopt-archive")
	h.wantKeptAudio(t, "one")
	h.record(t, "410", "411", "afterwards")
}

// sceneArchiveGone: only the rows are left.
func sceneArchiveGone(t *testing.T) {
	h := newHost(t)
	h.awaitReady(t)
	h.record(t, "410", "411", "one")
	if err := os.RemoveAll(h.path(archiveFolder)); err != nil {
		t.Fatal(err)
	}
	h.begin(t, "412", "413", "meanwhile").Hangup()
	h.awaitArchiveAway(t)
	if out := h.run(t, "new-archive"); !strings.Contains(out, "is now the archive of this database") {
		t.Errorf("it says:\n%s", out)
	}
	h.keepAudio(t, "meanwhile")
	if status, body := h.ask(t, "retrieve", "tag", "one", "username", "fred"); status != http.StatusServiceUnavailable || !strings.Contains(body, "does not hold the recording") {
		t.Errorf("what is lost is answered with %d %s", status, body)
	}
	h.record(t, "410", "411", "afterwards")
}

// sceneMountAway: the archive is on a disk of its own, which goes away while
// recordings run; check, the ledger and a restart come meanwhile.
func sceneMountAway(t *testing.T) {
	h := newHost(t)
	for _, place := range []string{"/disk", archiveFolder} {
		if err := os.Mkdir(h.path(place), 0o750); err != nil {
			t.Fatal(err)
		}
		h.giveAway(t, place)
	}
	if out, err := h.shell(t, "mount "+h.path(archiveFolder)); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Cleanup(func() { _ = syscall.Unmount(h.path(archiveFolder), syscall.MNT_DETACH) }) // it may be away already
	h.awaitReady(t)
	h.record(t, "410", "411", "one")
	h.unmount(t)
	h.begin(t, "412", "413", "meanwhile").Hangup()
	h.awaitArchiveAway(t)
	config := h.path("/etc/recgate/recgate.yaml")
	for _, check := range []string{"runuser -u recgate -- recgate check", "recgate check"} { // by root too
		if out, err := h.shell(t, check+" --config "+config); err == nil || !strings.Contains(out, "FAILED  archive") {
			t.Errorf("%s says %v:\n%s", check, err, out)
		}
	}
	if out, err := h.shell(t, "recgate ledger --unexplained --config "+config); err == nil || !strings.Contains(out, "archive: it cannot be read") {
		t.Errorf("the ledger says %v:\n%s", err, out)
	}
	if out, err := h.shell(t, "systemctl restart recgate"); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	h.awaitArchiveAway(t)
	h.begin(t, "414", "415", "after the restart").Hangup()
	h.await(t, "both wait", func() bool {
		_, body := h.fetch(t, "/metrics")
		return strings.Contains(body, `recgate_recordings_in_state{state="collecting"} 2`)
	})
	if below, err := os.ReadDir(h.path(archiveFolder)); err != nil || len(below) > 0 {
		t.Errorf("below the mount there are %v, %v", below, err)
	}
	h.run(t, "mount-archive")
	h.wantKeptAudio(t, "one")
	h.keepAudio(t, "meanwhile")
	h.keepAudio(t, "after the restart")
}

// awaitArchiveAway waits until recgate says so.
func (h *host) awaitArchiveAway(t *testing.T) {
	t.Helper()
	h.await(t, "the archive is away", func() bool { _, body := h.fetch(t, "/readyz"); return strings.Contains(body, "away archive") })
}

// unmount takes the disk away; the folder below is there and empty.
func (h *host) unmount(t *testing.T) {
	t.Helper()
	command := "umount --lazy " + h.path(archiveFolder)
	if os.Geteuid() != 0 {
		command = "mv " + h.path(archiveFolder) + " " + h.path("/disk") + "; mkdir " + h.path(archiveFolder)
	}
	if out, err := h.shell(t, command); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}
