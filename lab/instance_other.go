//go:build !linux

package lab

import "syscall"

// dieWithUs has no equal here; install refuses such hosts before it matters.
func dieWithUs() *syscall.SysProcAttr { return nil }
