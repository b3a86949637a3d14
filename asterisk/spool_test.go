package asterisk_test

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"recgate/asterisk"
	"recgate/recording"
)

const file = "01a1fddd8d7a749c81ce26e49049a64e.wav"

func newSpool(t *testing.T) (*asterisk.PBX, string) {
	t.Helper()
	mount := t.TempDir()
	p, err := asterisk.New(asterisk.Config{Name: "pbx1", Spool: "recgate", Mount: mount})
	if err != nil {
		t.Fatal(err)
	}
	return p, mount
}

func TestSpool(t *testing.T) {
	p, mount := newSpool(t)
	if _, err := p.Spool().Open(file); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Open of a file that is not there: %v", err)
	}
	if err := os.WriteFile(filepath.Join(mount, file), []byte("RIFF"), 0o644); err != nil {
		t.Fatal(err)
	}
	f, err := p.Spool().Open(file)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := f.Stat(); err != nil || info.Size() != 4 {
		t.Errorf("Stat = %v, %v", info, err)
	}
	if err := errors.Join(f.Close(), p.Spool().Remove(file), p.Spool().Remove(file)); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(mount); err != nil || len(left) > 0 {
		t.Errorf("left in the spool: %v, %v", left, err)
	}
}

// TestSpoolRefuses what is not a file that a recorder wrote.
func TestSpoolRefuses(t *testing.T) {
	p, mount := newSpool(t)
	secret := filepath.Join(t.TempDir(), file)
	if err := os.WriteFile(secret, []byte("secret"), 0o644); err != nil {
		t.Fatal(err)
	}
	name := func(digit string) string { return digit + file[1:] }
	socket, err := net.Listen("unix", filepath.Join(mount, name("6")))
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	err = errors.Join(os.Symlink(secret, filepath.Join(mount, name("1"))),
		syscall.Mkfifo(filepath.Join(mount, name("2")), 0o644), os.Mkdir(filepath.Join(mount, name("3")), 0o755),
		os.Symlink("/dev/zero", filepath.Join(mount, name("4"))), os.Symlink("nowhere", filepath.Join(mount, name("5"))),
		os.WriteFile(filepath.Join(mount, "other.wav"), nil, 0o644))
	if err != nil {
		t.Fatal(err)
	}
	for _, odd := range "123456" {
		if _, err := p.Spool().Open(name(string(odd))); !errors.Is(err, recording.ErrNotFile) {
			t.Errorf("Open of odd object %c: %v, want ErrNotFile", odd, err)
		}
	}
	for _, bad := range []string{
		name("1"), name("2"), name("3"), name("4"), name("5"), name("6"), "other.wav", "", ".", "..", "../" + file, secret, "./" + file,
		file + "\x00", file + "\n", "A" + file[1:], file[:32] + "-up.wav", file[:32] + "-in-out.wav",
	} {
		f, err := p.Spool().Open(bad)
		if err == nil || f != nil || errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Open(%q) = %v, %v; want it refused", bad, f, err)
		}
	}
	for _, bad := range []string{"other.wav", "../" + file, secret, ""} {
		if err := p.Spool().Remove(bad); err == nil {
			t.Errorf("Remove(%q) = nil, want it refused", bad)
		}
	}
}

func TestCheckSpool(t *testing.T) {
	p, mount := newSpool(t)
	if err := p.CheckSpool(); err != nil {
		t.Errorf("CheckSpool: %v", err)
	}
	if left, err := os.ReadDir(mount); err != nil || len(left) > 0 {
		t.Errorf("the probe left %v, %v", left, err)
	}
	if err := os.Remove(mount); err != nil {
		t.Fatal(err)
	}
	if err := p.CheckSpool(); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "create the folder") {
		t.Errorf("CheckSpool without a mount: %v", err)
	}
}
