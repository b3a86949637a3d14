//go:build full

package galera

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql" // the driver "mysql"

	"recgate/fulltest/mariadbd"
	"recgate/fulltest/operations"
	"recgate/internal/child"
	"recgate/internal/port"
)

// bootTime is how long a node may take to join, state transfer included.
const bootTime = 90 * time.Second

// provider is the library of Debian's galera-4.
const provider = "/usr/lib/galera/libgalera_smm.so"

// node is one server of a cluster.
type node struct {
	name   string
	folder string
	port   int // of clients
	ports  [3]int
	args   []string

	server *child.Child // nil while it does not run
}

// newCluster starts three nodes, which end with the test.
func newCluster(t *testing.T) [3]*node {
	t.Helper()
	if _, err := os.Stat(provider); err != nil {
		t.Fatalf("%v: install Debian's galera-4", err)
	}
	var ports []int
	for range 12 {
		ports = append(ports, port.Reserve(t))
	}
	var nodes [3]*node
	var addresses []string
	for i := range nodes {
		nodes[i] = &node{name: fmt.Sprintf("node%d", i+1), port: ports[4*i], ports: [3]int(ports[4*i+1 : 4*i+4])}
		addresses = append(addresses, loopback(nodes[i].ports[0]))
	}
	for i, n := range nodes {
		n.prepare(t, addresses)
		t.Cleanup(func() {
			n.kill()
			if t.Failed() {
				t.Logf("%s said at last:\n%s", n.name, n.log())
			}
		})
		if i == 0 {
			n.start(t, "--wsrep-new-cluster")
		}
	}
	for _, n := range nodes[1:] { // one at a time: the first gives its state to one at a time
		n.start(t)
	}
	return nodes
}

func loopback(port int) string { return "127.0.0.1:" + strconv.Itoa(port) }

// prepare makes the data folder, which belongs to the user mysql: the state
// transfer by rsync fails as root.
func (n *node) prepare(t *testing.T, cluster []string) {
	t.Helper()
	folder := child.Folder(t, "recgate-galera-") // short, for the name of the socket
	n.folder = folder
	data := filepath.Join(folder, "data")
	settings := filepath.Join(folder, "my.cnf") // from the page for operators; the options below are for three nodes on one machine
	if err := os.WriteFile(settings, []byte(operations.Block(t, "galera-node")), 0o644); err != nil {
		t.Fatal(err)
	}
	n.args = []string{
		"--defaults-file=" + settings, "--datadir=" + data, "--bind-address=127.0.0.1", "--port=" + strconv.Itoa(n.port),
		"--socket=" + filepath.Join(folder, "socket"), "--pid-file=" + filepath.Join(folder, "pid"), "--log-error=" + filepath.Join(folder, "log"),
		"--tmpdir=" + folder, "--innodb-buffer-pool-size=64M", "--innodb-log-file-size=16M", "--skip-name-resolve",
		"--wsrep-cluster-address=gcomm://" + strings.Join(cluster, ","),
		"--wsrep-node-name=" + n.name, "--wsrep-node-address=" + loopback(n.ports[0]),
		"--wsrep-sst-receive-address=" + loopback(n.ports[2]),
		"--wsrep-provider-options=gmcast.listen_addr=tcp://" + loopback(n.ports[0]) + ";ist.recv_addr=" + loopback(n.ports[1]) +
			";ist.recv_bind=" + loopback(n.ports[1]) + ";gcache.size=32M;evs.suspect_timeout=PT3S;evs.inactive_timeout=PT6S",
	}
	n.args = append(n.args, mariadbd.UserOption()...)
	mariadbd.InstallData(t, folder, data)
}

// start runs the node and waits until it is in step with the cluster.
func (n *node) start(t *testing.T, more ...string) {
	t.Helper()
	cmd := exec.Command("/usr/sbin/mariadbd", append(n.args, more...)...) //nolint:noctx // ended by kill
	server, err := child.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	n.server = server
	for end := time.Now().Add(bootTime); ; time.Sleep(100 * time.Millisecond) {
		var name, state string
		err := n.ask(t, `SHOW STATUS LIKE 'wsrep_local_state_comment'`, &name, &state)
		if err == nil && state == "Synced" {
			return
		}
		select {
		case <-server.Ended():
			t.Fatalf("%s ended:\n%s", n.name, n.log())
		default:
		}
		if time.Now().After(end) {
			t.Fatalf("%s is not in step: %q, %v\n%s", n.name, state, err, n.log())
		}
	}
}

// ask reads one row as root.
func (n *node) ask(t *testing.T, query string, dest ...any) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	db := n.admin(t)
	defer db.Close() //nolint:errcheck // nothing was written
	return db.QueryRowContext(ctx, query).Scan(dest...)
}

// admin returns a pool of root, on the database recgate when there is one.
func (n *node) admin(t *testing.T) *sql.DB {
	t.Helper()
	db, err := sql.Open("mysql", "root@tcp("+loopback(n.port)+")/?timeout=5s&readTimeout=1m&writeTimeout=1m")
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// kill is kill -9, of what the node started for a state transfer too.
func (n *node) kill() {
	if n.server != nil {
		n.server.Kill()
		n.server = nil
	}
}

func (n *node) log() string {
	text, _ := os.ReadFile(filepath.Join(n.folder, "log"))
	return string(text[max(0, len(text)-3000):])
}
