package lab

import "syscall"

// dieWithUs makes a server end when the test binary does, however that ends,
// and keeps the signals of a terminal from it.
func dieWithUs() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}
