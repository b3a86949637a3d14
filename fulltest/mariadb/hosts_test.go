//go:build full

package mariadb

import (
	"strings"
	"testing"
	"time"

	"recgate/fulltest/mariadbd"
	"recgate/recording"
)

// TestSeveralHosts has a store go on on the second server when the first is
// killed, stands still or may only be read, and come back when that is lost.
func TestSeveralHosts(t *testing.T) {
	servers := [2]*mariadbd.Server{mariadbd.Start(t), mariadbd.Start(t)}
	dsn := [2]string{servers[0].DSN(t), servers[1].DSN(t)} // the same name on both
	at := strings.Index(dsn[1], "@")
	slash := strings.LastIndex(dsn[0], "/")
	both := dsn[0][:slash] + "," + strings.TrimPrefix(dsn[1][at:], "@")
	for _, one := range dsn {
		openStore(t, one)
	}
	db := openStore(t, both)
	n := 0
	add := func(what string) error {
		t.Helper()
		n++
		began := time.Now()
		err := db.Add(t.Context(), newStart(n, ""))
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("%s: took %v", what, took)
		}
		return err
	}
	demand := func(what string, server int) {
		t.Helper()
		if err := add(what); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if _, err := openStore(t, dsn[server]).Get(t.Context(), newStart(n, "").ID); err != nil {
			t.Errorf("%s: not on server %d: %v", what, server, err)
		}
	}
	demand("at first", 0)
	servers[0].Kill(t)
	demand("the first is killed", 1)
	servers[0].Restart(t)
	demand("the first is back", 1)
	servers[1].Freeze(t)
	if err := add("the second stands still"); err != nil && recording.CodeOf(err) != recording.Unavailable {
		t.Error(err)
	}
	demand("the second still stands still", 0)
	servers[1].Thaw(t)
	admin := servers[0].Admin(t)
	if _, err := admin.ExecContext(t.Context(), `SET GLOBAL read_only = 1`); err != nil {
		t.Fatal(err)
	}
	servers[0].Kill(t) // so that root, who may write, does not hide it
	demand("only the second can be written", 1)
	servers[1].Kill(t)
	if err := add("both are away"); recording.CodeOf(err) != recording.Unavailable || recording.Message(err) != "the database cannot be reached" {
		t.Errorf("both are away: %v", err)
	}
	servers[1].Restart(t)
	demand("the second is back", 1)
}
