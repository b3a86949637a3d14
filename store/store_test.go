package store_test

import (
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"recgate/recording/recordingtest"
	"recgate/store"
	"recgate/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// open opens and migrates a database that is closed with the test.
func open(t testing.TB, dsn string, o store.Options) *store.DB {
	t.Helper()
	return storetest.Open(t, dsn, o)
}

// file returns the DSN of a new SQLite file.
func file(t testing.TB) string { return "sqlite:" + filepath.Join(t.TempDir(), "recgate.db") }

func TestSQLite(t *testing.T) {
	recordingtest.TestStore(t, func(t *testing.T) recordingtest.DB { return recordingtest.Of(open(t, file(t), store.Options{})) })
	recordingtest.TestMarkStore(t, func(t *testing.T) recordingtest.MarkedDB {
		db := open(t, file(t), store.Options{})
		return recordingtest.MarkedDB{DB: recordingtest.Of(db), Store: db}
	})
}

// TestSQLiteOfTwo has two programs on one file.
func TestSQLiteOfTwo(t *testing.T) {
	recordingtest.TestStores(t, func(t *testing.T) [2]recordingtest.DB {
		dsn := file(t)
		return [2]recordingtest.DB{recordingtest.Of(open(t, dsn, store.Options{})), recordingtest.Of(open(t, dsn, store.Options{}))}
	})
}
