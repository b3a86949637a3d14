package ami

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"syscall"

	"recgate/recording"
)

// spool is the folder into which the PBX writes, as seen from here.
type spool struct{ dir string }

// spoolName is what the recorders of this package call their files.
var spoolName = regexp.MustCompile(`^[0-9a-f]{32}(-in|-out)?\.wav$`)

// errName says that a name is not one of ours.
var errName = errors.New("not the name of a recording's file")

// Open opens a file of a recording. A symbolic link is refused, and so is
// anything that is no regular file; a pipe would otherwise wait for ever.
func (s spool) Open(name string) (recording.SpoolFile, error) {
	f, err := s.open(name)
	if err != nil {
		return nil, err // and not a *os.File that is nil
	}
	return f, nil
}

func (s spool) open(name string) (*os.File, error) {
	if !spoolName.MatchString(name) {
		return nil, fmt.Errorf("open %q in the spool: %w", name, errName)
	}
	f, err := os.OpenFile(filepath.Join(s.dir, name), os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("open %q in the spool: not a regular file but %s", name, info.Mode().Type())
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// Remove deletes a file of a recording; one that is gone already is no error.
func (s spool) Remove(name string) error {
	if !spoolName.MatchString(name) {
		return fmt.Errorf("remove %q from the spool: %w", name, errName)
	}
	if err := os.Remove(filepath.Join(s.dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// probe finds out whether recordings can be read and deleted here, by looking
// into the folder and by making and deleting a file.
func (s spool) probe() error {
	_, err := os.ReadDir(s.dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("the mount is not there: make the folder, mount it, or correct the keys spool and mount: %w", err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("the mount cannot be read: let the user that recgate runs as read and write it: %w", err)
	case err != nil:
		return fmt.Errorf("the mount cannot be read: correct the keys spool and mount: %w", err)
	}
	f, err := os.CreateTemp(s.dir, ".recgate-check-*")
	if err != nil {
		return fmt.Errorf("the mount cannot be written to, so recordings cannot be deleted from it after they are archived: "+
			"let the user that recgate runs as write it: %w", err)
	}
	if err := errors.Join(f.Close(), os.Remove(f.Name())); err != nil {
		return fmt.Errorf("the probe file cannot be deleted from the mount: %w", err)
	}
	return nil
}
