//go:build full

package operations_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"recgate/asterisk/sim"
	"recgate/fulltest/operations"
	"recgate/fulltest/process"
	"recgate/internal/await"
	"recgate/internal/child"
	"recgate/internal/port"
)

// patience is how long a test waits for what has to come.
const patience = time.Minute

// host is a machine as the package sets it up, below a folder: recgate as a
// service of its own user, a simulated Asterisk, and the operator's shell.
type host struct {
	dir     string // stands for /
	listen  string // of recgate
	ami     string // of the PBX
	mariadb string // address; empty without one
	account account
	binary  string

	mu      sync.Mutex   // guards service
	service *child.Child // recgate serve, nil while it is stopped

	sim    *sim.Server
	endSim func()
	kept   map[string][]byte // what was retrieved, by tag
}

// places are the words of the page that stand for something else here. Paths
// begin with them; they are found below the folder of the host. Everything
// else in a block is run as it is written.
var places = []string{
	"/etc/recgate", "/etc/systemd", "/var/lib/recgate", "/var/spool/asterisk", "/srv/backup", "/srv/recordings",
	"/mnt/old/var/spool/asterisk", "/mnt/old",
}

// names are the other words that differ.
func (h *host) names() []string {
	return []string{
		"127.0.0.1:8080", h.listen, // recgate
		"127.0.0.1:5038", h.ami, // the PBX
		"127.0.0.1:3306", h.mariadb, // MariaDB
		"-o recgate -g recgate", "-o " + h.account.user + " -g " + h.account.group, // recgate's user
		"-g recgate", "-g " + h.account.group,
		"--chown=recgate:recgate", "--chown=" + h.account.user + ":" + h.account.group,
		"2026-11-01", time.Now().AddDate(0, 0, -1).Format(time.DateOnly), // a day that is in the past
	}
}

// translate is a text of the page in the words of this machine.
func (h *host) translate(text string) string {
	words := h.names()
	for _, place := range places {
		words = append(words, place, h.path(place))
	}
	return strings.NewReplacer(words...).Replace(text)
}

// path is where a path of the page is on this machine.
func (h *host) path(parts ...string) string {
	return filepath.Join(append([]string{h.dir}, parts...)...)
}

// account is the user that stands for recgate's. A test that is run by root
// takes another one, so that a file of root where recgate must write is found.
type account struct {
	user, group string
	uid, gid    int
}

func accountOf(t *testing.T) account {
	t.Helper()
	u, err := user.Current()
	if err == nil && u.Uid == "0" {
		u, err = user.Lookup("nobody")
	}
	if err != nil {
		t.Fatal(err)
	}
	g, err := user.LookupGroupId(u.Gid)
	if err != nil {
		t.Fatal(err)
	}
	a := account{user: u.Username, group: g.Name}
	a.uid, _ = strconv.Atoi(u.Uid)
	a.gid, _ = strconv.Atoi(u.Gid)
	return a
}

// newHost makes the machine; recgate is configured and not started.
func newHost(t *testing.T) *host {
	t.Helper()
	dir := child.Folder(t, "recgate-op-") // short, for the name of the socket
	h := &host{dir: dir, listen: port.Address(t), ami: port.Address(t), account: accountOf(t), binary: process.Build(t), kept: map[string][]byte{}}
	t.Cleanup(func() {
		if err := h.stop(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("the log of recgate:\n%s", h.log())
		}
	})
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // its user must get in
		t.Fatal(err)
	}
	for _, place := range []string{"/etc/recgate", "/etc/systemd/system", "/var/lib/recgate", "/var/spool/asterisk/monitor/recgate", "/bin"} {
		if err := os.MkdirAll(h.path(place), 0o755); err != nil { //nolint:gosec // as above
			t.Fatal(err)
		}
	}
	h.giveAway(t, "/var/lib/recgate")
	h.giveAway(t, "/var/spool/asterisk/monitor/recgate")
	h.startPBX(t)
	h.programs(t)
	h.configure(t, "sqlite:/var/lib/recgate/recgate.db")
	return h
}

// giveAway gives a folder to recgate's user.
func (h *host) giveAway(t *testing.T, place string) {
	t.Helper()
	if err := os.Chown(h.path(place), h.account.uid, h.account.gid); err != nil {
		t.Fatal(err)
	}
}

// configure writes the configuration; more are blocks of YAML in the words of
// this machine.
func (h *host) configure(t *testing.T, database string, more ...string) {
	t.Helper()
	if !strings.Contains(strings.Join(more, "\n"), "archive:") {
		more = append(more, h.translate("archive: file:/var/lib/recgate/archive"))
	}
	text := h.translate(fmt.Sprintf(`listen: 127.0.0.1:8080
log: text
database: %q
pbx:
  - name: pbx1
    address: 127.0.0.1:5038
    username: recgate
    secret: a-secret-of-the-test
    spool: /var/spool/asterisk/monitor/recgate
`, database)) + strings.Join(more, "\n") + "\n"
	if err := os.WriteFile(h.path("/etc/recgate/recgate.yaml"), []byte(text), 0o644); err != nil { //nolint:gosec // its user must read it
		t.Fatal(err)
	}
}

// startPBX starts a simulated Asterisk, at the address of the last one.
func (h *host) startPBX(t *testing.T) {
	t.Helper()
	server, err := sim.New(sim.Options{
		Version: 22, Listen: h.ami, Spool: h.path("/var/spool/asterisk/monitor"),
		Users: []sim.User{{Name: "recgate", Secret: "a-secret-of-the-test", Read: "call", Write: "call,system,originate"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx) }()
	h.sim, h.ami = server, server.Addr()
	h.endSim = sync.OnceFunc(func() {
		cancel()
		if err := await.From(t, "the simulated Asterisk to end", ended); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(h.endSim)
}

// run runs a block of the page and returns what it printed. It must succeed.
func (h *host) run(t *testing.T, name string) string {
	t.Helper()
	out, err := h.try(t, name)
	if err != nil {
		t.Fatalf("the block %s: %v\n%s", name, err, out)
	}
	return out
}

// try runs a block of the page that may fail.
func (h *host) try(t *testing.T, name string) (string, error) {
	t.Helper()
	ran.Store(name, true)
	return h.shell(t, h.translate(operations.Block(t, name)))
}

// block returns a block that is not for a shell, in the words of this machine.
func (h *host) block(t *testing.T, name string) string {
	t.Helper()
	ran.Store(name, true)
	return h.translate(operations.Block(t, name))
}

// shell runs commands as the operator's shell would.
func (h *host) shell(t *testing.T, commands string) (string, error) {
	t.Helper()
	cmd := exec.Command("bash", "-euo", "pipefail", "-c", commands)
	cmd.Dir = h.dir
	cmd.Env = []string{"PATH=" + h.path("/bin") + ":" + os.Getenv("PATH") + ":/usr/sbin:/sbin", "HOME=" + h.dir, "LANG=C.UTF-8", "HOST=" + h.dir}
	return child.Output(patience, cmd)
}
