// Package blob keeps finished audio as bytes under keys. Disk is a folder on
// a file system: each blob is a file of its own, named by its key, in a
// folder named by the first six characters of the key. Keys begin with a
// time, so such a folder holds what was recorded within five hours, and
// yesterday's folders never change again: easy to back up and to count.
// Nothing else is in the folder but .incoming, where files wait until they
// are whole, and .recgate-archive, the mark that says which archive this is:
// nothing is written where it is missing. It is safe to copy the folder while
// recgate runs.
package blob

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"sync/atomic"
	"time"

	"recgate/recording"
)

const (
	incoming    = ".incoming" // no key begins with a dot
	leftoverAge = 24 * time.Hour
	prefixChars = 6
	fileMode    = 0o640
	dirMode     = 0o750
)

var (
	goodKey  = regexp.MustCompile(`^[0-9a-z][0-9a-z.-]{0,79}$`)
	tempName = regexp.MustCompile(`^put-[A-Z2-7]{26}$`)
)

// Disk keeps blobs in a folder. It implements recording.Blobs. A file system
// that hangs (a dead NFS server) makes its methods hang too: the operating
// system offers no way out, so callers that must not wait call them in a
// goroutine.
type Disk struct {
	dir     string
	known   KnownID
	swept   atomic.Bool             // leftovers of interrupted puts were deleted
	durable atomic.Pointer[durable] // the folder whose name was synced last
}

// durable is a folder whose name is on the disk.
type durable struct {
	name string
	info fs.FileInfo
}

// NewDisk touches nothing: WriteMark makes the folder, and the first Put deletes
// the leftovers of puts that a crash interrupted more than a day ago.
func NewDisk(dir string, known KnownID) *Disk { return &Disk{dir: filepath.Clean(dir), known: known} }

// Put implements recording.Blobs. The file is written in .incoming, synced to
// the disk, and only then moved into its place.
func (d *Disk) Put(ctx context.Context, key string, r io.Reader) (int64, error) {
	if err := checkKey(ctx, key); err != nil {
		return 0, err
	}
	root, err := d.openForWrite(ctx)
	if err != nil {
		return 0, err
	}
	defer root.Close() //nolint:errcheck // opened for reading names
	if err := d.prepare(root); err != nil {
		return 0, writeError(err)
	}
	temp, n, err := write(ctx, root, r)
	if err != nil {
		return 0, err
	}
	if err := d.moveIntoPlace(root, temp, key); err != nil {
		return 0, writeError(errors.Join(err, remove(root, temp)))
	}
	return n, nil
}

// Open implements recording.Blobs. Only a plain file is opened: a symbolic
// link in the archive could show any file of the machine.
func (d *Disk) Open(ctx context.Context, key string) (io.ReadSeekCloser, int64, error) {
	if err := checkKey(ctx, key); err != nil {
		return nil, 0, err
	}
	if f, size, ok := openQuickly(d.dir, key); ok {
		return f, size, nil
	}
	root, err := d.root()
	if err != nil {
		return nil, 0, err
	}
	defer root.Close() //nolint:errcheck // opened for reading names
	f, size, err := openPlain(root, path(key))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if away := d.checkForRead(ctx, root); away != nil {
			return nil, 0, away
		}
		return nil, 0, notFoundError(key, err)
	case err != nil:
		return nil, 0, readError(err)
	}
	return f, size, nil
}

// Remove implements recording.Blobs.
func (d *Disk) Remove(ctx context.Context, key string) error {
	if err := checkKey(ctx, key); err != nil {
		return err
	}
	root, err := d.openForWrite(ctx)
	if err != nil {
		return err
	}
	defer root.Close() //nolint:errcheck // opened for reading names
	switch err := root.Remove(path(key)); {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return writeError(err)
	}
	if err := syncDir(root, folder(key)); err != nil {
		return writeError(err)
	}
	return nil
}

// Check writes a small file, syncs it to the disk and deletes it again. Its
// error is the one that a Put would return.
func (d *Disk) Check(ctx context.Context) error {
	root, err := d.openForWrite(ctx)
	if err != nil {
		return err
	}
	defer root.Close() //nolint:errcheck // opened for reading names
	place := incoming
	if _, err := root.Lstat(incoming); errors.Is(err, fs.ErrNotExist) {
		place = "." // the first Put makes it, so that it belongs to the user who puts
	}
	probe := io.LimitReader(rand.Reader, 4096)
	temp, _, err := writeIn(ctx, root, place, probe)
	if err != nil {
		return err
	}
	if err := remove(root, temp); err != nil {
		return writeError(err)
	}
	return nil
}

// prepare makes .incoming and, the first time, deletes what crashes left there.
func (d *Disk) prepare(root *os.Root) error {
	if err := makeDir(root, incoming); err != nil || d.swept.Load() {
		return err
	}
	if err := sweep(root, time.Now().Add(-leftoverAge)); err != nil {
		return err
	}
	d.swept.Store(true)
	return nil
}

// root opens the folder. Every operation opens it for itself, so that an archive
// that was unmounted and mounted again is found. Nothing outside the folder can
// be reached through the root.
func (d *Disk) root() (*os.Root, error) {
	root, err := os.OpenRoot(d.dir)
	if err != nil {
		return nil, readError(err)
	}
	return root, nil
}

// checkKey refuses keys that could be anything but a file name of ours, and
// callers whose time is up.
func checkKey(ctx context.Context, key string) error {
	if !goodKey.MatchString(key) {
		return recording.Errorf(recording.Invalid, "%q is not a key of the archive", key)
	}
	return checkDeadline(ctx)
}

func folder(key string) string { return key[:min(prefixChars, len(key))] }

func path(key string) string { return folder(key) + "/" + key }
