//go:build full

package deb_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"recgate/internal/child"
	"recgate/lab"
)

// longest is how long commands in it may take, and building the package.
const longest = 5 * time.Minute

// debian is a small Debian below a folder.
type debian struct{ root string }

// unpack makes one from the cache. Nothing is mounted in it, so that deleting
// it can never reach the machine.
func unpack(t *testing.T) debian {
	t.Helper()
	tarball := filepath.Join(lab.Cache(t), "debian", "root.tar")
	if _, err := os.Stat(tarball); err != nil {
		t.Fatalf("there is no Debian in the cache, run fulltest/install: %v", err)
	}
	root := child.Folder(t, "recgate-deb-")
	if out, err := child.Output(longest, exec.Command("tar", "-x", "-p", "-f", tarball, "-C", root)); err != nil {
		t.Fatalf("unpack %s: %v\n%s", tarball, err, out)
	}
	return debian{root}
}

func (d debian) path(name string) string { return filepath.Join(d.root, name) }

func (d debian) exists(name string) bool {
	_, err := os.Lstat(d.path(name))
	return err == nil
}

// try runs a shell in it, as root.
func (d debian) try(t *testing.T, commands string) (string, error) {
	t.Helper()
	cmd := exec.Command("/bin/sh", "-e", "-c", commands)
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", "HOME=/root", "DEBIAN_FRONTEND=noninteractive"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: d.root}
	return child.Output(longest, cmd)
}

// run is try for what must go well.
func (d debian) run(t *testing.T, commands string) string {
	t.Helper()
	out, err := d.try(t, commands)
	if err != nil {
		t.Fatalf("%s\n%v\n%s", commands, err, out)
	}
	return out
}

// want compares what commands print.
func (d debian) want(t *testing.T, commands, want string) {
	t.Helper()
	if diff := cmp.Diff(want, strings.TrimSpace(d.run(t, commands))); diff != "" {
		t.Errorf("%s (-want +got):\n%s", commands, diff)
	}
}

// state lists every file with its type, mode and owner, and who is known. What
// dpkg and its tools keep for themselves is left out.
func (d debian) state(t *testing.T) []string {
	t.Helper()
	return strings.Split(d.run(t, `find / -xdev \( -path /var/lib/dpkg -o -path /var/log -o -path /var/cache -o -path /var/lib/apt -o -path /root -o -path /srv \
		-o -path /tmp -o -path '/etc/*-' -o -path /etc/.pwd.lock \) -prune -o -printf '%p %y %m %U %G\n' | sort; cat /etc/passwd /etc/group /etc/shadow /etc/gshadow`), "\n")
}

// ids returns the ids of a user and of all of its groups.
func (d debian) ids(t *testing.T, user string) (uid, gid uint32, groups []uint32) {
	t.Helper()
	number := func(text string) uint32 {
		n, err := strconv.ParseUint(text, 10, 32)
		if err != nil {
			t.Fatal(err)
		}
		return uint32(n)
	}
	fields := strings.Fields(d.run(t, "id -u "+user+"; id -g "+user+"; id -G "+user))
	for _, group := range fields[2:] {
		groups = append(groups, number(group))
	}
	return number(fields[0]), number(fields[1]), groups
}
