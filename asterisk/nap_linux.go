package asterisk

import (
	"syscall"
	"time"
)

// nap sleeps for less than a millisecond. Go's timers are kept by epoll, which
// counts in whole ones: a file that is there after 0.1 ms would be seen after 1.
func nap(d time.Duration) {
	t := syscall.NsecToTimespec(d.Nanoseconds())
	_ = syscall.Nanosleep(&t, nil) // woken early it looks early
}
