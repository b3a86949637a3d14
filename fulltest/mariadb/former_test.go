//go:build full

package mariadb

import (
	"os"
	"strings"
	"testing"

	"recgate/fulltest/mariadbd"
	"recgate/store"
	"recgate/store/storetest"
)

func TestFormerVersion(t *testing.T) {
	server := mariadbd.Start(t)
	dsn := server.DSN(t)
	raw := openRaw(t, server, dsn)
	dump, err := os.ReadFile("../../store/testdata/version-0012.mysql.sql")
	if err != nil {
		t.Fatal(err)
	}
	for query := range strings.SplitSeq(string(dump), ";\n") {
		if strings.TrimSpace(query) == "" {
			continue
		}
		if _, err := raw.ExecContext(t.Context(), query); err != nil {
			t.Fatalf("%v in %.100s", err, query)
		}
	}
	db, err := store.Open(t.Context(), dsn, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	storetest.TestFormerVersion(t, db, raw, "../../store/testdata/version-0012.reasons.txt")
}
