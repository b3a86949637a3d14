//go:build unix

// Package owner gives what root makes to the user who needs it: root may create a
// database or an archive, and recgate runs as the user who owns the folder.
package owner

import (
	"io/fs"
	"os"
	"syscall"
)

// Give gives what root made in a folder to the owner of the folder, by calling
// chown. It does nothing for other users.
func Give(folder fs.FileInfo, chown func(uid, gid int) error) error {
	owner, ok := folder.Sys().(*syscall.Stat_t)
	if !ok || os.Geteuid() != 0 || owner.Uid == 0 {
		return nil
	}
	return chown(int(owner.Uid), int(owner.Gid))
}
