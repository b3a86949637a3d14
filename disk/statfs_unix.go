//go:build linux || darwin

package disk

import (
	"fmt"
	"syscall"
)

// statfs asks for the file system that a path is on.
func statfs(path string) (Usage, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(path, &s); err != nil {
		return Usage{}, fmt.Errorf("check the disk of %s: %w", path, err)
	}
	block := uint64(s.Bsize) //nolint:unconvert,gosec // its type differs between systems
	return Usage{Used: (s.Blocks - s.Bfree) * block, Free: s.Bavail * block}, nil
}
