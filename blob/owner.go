package blob

import (
	"os"
	"path/filepath"

	"recgate/owner"
)

// makeOwned makes a folder and its parents. When root makes them, they are given
// to the owner of the folder above: root creates an archive, and the user that
// recgate runs as writes to it.
func makeOwned(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	above := filepath.Dir(dir)
	if above != dir {
		if err := makeOwned(above); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, dirMode); err != nil && !os.IsExist(err) {
		return err
	}
	info, err := os.Stat(above)
	if err != nil {
		return err
	}
	return owner.Give(info, func(uid, gid int) error { return os.Chown(dir, uid, gid) })
}

// giveToOwner gives a file that root made in a folder to the folder's owner.
func giveToOwner(root *os.Root, name string) error {
	info, err := root.Stat(".")
	if err != nil {
		return err
	}
	return owner.Give(info, func(uid, gid int) error { return root.Lchown(name, uid, gid) })
}
