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

// source reads for a Put, as long as its context lasts, and remembers whose
// fault it was when it fails.
type source struct {
	ctx context.Context //nolint:containedctx // lives no longer than the Put that it belongs to
	r   io.Reader
	err error
}

func (s *source) Read(p []byte) (int, error) {
	if s.err = ended(s.ctx); s.err != nil {
		return 0, s.err
	}
	n, err := s.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = fmt.Errorf("read what goes into the archive: %w", err)
		return n, s.err
	}
	return n, err
}

// write brings a new file in .incoming to the disk, whole. When it fails it
// leaves none.
func write(ctx context.Context, root *os.Root, r io.Reader) (name string, n int64, err error) {
	return writeIn(ctx, root, incoming, r)
}

// writeIn is write into a folder.
func writeIn(ctx context.Context, root *os.Root, place string, r io.Reader) (name string, n int64, err error) {
	if err := ended(ctx); err != nil {
		return "", 0, err
	}
	name = place + "/put-" + rand.Text()
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return "", 0, unwritable(err)
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
	gone := remove(root, name)
	if from.err != nil {
		return "", 0, errors.Join(from.err, gone)
	}
	return "", 0, unwritable(errors.Join(err, gone))
}

// place gives a written file its name. Both folders are synced: a new folder
// is an entry of the upper one, and who made it first may not have got so far.
// Once it was seen to be durable the upper one is left alone.
func (d *Disk) place(root *os.Root, temp, key string) error {
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

// remove deletes a file that may be gone already.
func remove(root *os.Root, name string) error {
	if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// sweep deletes files of interrupted puts that were last written before the
// time. Names that are not ours stay.
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
			continue // gone by itself, not ours, or another process is at it
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
