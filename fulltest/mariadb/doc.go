// Package mariadb runs the contract of the record store, and what only a real
// server can show (it goes away, it hangs, it is read-only), on MariaDB:
//
//	go test -tags full ./fulltest/mariadb
//
// It needs Debian's mariadb-server, and fails without.
package mariadb
