//go:build full

package operations_test

import (
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"

	"recgate/fulltest/mariadbd"
)

// withMariaDB makes the host use a server of its own. The operator's client
// finds it as it finds Debian's: by the settings in the home folder.
func (h *host) withMariaDB(t *testing.T) {
	t.Helper()
	dsn, err := url.Parse(mariadbd.Start(t).DSN(t))
	if err != nil {
		t.Fatal(err)
	}
	h.mariadb = dsn.Host
	client := fmt.Sprintf("[client]\nuser=root\nprotocol=tcp\nhost=%s\nport=%s\n", dsn.Hostname(), dsn.Port())
	if err := os.WriteFile(h.path("/.my.cnf"), []byte(client), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := h.shell(t, "mariadb --execute 'CREATE DATABASE recgate CHARACTER SET utf8mb4'"); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	h.configure(t, "mysql://root@127.0.0.1:3306/recgate")
}

// sceneDatabaseLostMariaDB: a table is gone.
func sceneDatabaseLostMariaDB(t *testing.T) {
	h := newHost(t)
	h.withMariaDB(t)
	h.awaitReady(t)
	h.record(t, "410", "411", "one, O'Brien \\ <é>")
	running := h.begin(t, "412", "413", "still running")
	between := h.begin(t, "414", "415", "ended after the backup")
	h.run(t, "backup-mariadb")
	between.Hangup()
	h.keepAudio(t, "ended after the backup")
	h.record(t, "410", "411", "after the backup")
	if out, err := h.shell(t, "mariadb recgate --execute 'DROP TABLE tags'"); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	h.run(t, "restore-mariadb")
	h.wantKeptAudio(t, "one, O'Brien \\ <é>")
	running.Hangup()
	h.keepAudio(t, "still running")
	h.await(t, "the row from the backup has its audio", func() bool { _, err := h.retrieve(t, "ended after the backup"); return err == nil })
	h.wantKeptAudio(t, "ended after the backup")
	h.wantUnexplained(t, "after the backup")
	h.run(t, "verify-archive-mariadb")
	files := h.files(t, "/var/lib/recgate/archive/*/*.wav")
	if err := os.Remove(files[0]); err != nil {
		t.Fatal(err)
	}
	if out, err := h.try(t, "verify-archive-mariadb"); err == nil || strings.Count(out, ".wav") == 0 {
		t.Errorf("a missing file is not named: %v\n%s", err, out)
	}
}
