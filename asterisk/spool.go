package asterisk

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"sync/atomic"
	"syscall"

	"recgate/recording"
)

// spool is the folder into which the PBX writes, as seen from here.
type spool struct {
	dir     string
	pbx     string // its name, for messages
	device  func(dir string) (uint64, error)
	mounted atomic.Bool // dir was seen to be a mount point
	nearness
}

func newSpool(dir, pbx string) *spool { return &spool{dir: dir, pbx: pbx, device: deviceOf} }

// spoolName is what the recorders of this package call their files.
var spoolName = regexp.MustCompile(`^[0-9a-f]{32}(-in|-out)?\.wav$`)

// errName says that a name is not one of ours.
var errName = errors.New("not the name of a recording's file")

// Open opens a file of a recording.
func (s *spool) Open(name string) (recording.SpoolFile, error) {
	f, err := s.open(name)
	if err != nil {
		return nil, err // and not a *os.File that is nil
	}
	return spoolFile{f, s}, nil
}

// open looks before it opens: what is not a file is not touched, for opening
// may wait (a pipe) or do something (a device).
func (s *spool) open(name string) (*os.File, error) {
	if !spoolName.MatchString(name) {
		return nil, fmt.Errorf("open %q in the spool: %w", name, errName)
	}
	path := filepath.Join(s.dir, name)
	if info, err := os.Lstat(path); err != nil {
		return nil, err
	} else if !info.Mode().IsRegular() {
		return nil, notFile(name, info)
	}
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if errors.Is(err, syscall.ELOOP) { // it has just become a link
		return nil, fmt.Errorf("open %q in the spool: %w: %w", name, recording.ErrNotFile, err)
	}
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = notFile(name, info)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// notFile says what has the name of a file.
func notFile(name string, info fs.FileInfo) error {
	return fmt.Errorf("open %q in the spool: %w but %s", name, recording.ErrNotFile, info.Mode().Type())
}

// errEmpty says that a file is there with nothing in it, not even the header
// that Asterisk writes first: what it is told to record goes nowhere.
var errEmpty = errors.New("the file has no header")

// begun returns nil when a file is there, can be read and has its header.
func (s *spool) begun(name string) error {
	f, err := s.open(name)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil && info.Size() == 0 {
		err = errEmpty
	}
	return errors.Join(err, f.Close())
}

// Names lists the files of recordings. A folder that is not there, or that was
// a mount and is none any more, is Unavailable.
func (s *spool) Names() ([]string, error) {
	if err := s.present(); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, s.absent(err)
	}
	var names []string
	for _, e := range entries {
		if e.Type().IsRegular() && spoolName.MatchString(e.Name()) {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// present returns nil when the folder is there. An empty folder may be what a
// mount that is away has left: one that was a mount point earlier and now is part
// of the folder above it is not what the PBX writes to.
func (s *spool) present() error {
	own, err := s.device(s.dir)
	if err != nil {
		return s.absent(err)
	}
	above, err := s.device(filepath.Dir(filepath.Clean(s.dir)))
	if err != nil {
		return s.absent(err)
	}
	if own != above {
		s.mounted.Store(true)
	} else if s.mounted.Load() {
		return s.absent(errNotMounted)
	}
	return nil
}

// readable returns nil when files of recordings could be seen here.
func (s *spool) readable() error {
	if err := s.present(); err != nil {
		return err
	}
	f, err := os.Open(s.dir)
	if err == nil {
		_, err = f.Readdirnames(1)
		err = errors.Join(ignoreEOF(err), f.Close())
	}
	switch {
	case errors.Is(err, fs.ErrPermission):
		return &recording.Error{Code: recording.Unavailable, Err: err, Msg: fmt.Sprintf(
			"the spool folder of the PBX %q cannot be read: give the recgate user read and write permission on the folder in its key mount", s.pbx)}
	case err != nil:
		return s.absent(err)
	}
	return nil
}

// ignoreEOF is for folders in which there is nothing.
func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

var errNotMounted = errors.New("it was a mount point, and nothing is mounted there now")

// absent is the refusal of a folder that is not there.
func (s *spool) absent(cause error) error {
	return &recording.Error{
		Code: recording.Unavailable, Err: cause,
		Msg: fmt.Sprintf("the spool folder of the PBX %q is not there: mount it, or correct its key mount", s.pbx),
	}
}

// deviceOf returns the file system that a folder is on.
func deviceOf(dir string) (uint64, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return 0, err
	}
	if !info.IsDir() {
		return 0, fmt.Errorf("%s: %w", dir, syscall.ENOTDIR)
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, nil // no such thing here: then no mount is told from a folder
	}
	return uint64(stat.Dev), nil //nolint:unconvert // its type differs between systems
}

// Remove deletes a file of a recording; one that is gone already is not an error.
func (s *spool) Remove(name string) error {
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
func (s *spool) probe() error {
	_, err := os.ReadDir(s.dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("the mount is not there: create the folder, mount it, or correct the keys spool and mount: %w", err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("the mount cannot be read: give the recgate user read and write permission on it: %w", err)
	case err != nil:
		return fmt.Errorf("the mount cannot be read: correct the keys spool and mount: %w", err)
	}
	f, err := os.CreateTemp(s.dir, ".recgate-check-*")
	if err != nil {
		return fmt.Errorf("the mount cannot be written to, so recordings cannot be deleted from it after they are archived: "+
			"give the recgate user write permission on it: %w", err)
	}
	if err := errors.Join(f.Close(), os.Remove(f.Name())); err != nil {
		return fmt.Errorf("the probe file cannot be deleted from the mount: %w", err)
	}
	return nil
}
