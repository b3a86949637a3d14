package blob

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"recgate/recording"
)

// ReadMark implements mark.Place.
func (d *Disk) ReadMark(ctx context.Context) (string, error) {
	if err := checkDeadline(ctx); err != nil {
		return "", err
	}
	root, err := os.OpenRoot(d.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return "", &recording.Error{Code: recording.NotFound, Msg: "the folder of the archive is not there", Err: err}
	}
	if err != nil {
		return "", readError(err)
	}
	defer root.Close() //nolint:errcheck // opened for reading names
	return readMark(root)
}

// readMark reads the mark of an open folder.
func readMark(root *os.Root) (string, error) {
	f, _, err := openPlain(root, markName)
	if errors.Is(err, fs.ErrNotExist) {
		return "", &recording.Error{Code: recording.NotFound, Msg: "the archive has no mark", Err: errNoMark}
	}
	if err != nil {
		return "", readError(err)
	}
	text, err := io.ReadAll(io.LimitReader(f, longestMark))
	if err := errors.Join(err, f.Close()); err != nil {
		return "", readError(err)
	}
	id, err := parseMark(text)
	if err != nil {
		return "", wrongMarkError("folder", err)
	}
	return id, nil
}

// openForWrite opens the folder and makes sure that it is the archive. Whatever
// is done with the root happens in that folder, even if another disk is mounted
// over it meanwhile.
func (d *Disk) openForWrite(ctx context.Context) (*os.Root, error) {
	known, err := d.known(ctx)
	if err != nil {
		return nil, err
	}
	root, err := d.root()
	if err != nil {
		return nil, err
	}
	if known == "" {
		err = errNotBegun
	} else {
		err = checkMark(root, known)
	}
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return root, nil
}

func checkMark(root *os.Root, known string) error {
	found, err := readMark(root)
	return compareMarks("folder", known, found, err)
}

// CheckMark returns nil when the folder is the archive or no archive was created
// yet, else an error that says why it is not.
func (d *Disk) CheckMark(ctx context.Context) error {
	root, err := d.root()
	if err != nil {
		return err
	}
	return errors.Join(d.checkForRead(ctx, root), root.Close())
}

// checkForRead makes sure that an open folder is the archive. Only then does
// "not found" mean that the archive does not have it. Where no archive was
// created yet, there is nothing to find.
func (d *Disk) checkForRead(ctx context.Context, root *os.Root) error {
	known, err := d.known(ctx)
	if err != nil || known == "" {
		return err
	}
	return checkMark(root, known)
}

// WriteMark implements mark.Place. It makes the folder; when root makes it, it
// is given to the owner of the folder above.
func (d *Disk) WriteMark(ctx context.Context, id string) error {
	if err := makeOwned(d.dir); err != nil {
		return writeError(err)
	}
	root, err := d.root()
	if err != nil {
		return err
	}
	defer root.Close() //nolint:errcheck // opened for reading names
	found, err := readMark(root)
	if already, err := hasMarkAlready(id, found, err); already || err != nil {
		return err
	}
	if err := makeDir(root, incoming); err != nil {
		return writeError(err)
	}
	temp, _, err := write(ctx, root, bytes.NewReader(markText(id)))
	if err != nil {
		return err
	}
	for _, name := range []string{incoming, temp} {
		if err := giveToOwner(root, name); err != nil {
			return writeError(errors.Join(err, remove(root, temp)))
		}
	}
	if err := root.Rename(temp, markName); err != nil {
		return writeError(errors.Join(err, remove(root, temp)))
	}
	if err := errors.Join(syncDir(root, "."), syncFolder(filepath.Dir(d.dir))); err != nil {
		return writeError(err)
	}
	return nil
}

func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// SizeOf implements mark.Place.
func (d *Disk) SizeOf(ctx context.Context, key string) (int64, error) {
	if err := checkKey(ctx, key); err != nil {
		return 0, err
	}
	info, err := os.Lstat(filepath.Join(d.dir, filepath.FromSlash(path(key))))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return 0, notFoundError(key, err)
	case err != nil:
		return 0, readError(err)
	case !info.Mode().IsRegular():
		return 0, notFoundError(key, errors.New("it is not a regular file"))
	}
	return info.Size(), nil
}

// HoldsAny implements mark.Place.
func (d *Disk) HoldsAny(ctx context.Context) (bool, error) {
	root, err := os.OpenRoot(d.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, readError(err)
	}
	defer root.Close() //nolint:errcheck // opened for reading names
	return foundAny(listKeys(ctx, root, "", func(string) error { return errEnough }))
}

// CanBegin returns nil when the folder does not exist and could be created. It
// tries by creating a file in the nearest folder above that exists.
func (d *Disk) CanBegin(context.Context) error {
	above := d.dir
	for {
		info, err := os.Stat(above)
		if err == nil && !info.IsDir() {
			return writeError(fmt.Errorf("%s is not a folder", above))
		}
		if err == nil {
			break
		}
		if !errors.Is(err, fs.ErrNotExist) || filepath.Dir(above) == above {
			return writeError(err)
		}
		above = filepath.Dir(above)
	}
	f, err := os.CreateTemp(above, ".recgate-check-*")
	if err != nil {
		return writeError(err)
	}
	if err := errors.Join(f.Close(), os.Remove(f.Name())); err != nil {
		return writeError(err)
	}
	return nil
}
