// Package mariadbd runs a real MariaDB server of Debian's packages for tests:
// Start gives a server of the test's own on 127.0.0.1, with an empty data
// folder that goes away with the test. A machine without mariadbd fails the
// test: what was not tested must not look tested.
package mariadbd

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql" // the driver "mysql"

	"recgate/internal/child"
	"recgate/internal/port"
)

// patience is how long the server may take to begin or to end.
const patience = 60 * time.Second

// deadlines are set on every query, so that a query without an answer fails the test.
const deadlines = "?timeout=10s&readTimeout=5m&writeTimeout=1m"

// Server is a running server.
type Server struct {
	folder  string // holds data, socket and log
	port    int
	options []string
	server  *child.Child // nil while it does not run
}

// Start makes a data folder, runs a server on it and stops it when the test
// ends. The server asks for no password and flushes every commit to disk.
func Start(t testing.TB) *Server {
	t.Helper()
	return StartOn(t, child.Folder(t, "recgate-mariadb-")) // short, for the name of the socket
}

// StartOn is Start in a folder that stays, with the data that it has already,
// and with more options for the server, which win over the usual ones.
func StartOn(t testing.TB, folder string, options ...string) *Server {
	t.Helper()
	s := &Server{folder: folder, port: port.Reserve(t), options: options}
	t.Cleanup(func() { s.Stop(t) })
	if _, err := os.Stat(s.dataFolder()); err == nil {
		s.run(t)
		return s
	}
	InstallData(t, folder, s.dataFolder())
	s.run(t)
	return s
}

// InstallData makes an empty data folder below a folder. When root makes it, both
// belong to the user mysql, as whom the server must run then: see UserOption.
func InstallData(t testing.TB, folder, data string) {
	t.Helper()
	install := []string{"--no-defaults", "--datadir=" + data, "--auth-root-authentication-method=normal", "--skip-test-db"}
	if u, err := user.Lookup("mysql"); err == nil && os.Geteuid() == 0 {
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		if err := os.Chown(folder, uid, gid); err != nil {
			t.Fatal(err)
		}
		install = append(install, UserOption()...)
	}
	installer := exec.Command(findProgram(t, "mariadb-install-db"), install...) //nolint:noctx // child ends it
	installer.Env = append(os.Environ(), "TMPDIR="+folder)                      // servers that begin delete each other's files in a shared one
	if out, err := child.Output(patience, installer); err != nil {
		t.Fatalf("mariadb-install-db: %v\n%s", err, out)
	}
}

// UserOption is the option of a server that root starts, which must not run as root.
func UserOption() []string {
	if os.Geteuid() == 0 {
		return []string{"--user=mysql"}
	}
	return nil
}

// DSN makes an empty database and returns the setting for it, in the form
// mysql://root@127.0.0.1:PORT/NAME.
func (s *Server) DSN(t testing.TB) string {
	t.Helper()
	admin := s.Admin(t)
	var n int
	const count = `SELECT COUNT(*) FROM information_schema.schemata`
	if err := admin.QueryRowContext(t.Context(), count).Scan(&n); err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("recgate_%d", n)
	// With the collation that does most harm, so that a table which relies on the server's is found.
	if _, err := admin.ExecContext(t.Context(), "CREATE DATABASE "+name+" CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci"); err != nil {
		t.Fatal(err)
	}
	return s.On(name)
}

// On returns the setting for a database of this name.
func (s *Server) On(name string) string {
	return fmt.Sprintf("mysql://root@127.0.0.1:%d/%s", s.port, name)
}

// Admin returns a pool of the server's root, closed with the test.
func (s *Server) Admin(t testing.TB) *sql.DB {
	t.Helper()
	db, err := sql.Open("mysql", fmt.Sprintf("root@tcp(127.0.0.1:%d)/%s", s.port, deadlines))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// Socket returns the path of the server's Unix socket.
func (s *Server) Socket() string { return filepath.Join(s.folder, "socket") }

// Stop ends the server in an orderly way; a stopped one stays stopped.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	s.end(t, syscall.SIGTERM)
}

// Kill ends the server at once, as a loss of power would.
func (s *Server) Kill(t testing.TB) {
	t.Helper()
	s.end(t, syscall.SIGKILL)
}

// Freeze stops the server from answering while its connections stay open;
// Thaw lets it go on. It returns when every thread stands still.
func (s *Server) Freeze(t testing.TB) {
	t.Helper()
	s.signal(t, syscall.SIGSTOP)
	for deadline := time.Now().Add(patience); !s.isStopped(t); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("mariadbd does not stand still")
		}
	}
}

// isStopped reads the states of all threads, which follow the name of the
// program in brackets (proc(5)).
func (s *Server) isStopped(t testing.TB) bool {
	t.Helper()
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", s.server.PID()))
	if err != nil || len(files) == 0 {
		t.Fatalf("no threads of mariadbd: %v", err)
	}
	for _, file := range files {
		stat, _ := os.ReadFile(file) // a thread may end meanwhile
		if i := strings.LastIndex(string(stat), ") "); i >= 0 && stat[i+2] != 'T' {
			return false
		}
	}
	return true
}

// Thaw ends what Freeze began.
func (s *Server) Thaw(t testing.TB) { s.signal(t, syscall.SIGCONT) }

// Restart runs the server again, on the same data and port. It ends the one
// that still runs.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	s.Stop(t)
	s.run(t)
}

func (s *Server) dataFolder() string { return filepath.Join(s.folder, "data") }

func (s *Server) signal(t testing.TB, sig os.Signal) {
	t.Helper()
	if err := s.server.Signal(sig); err != nil {
		t.Fatalf("signal %v to mariadbd: %v", sig, err)
	}
}

func (s *Server) end(t testing.TB, sig os.Signal) {
	t.Helper()
	if s.server == nil {
		return
	}
	server := s.server
	s.server = nil
	var exit *exec.ExitError
	if err := server.End(sig, patience); err != nil && !errors.As(err, &exit) { // a killed one ends badly
		t.Fatalf("%v\n%s", err, s.logTail())
	}
}

// run starts the server and waits until it answers.
func (s *Server) run(t testing.TB) {
	t.Helper()
	args := []string{
		"--no-defaults", "--datadir=" + s.dataFolder(), "--bind-address=127.0.0.1", "--port=" + strconv.Itoa(s.port),
		"--socket=" + s.Socket(), "--pid-file=" + filepath.Join(s.folder, "pid"), "--log-error=" + filepath.Join(s.folder, "log"),
		"--tmpdir=" + s.dataFolder(), // a server that begins deletes what others have in a shared one
		"--innodb-flush-log-at-trx-commit=1", "--innodb-buffer-pool-size=256M", "--skip-name-resolve",
	}
	args = append(append(args, s.options...), UserOption()...)
	server, err := child.Start(exec.Command(findProgram(t, "mariadbd"), args...)) //nolint:noctx // it outlives t.Context, which ends before Cleanup
	if err != nil {
		t.Fatal(err)
	}
	s.server = server
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
	defer cancel()
	admin, err := sql.Open("mysql", fmt.Sprintf("root@tcp(127.0.0.1:%d)/%s", s.port, deadlines))
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close() //nolint:errcheck // nothing was written
	for {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", s.port))
		if err == nil {
			_ = conn.Close()
			if err = admin.PingContext(ctx); err == nil {
				return
			}
		}
		select {
		case <-server.Ended():
			t.Fatalf("mariadbd ended: %v\n%s", err, s.logTail())
		case <-ctx.Done():
			t.Fatalf("mariadbd does not answer: %v\n%s", err, s.logTail())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// logTail returns the end of the server's log.
func (s *Server) logTail() string {
	text, _ := os.ReadFile(filepath.Join(s.folder, "log"))
	return string(text[max(0, len(text)-4000):])
}

// findProgram finds a program of the package mariadb-server.
func findProgram(t testing.TB, name string) string {
	t.Helper()
	for _, dir := range append(filepath.SplitList(os.Getenv("PATH")), "/usr/sbin", "/usr/local/sbin") {
		if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil && strings.HasPrefix(path, "/") {
			return path
		}
	}
	t.Fatalf("%s is not installed: install Debian's mariadb-server", name)
	return ""
}
