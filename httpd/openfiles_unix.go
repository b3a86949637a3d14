//go:build unix

package httpd

import "syscall"

// maxOpenFiles returns how many files the process may have open; 0 for unknown. The
// standard library has raised the soft limit to the hard one at the start.
func maxOpenFiles() uint64 {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		return 0
	}
	return l.Cur
}
