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
	"regexp"

	"recgate/recording"
)

// markName is the file, or the object behind the prefix, that says which
// archive this is. No key begins with a dot. It belongs into every copy.
const markName = ".recgate-archive"

// longestMark is how much of it is read, in bytes.
const longestMark = 4096

// goodMark is the first line of a mark: an id as crypto/rand.Text makes it.
var goodMark = regexp.MustCompile(`^recgate archive ([0-9A-Z]{26})$`)

// Known returns the id of the archive that the database knows, for which
// nothing is written elsewhere; or why nothing can be said for now. An empty
// id is for those who only look where no archive was begun yet: they may read.
type Known func(ctx context.Context) (id string, err error)

var (
	errNoMark = errors.New("there is no file " + markName)
	errBroken = errors.New("the file " + markName + " contains no id")
)

// markText is what a mark holds.
func markText(id string) []byte {
	return []byte("recgate archive " + id + "\n" +
		"recgate writes recordings here only while this file exists. Keep it, and copy it together with the recordings.\n")
}

// parseMark reads what markText wrote.
func parseMark(text []byte) (id string, err error) {
	line, _, _ := bytes.Cut(text, []byte("\n"))
	found := goodMark.FindSubmatch(bytes.TrimSuffix(line, []byte("\r")))
	if found == nil {
		return "", errBroken
	}
	return string(found[1]), nil
}

// unmarked is what is said of a place that is not the archive. what is the
// folder or the bucket.
func unmarked(what string, err error) error {
	msg := "the " + what + " of the archive is not the archive that the database knows: mount the archive, or correct the key archive; " +
		"docs/operations.md says what to do if it is lost"
	return &recording.Error{Code: recording.Unavailable, Msg: msg, Err: err}
}

// compareMarks returns nil when the mark that was read, if err allows that, is
// the one that is known. what is the folder or the bucket.
func compareMarks(what, known, found string, err error) error {
	switch {
	case recording.CodeOf(err) == recording.NotFound:
		return unmarked(what, err)
	case err != nil:
		return err
	case found != known:
		return unmarked(what, fmt.Errorf("it has the id %s, but the database knows %s", found, known))
	}
	return nil
}

// marksAlready reports whether a place that is to carry an id does so already,
// by the mark that was read; the error says why it may not get one.
func marksAlready(id, found string, err error) (bool, error) {
	switch {
	case err == nil && found == id:
		return true, nil
	case err == nil:
		return false, recording.Errorf(recording.Conflict, "the place has the mark of another archive, with the id %s", found)
	case recording.CodeOf(err) != recording.NotFound:
		return false, err
	}
	return false, nil
}

// errNotBegun refuses writes of those who may only look.
var errNotBegun = &recording.Error{Code: recording.Unavailable, Msg: "the archive does not exist yet: recgate serve creates it"}

// ReadMark implements mark.Place.
func (d *Disk) ReadMark(ctx context.Context) (string, error) {
	if err := ended(ctx); err != nil {
		return "", err
	}
	root, err := os.OpenRoot(d.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return "", &recording.Error{Code: recording.NotFound, Msg: "the folder of the archive is not there", Err: err}
	}
	if err != nil {
		return "", unreadable(err)
	}
	defer root.Close() //nolint:errcheck // opened for reading names
	return markOf(root)
}

// markOf reads the mark of an open folder.
func markOf(root *os.Root) (string, error) {
	f, _, err := openPlain(root, markName)
	if errors.Is(err, fs.ErrNotExist) {
		return "", &recording.Error{Code: recording.NotFound, Msg: "the archive has no mark", Err: errNoMark}
	}
	if err != nil {
		return "", unreadable(err)
	}
	text, err := io.ReadAll(io.LimitReader(f, longestMark))
	if err := errors.Join(err, f.Close()); err != nil {
		return "", unreadable(err)
	}
	id, err := parseMark(text)
	if err != nil {
		return "", unmarked("folder", err)
	}
	return id, nil
}

// marked opens the folder, and makes sure that it is the archive: all that is
// done with what it returns happens there, whatever is mounted meanwhile.
func (d *Disk) marked(ctx context.Context) (*os.Root, error) {
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
		err = isMarked(root, known)
	}
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return root, nil
}

func isMarked(root *os.Root, known string) error {
	found, err := markOf(root)
	return compareMarks("folder", known, found, err)
}

// There returns nil when the folder is the archive, or when none was begun
// yet; else why it is not.
func (d *Disk) There(ctx context.Context) error {
	root, err := d.root()
	if err != nil {
		return err
	}
	return errors.Join(d.whole(ctx, root), root.Close())
}

// whole is for answers that something is not in the folder: they are true
// only of the archive. Where none was begun, there is nothing to miss.
func (d *Disk) whole(ctx context.Context, root *os.Root) error {
	known, err := d.known(ctx)
	if err != nil || known == "" {
		return err
	}
	return isMarked(root, known)
}

// WriteMark implements mark.Place. It makes the folder, which is
// given to the owner of the one above when root makes it.
func (d *Disk) WriteMark(ctx context.Context, id string) error {
	if err := makeOwned(d.dir); err != nil {
		return unwritable(err)
	}
	root, err := d.root()
	if err != nil {
		return err
	}
	defer root.Close() //nolint:errcheck // opened for reading names
	found, err := markOf(root)
	if already, err := marksAlready(id, found, err); already || err != nil {
		return err
	}
	if err := makeDir(root, incoming); err != nil {
		return unwritable(err)
	}
	temp, _, err := write(ctx, root, bytes.NewReader(markText(id)))
	if err != nil {
		return err
	}
	for _, name := range []string{incoming, temp} {
		if err := giveAway(root, name); err != nil {
			return unwritable(errors.Join(err, remove(root, temp)))
		}
	}
	if err := root.Rename(temp, markName); err != nil {
		return unwritable(errors.Join(err, remove(root, temp)))
	}
	if err := errors.Join(syncDir(root, "."), syncFolder(filepath.Dir(d.dir))); err != nil {
		return unwritable(err)
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
	if err := check(ctx, key); err != nil {
		return 0, err
	}
	info, err := os.Lstat(filepath.Join(d.dir, filepath.FromSlash(path(key))))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return 0, nothingUnder(key, err)
	case err != nil:
		return 0, unreadable(err)
	case !info.Mode().IsRegular():
		return 0, nothingUnder(key, errors.New("it is not a regular file"))
	}
	return info.Size(), nil
}

func nothingUnder(key string, err error) error {
	return &recording.Error{Code: recording.NotFound, Msg: fmt.Sprintf("the archive holds nothing under %q", key), Err: err}
}

// errEnough ends a listing.
var errEnough = errors.New("that is enough")

// HoldsAny implements mark.Place.
func (d *Disk) HoldsAny(ctx context.Context) (bool, error) {
	root, err := os.OpenRoot(d.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, unreadable(err)
	}
	defer root.Close() //nolint:errcheck // opened for reading names
	return holdsAny(list(ctx, root, "", func(string) error { return errEnough }))
}

// holdsAny judges a listing that the first key ends.
func holdsAny(err error) (bool, error) {
	if errors.Is(err, errEnough) {
		return true, nil
	}
	return false, err
}

// CanBegin returns nil when the folder is not there and could be made, tried
// by a file in the nearest folder above it that is there.
func (d *Disk) CanBegin(context.Context) error {
	above := d.dir
	for {
		info, err := os.Stat(above)
		if err == nil && !info.IsDir() {
			return unwritable(fmt.Errorf("%s is not a folder", above))
		}
		if err == nil {
			break
		}
		if !errors.Is(err, fs.ErrNotExist) || filepath.Dir(above) == above {
			return unwritable(err)
		}
		above = filepath.Dir(above)
	}
	f, err := os.CreateTemp(above, ".recgate-check-*")
	if err != nil {
		return unwritable(err)
	}
	if err := errors.Join(f.Close(), os.Remove(f.Name())); err != nil {
		return unwritable(err)
	}
	return nil
}
