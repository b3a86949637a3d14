// Package galera runs two recgate processes, each on its own node of a
// three-node MariaDB Galera cluster, in front of one real Asterisk 22:
//
//	go test -tags full ./fulltest/galera
//
// Under load one process stands still until its leases are over and wakes up
// again, the other one is killed, and then a node: every recording must be there
// once, whole. It needs Debian's mariadb-server, galera-4 and rsync, and fails
// without.
//
// With the tag former, TestReplace replaces two gateways of a former version by
// this one during calls: see "make replace".
package galera
