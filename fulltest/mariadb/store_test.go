//go:build full

package mariadb

import (
	"testing"

	"go.uber.org/goleak"

	"recgate/auth/authtest"
	"recgate/fulltest/mariadbd"
	"recgate/recording"
	"recgate/recording/recordingtest"
	"recgate/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// open opens and migrates a database that is closed with the test.
func open(t testing.TB, dsn string) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), dsn, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return db
}

func TestMariaDB(t *testing.T) {
	server := mariadbd.Start(t)
	recordingtest.TestStore(t, func(t *testing.T) recording.Store { return open(t, server.DSN(t)) })
	recordingtest.TestMarkStore(t, func(t *testing.T) recordingtest.MarkedStore { return open(t, server.DSN(t)) })
	t.Run("keys", func(t *testing.T) {
		authtest.TestKeys(t, func(t *testing.T) authtest.Keys { return open(t, server.DSN(t)) })
	})
}

// TestMariaDBOfTwo has two programs on one server.
func TestMariaDBOfTwo(t *testing.T) {
	server := mariadbd.Start(t)
	recordingtest.TestStores(t, func(t *testing.T) [2]recording.Store {
		dsn := server.DSN(t)
		return [2]recording.Store{open(t, dsn), open(t, dsn)}
	})
}
