package blob

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"
)

// source is what a Put reads. It ends with its context, and remembers its own
// error, so that errors of reading and of writing can be told apart.
type source struct {
	ctx context.Context //nolint:containedctx // lives no longer than the Put that it belongs to
	r   io.Reader
	err error
}

func (s *source) Read(p []byte) (int, error) {
	if s.err = checkDeadline(s.ctx); s.err != nil {
		return 0, s.err
	}
	n, err := s.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = fmt.Errorf("read what goes into the archive: %w", err)
		return n, s.err
	}
	return n, err
}

// write writes a new file in .incoming and syncs it. When that fails, it leaves
// no file.
func write(ctx context.Context, root *os.Root, r io.Reader) (name string, n int64, err error) {
	return writeIn(ctx, root, incoming, r)
}

// writeIn is write in a given folder.
func writeIn(ctx context.Context, root *os.Root, place string, r io.Reader) (name string, n int64, err error) {
	if err := checkDeadline(ctx); err != nil {
		return "", 0, err
	}
	name = place + "/put-" + rand.Text()
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return "", 0, writeError(err)
	}
	from := &source{ctx: ctx, r: r}
	n, err = io.Copy(f, from)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		return name, n, nil
	}
	removeErr := remove(root, name)
	if from.err != nil {
		return "", 0, errors.Join(from.err, removeErr)
	}
	return "", 0, writeError(errors.Join(err, removeErr))
}

// moveIntoPlace gives a written file its name. Both folders are synced: a new
// folder is an entry of the upper one, and another process may have made it and
// not synced it yet. Once an upper entry is durable, it is not synced again.
func (d *Disk) moveIntoPlace(root *os.Root, temp, key string) error {
	if err := makeDir(root, folder(key)); err != nil {
		return err
	}
	if err := root.Rename(temp, path(key)); err != nil {
		return err
	}
	if err := syncDir(root, folder(key)); err != nil {
		return err
	}
	info, err := root.Lstat(folder(key))
	if err != nil {
		return err
	}
	if last := d.durable.Load(); last != nil && last.name == folder(key) && os.SameFile(last.info, info) {
		return nil
	}
	if err := syncDir(root, "."); err != nil {
		return err
	}
	d.durable.Store(&durable{folder(key), info})
	return nil
}

func makeDir(root *os.Root, name string) error {
	if err := root.Mkdir(name, dirMode); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// syncDir makes the names in a folder as durable as the files are.
func syncDir(root *os.Root, name string) error {
	f, err := root.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// remove deletes a file; one that does not exist is no error.
func remove(root *os.Root, name string) error {
	if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// sweep deletes files of interrupted puts that were last written before a time.
// Files with other names stay.
func sweep(root *os.Root, before time.Time) error {
	f, err := root.Open(incoming)
	if err != nil {
		return err
	}
	names, err := f.Readdirnames(-1)
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	for _, name := range names {
		if !tempName.MatchString(name) {
			continue
		}
		info, err := root.Lstat(incoming + "/" + name)
		if err != nil || !info.Mode().IsRegular() || info.ModTime().After(before) {
			continue // already deleted, not ours, or still being written by another process
		}
		if err := remove(root, incoming+"/"+name); err != nil {
			return err
		}
	}
	return nil
}

// openPlain opens a regular file, and not what a symbolic link points to.
func openPlain(root *os.Root, name string) (*os.File, int64, error) {
	entry, err := root.Lstat(name)
	if err != nil {
		return nil, 0, err
	}
	if !entry.Mode().IsRegular() {
		return nil, 0, fmt.Errorf("%s is not a regular file: %v", name, entry.Mode())
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a regular file: %v", name, info.Mode())
	}
	if err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	return f, info.Size(), nil
}
