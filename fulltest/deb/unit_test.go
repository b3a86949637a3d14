//go:build full

package deb_test

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"recgate/internal/child"
)

// patience is how long a test waits for what has to come.
const patience = time.Minute

// unit is the part of the unit that says how the program is run.
type unit struct{ command, user, group, folder, umask string }

func (d debian) unit(t *testing.T) unit {
	t.Helper()
	text, err := os.ReadFile(d.path("/usr/lib/systemd/system/recgate.service"))
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(key, "#") {
			said[key] = value
		}
	}
	u := unit{said["ExecStart"], said["User"], said["Group"], said["WorkingDirectory"], said["UMask"]}
	if u.command == "" || u.user == "" || u.group == "" || u.folder == "" || u.umask == "" || said["SupplementaryGroups"] != "" || said["Environment"] != "" {
		t.Fatalf("the unit is not as this test runs it: %+v", u)
	}
	return u
}

// program is recgate, as the unit runs it.
type program struct {
	*child.Child // nil after its end
	log          *bytes.Buffer
}

// start does what systemd would: the user with the groups that it has, the
// folder, the mask, the environment that systemd gives, and the command line.
func (d debian) start(t *testing.T) *program {
	t.Helper()
	u := d.unit(t)
	uid, gid, groups := d.ids(t, u.user)
	d.want(t, "id -gn "+u.user, u.group)
	p := &program{log: &bytes.Buffer{}}
	cmd := exec.Command("/bin/sh", "-c", "umask "+u.umask+"; exec "+u.command) //nolint:noctx // systemd's child
	cmd.Dir, cmd.Stdout, cmd.Stderr = u.folder, p.log, p.log
	cmd.Env = []string{
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin", "LANG=C.UTF-8", "USER=" + u.user, "LOGNAME=" + u.user, "HOME=/var/lib/recgate",
		"SHELL=/usr/sbin/nologin", "STATE_DIRECTORY=/var/lib/recgate", "CONFIGURATION_DIRECTORY=/etc/recgate",
		"INVOCATION_ID=0123456789abcdef0123456789abcdef", "JOURNAL_STREAM=8:1",
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: d.root, Credential: &syscall.Credential{Uid: uid, Gid: gid, Groups: groups}}
	var err error
	if p.Child, err = child.Start(cmd); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.stop(t) })
	return p
}

// stop is systemctl stop.
func (p *program) stop(t *testing.T) {
	t.Helper()
	if p.Child == nil {
		return
	}
	serve := p.Child
	p.Child = nil
	if err := serve.End(syscall.SIGTERM, patience); err != nil {
		t.Errorf("recgate ended badly: %v\n%s", err, p.log)
	}
}

// testHardening: systemd finds no mistake in the unit, and little that an attacker
// could use.
func testHardening(t *testing.T, d debian) {
	t.Helper()
	verify := exec.Command("systemd-analyze", "verify", "--man=no", "--root="+d.root, "recgate.service")
	if out, err := child.Output(patience, verify); err != nil || strings.Contains(out, "recgate") {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
	const most = "15" // tenths; what systemd calls OK is below 50, without a hardening it is 96
	security := exec.Command("systemd-analyze", "security", "--no-pager", "--offline=true", "--threshold="+most, "--root="+d.root, "recgate.service")
	if out, err := child.Output(patience, security); err != nil {
		t.Errorf("systemd-analyze security: %v\n%s", err, out)
	}
}
