//go:build full

package mariadb_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"recgate/fulltest/mariadbd"
	"recgate/recording"
	"recgate/store"
)

// TestTLSByFile: the certificate of the database has a common name alone, as
// those that databases make for themselves. It is trusted where a file holds
// it, and not where the file holds another.
func TestTLSByFile(t *testing.T) {
	folder := t.TempDir()
	for _, dir := range []string{filepath.Dir(folder), folder} { // the server runs as another user
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	shown := filepath.Join(folder, "shown.pem")
	text, err := os.ReadFile("../../trust/testdata/self.pem")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(shown, text, 0o644); err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(folder, "db")
	if err := os.Mkdir(data, 0o755); err != nil {
		t.Fatal(err)
	}
	server := mariadbd.StartOn(t, data, "--ssl-cert="+shown, "--ssl-key="+shown)
	own := server.DSN(t)
	trusts := func(file string) string {
		absolute, err := filepath.Abs("../../trust/testdata/" + file)
		if err != nil {
			t.Fatal(err)
		}
		return own + "?tls=" + absolute
	}
	db, err := store.Open(t.Context(), trusts("self.crt"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if _, err := db.Version(t.Context()); err != nil {
		t.Errorf("a connection by TLS: %v", err)
	}
	_, err = store.Open(t.Context(), trusts("ca.crt"), store.Options{})
	if recording.CodeOf(err) != recording.Unavailable || !strings.Contains(err.Error(), "neither this certificate nor one that signed it") {
		t.Errorf("with another file: %v, want that it is not trusted", err)
	}
}
