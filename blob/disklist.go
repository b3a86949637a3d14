package blob

import (
	"context"
	"io/fs"
	"os"
	"strings"
)

// List implements recording.Lister. It reads one folder at a time, and only
// folders that can hold keys with the prefix.
func (d *Disk) List(ctx context.Context, prefix string, visit func(key string) error) error {
	root, err := d.root()
	if err != nil {
		return err
	}
	defer root.Close() //nolint:errcheck // opened for reading names
	if err := d.checkForRead(ctx, root); err != nil {
		return err
	}
	return listKeys(ctx, root, prefix, visit)
}

// Folders implements recording.Lister.
func (d *Disk) Folders(ctx context.Context) ([]string, error) {
	root, err := d.root()
	if err != nil {
		return nil, err
	}
	defer root.Close() //nolint:errcheck // opened for reading names
	if err := d.checkForRead(ctx, root); err != nil {
		return nil, err
	}
	entries, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return nil, readError(err)
	}
	var names []string
	for _, f := range entries {
		if f.IsDir() && isFolder(f.Name()) {
			names = append(names, f.Name())
		}
	}
	return names, nil
}

// isFolder reports whether a name is a valid folder name: the beginning of a key.
func isFolder(name string) bool { return goodKey.MatchString(name) && folder(name) == name }

// listKeys lists the keys in an open folder, whatever its mark.
func listKeys(ctx context.Context, root *os.Root, prefix string, visit func(key string) error) error {
	folders, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return readError(err)
	}
	common := prefix[:min(prefixChars, len(prefix))]
	for _, f := range folders {
		if !f.IsDir() || f.Name() == incoming || !strings.HasPrefix(f.Name(), common) {
			continue
		}
		if err := listFolder(ctx, root, f.Name(), prefix, visit); err != nil {
			return err
		}
	}
	return nil
}

func listFolder(ctx context.Context, root *os.Root, name, prefix string, visit func(key string) error) error {
	files, err := fs.ReadDir(root.FS(), name)
	if err != nil {
		return readError(err)
	}
	for _, f := range files {
		key := f.Name()
		if !f.Type().IsRegular() || !goodKey.MatchString(key) || folder(key) != name || !strings.HasPrefix(key, prefix) {
			continue
		}
		if err := checkDeadline(ctx); err != nil {
			return err
		}
		if err := visit(key); err != nil {
			return err
		}
	}
	return nil
}
