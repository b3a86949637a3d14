//go:build !linux

package child

import "syscall"

// dieWithUs leaves it to the keeper, where the kernel knows no such thing.
func dieWithUs(a *syscall.SysProcAttr) { a.Setpgid = true }

// killGroup is kill -9 of a process group, which may have ended.
func killGroup(pid int) { _ = syscall.Kill(-pid, syscall.SIGKILL) }
