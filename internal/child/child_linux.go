package child

import "syscall"

// dieWithUs makes a program end when the test binary does, however that ends,
// and gives it a process group of its own: the signals of a terminal are not for
// it, and what it starts can be ended with it.
func dieWithUs(a *syscall.SysProcAttr) { a.Pdeathsig, a.Setpgid = syscall.SIGKILL, true }

// killGroup is kill -9 of a process group, which may have ended.
func killGroup(pid int) { _ = syscall.Kill(-pid, syscall.SIGKILL) }
