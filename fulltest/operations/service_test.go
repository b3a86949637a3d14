//go:build full

package operations_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"recgate/fulltest/process"
	"recgate/internal/await"
	"recgate/internal/child"
)

// mountHere mounts the disk of the test, which stands for what fstab says: as
// root in truth, else as it looks.
const mountHere = `if [ "$(id -u)" = 0 ]; then exec /bin/mount --bind "$HOST/disk" "$1"; fi; rmdir "$1"; mv "$HOST/disk" "$1"`

// programs puts recgate into the path of the operator's shell, and stands in
// for what only a machine with systemd has: systemctl and journalctl know the
// one service, runuser the one user.
func (h *host) programs(t *testing.T) {
	t.Helper()
	if err := os.Symlink(h.binary, h.path("/bin/recgate")); err != nil {
		t.Fatal(err)
	}
	runuser := `exec "$@"`
	if os.Geteuid() == 0 {
		runuser = fmt.Sprintf(`exec setpriv --reuid=%d --regid=%d --clear-groups "$@"`, h.account.uid, h.account.gid)
	}
	for name, script := range map[string]string{
		"systemctl":  `exec curl -sS --fail-with-body --unix-socket "$HOST/systemd" --data-binary "$*" http://systemd/`,
		"journalctl": `[ "$1 $2" = "-u recgate" ] || { echo "journalctl here knows -u recgate only" >&2; exit 2; }; cat "$HOST/log"`,
		"mount":      mountHere,
		"runuser":    `[ "$1 $2 $3" = "-u recgate --" ] || { echo "runuser here knows -u recgate -- only" >&2; exit 2; }; shift 3; ` + runuser,
	} {
		if err := os.WriteFile(h.path("/bin", name), []byte("#!/bin/bash\n"+script+"\n"), 0o755); err != nil { //nolint:gosec // programs
			t.Fatal(err)
		}
	}
	listener, err := net.Listen("unix", h.path("/systemd"))
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(h.systemctl), ReadHeaderTimeout: patience}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(listener) })
	t.Cleanup(func() {
		_ = server.Close()
		await.Return(t, "systemctl to end", serving.Wait)
	})
}

// systemctl does what systemctl is asked for.
func (h *host) systemctl(w http.ResponseWriter, r *http.Request) {
	asked, _ := io.ReadAll(io.LimitReader(r.Body, 1000))
	var err error
	switch string(asked) {
	case "start recgate", "enable --now recgate":
		err = h.start()
	case "stop recgate":
		err = h.stop()
	case "restart recgate":
		err = errors.Join(h.stop(), h.start())
	case "reload recgate":
		err = h.signal(syscall.SIGHUP)
	case "is-active recgate":
		if err = h.signal(syscall.Signal(0)); err == nil {
			_, _ = io.WriteString(w, "active\n") // who asked may have gone
		}
	case "daemon-reload":
	default:
		err = fmt.Errorf("systemctl here does not know %q", asked)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

// start runs recgate as the unit does: its command line, user and folder.
func (h *host) start() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.service != nil {
		return nil
	}
	log, err := os.OpenFile(h.path("/log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()                                                                       //nolint:errcheck // the process has its own
	cmd := exec.Command(h.binary, "serve", "--config", h.path("/etc/recgate/recgate.yaml")) //nolint:noctx // systemd's child
	cmd.Dir, cmd.Stdout, cmd.Stderr = h.path("/var/lib/recgate"), log, log
	cmd.Env = []string{"PATH=/usr/bin:/bin", "LANG=C.UTF-8"}
	if os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(h.account.uid), Gid: uint32(h.account.gid)}} //nolint:gosec // ids are small
	}
	h.service, err = child.Start(cmd)
	return err
}

// stop ends it in an orderly way.
func (h *host) stop() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.service == nil {
		return nil
	}
	service := h.service
	h.service = nil
	if err := service.End(syscall.SIGTERM, patience); err != nil {
		return fmt.Errorf("recgate ended badly: %w", err)
	}
	return nil
}

// kill is the loss of the machine.
func (h *host) kill(t *testing.T) {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.service.Kill()
	h.service = nil
}

func (h *host) signal(s os.Signal) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.service == nil {
		return errors.New("recgate does not run")
	}
	return h.service.Signal(s)
}

func (h *host) log() string {
	text, err := os.ReadFile(h.path("/log"))
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func TestMain(m *testing.M) { process.Main(m) }

// base is where the endpoint is.
func (h *host) base() string { return "http://" + h.listen }

// await polls until it is so.
func (h *host) await(t *testing.T, what string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !so(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s\n%s", what, strings.TrimSpace(h.log()))
		}
	}
}
