//go:build full

package mariadb

import (
	"net/url"
	"strings"
	"testing"

	"recgate/fulltest/mariadbd"
	"recgate/store/storetest"
)

func TestCallParts(t *testing.T) {
	server := mariadbd.Start(t)
	dsn := server.DSN(t)
	db := openStore(t, dsn)
	at, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	raw := server.Admin(t)
	raw.SetMaxOpenConns(1) // which stays in the database
	if _, err := raw.ExecContext(t.Context(), "USE `"+strings.TrimPrefix(at.Path, "/")+"`"); err != nil {
		t.Fatal(err)
	}
	storetest.TestCallParts(t, db, raw)
}
