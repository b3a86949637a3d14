//go:build !linux

package child

import "syscall"

// dieWithUs leaves it to the cleaner: the kernel cannot do it here.
func dieWithUs(a *syscall.SysProcAttr) { a.Setpgid = true }

// killGroup is kill -9 of a process group, which may have ended.
func killGroup(pid int) { _ = syscall.Kill(-pid, syscall.SIGKILL) }
