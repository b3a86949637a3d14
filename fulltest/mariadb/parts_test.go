//go:build full

package mariadb

import (
	"testing"

	"recgate/fulltest/mariadbd"
	"recgate/store/storetest"
)

func TestCallParts(t *testing.T) {
	server := mariadbd.Start(t)
	dsn := server.DSN(t)
	db := openStore(t, dsn)
	storetest.TestCallParts(t, db, openRaw(t, server, dsn))
}
