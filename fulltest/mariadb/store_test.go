//go:build full

package mariadb

import (
	"database/sql"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"recgate/auth/authtest"
	"recgate/fulltest/mariadbd"
	"recgate/recording/recordingtest"
	"recgate/store"
	"recgate/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// openStore opens and migrates a database that is closed with the test.
func openStore(t testing.TB, dsn string) *store.DB {
	t.Helper()
	return storetest.Open(t, dsn, store.Options{})
}

// openRaw opens a database beside the store, on one connection that stays in it.
func openRaw(t *testing.T, server *mariadbd.Server, dsn string) *sql.DB {
	t.Helper()
	raw := server.Admin(t)
	raw.SetMaxOpenConns(1)
	execute(t, raw, "USE "+dsn[strings.LastIndex(dsn, "/")+1:])
	return raw
}

func TestMariaDB(t *testing.T) {
	server := mariadbd.Start(t)
	recordingtest.TestStore(t, func(t *testing.T) recordingtest.DB { return recordingtest.Of(openStore(t, server.DSN(t))) })
	recordingtest.TestMarkStore(t, func(t *testing.T) recordingtest.MarkedDB {
		db := openStore(t, server.DSN(t))
		return recordingtest.MarkedDB{DB: recordingtest.Of(db), Store: db}
	})
	t.Run("keys", func(t *testing.T) {
		authtest.TestKeys(t, func(t *testing.T) authtest.Keys { return openStore(t, server.DSN(t)) })
	})
}

// TestMariaDBOfTwo has two programs on one server.
func TestMariaDBOfTwo(t *testing.T) {
	server := mariadbd.Start(t)
	recordingtest.TestStores(t, func(t *testing.T) [2]recordingtest.DB {
		dsn := server.DSN(t)
		return [2]recordingtest.DB{recordingtest.Of(openStore(t, dsn)), recordingtest.Of(openStore(t, dsn))}
	})
}
