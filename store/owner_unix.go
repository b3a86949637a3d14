//go:build unix

package store

import (
	"os"
	"syscall"
)

// giveToOwner gives a file that root made to the owner of a folder: it is for
// the user that recgate runs as.
func giveToOwner(file, folder string) error {
	info, err := os.Stat(folder)
	if err != nil {
		return err
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok || os.Geteuid() != 0 || owner.Uid == 0 {
		return nil
	}
	return os.Chown(file, int(owner.Uid), int(owner.Gid))
}
