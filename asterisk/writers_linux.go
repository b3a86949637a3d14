package asterisk

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// writers finds the processes of this machine that have a file open for
// writing: by /proc/PID/fd, see proc_pid_fd(5). Those of another user may not
// be looked at without the capability SYS_PTRACE, and those of another
// container are not there: they are not found. The zero value is ready.
type writers struct {
	mu    sync.Mutex // guards both below, and lets one look at a time
	began time.Time  // when the last look began
	open  map[inode]bool
}

type inode struct{ device, number uint64 }

// write reports whether a process is seen to have the file open for writing.
// A caller that asks while another one looks takes a look that began later.
func (w *writers) write(info fs.FileInfo) bool {
	asked := time.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return false
	}
	if !w.began.After(asked) {
		w.began = time.Now()
		w.open = openForWriting("/proc", stat.Dev)
	}
	return w.open[inode{stat.Dev, stat.Ino}]
}

// openForWriting returns the regular files of a device that are open for
// writing by a process that may be looked at.
func openForWriting(proc string, device uint64) map[inode]bool {
	open := map[inode]bool{}
	for _, process := range namesIn(proc) {
		if process[0] < '0' || process[0] > '9' {
			continue
		}
		files := filepath.Join(proc, process, "fd")
		for _, number := range namesIn(files) {
			var stat syscall.Stat_t
			if syscall.Stat(filepath.Join(files, number), &stat) != nil || stat.Dev != device || stat.Mode&syscall.S_IFMT != syscall.S_IFREG {
				continue
			}
			if mayWrite(filepath.Join(proc, process, "fdinfo", number)) {
				open[inode{stat.Dev, stat.Ino}] = true
			}
		}
	}
	return open
}

// namesIn lists a folder; one that may not be read has nothing.
func namesIn(folder string) []string {
	dir, err := os.Open(folder)
	if err != nil {
		return nil
	}
	defer dir.Close() //nolint:errcheck // it was only read
	names, _ := dir.Readdirnames(-1)
	return names
}

// mayWrite reads the flags of an open file, in octal, see proc_pid_fdinfo(5).
// One that cannot be read any more was closed meanwhile.
func mayWrite(fdinfo string) bool {
	text, err := os.ReadFile(fdinfo)
	if err != nil {
		return false
	}
	for line := range bytes.Lines(text) {
		if value, ok := bytes.CutPrefix(line, []byte("flags:")); ok {
			flags, err := strconv.ParseUint(string(bytes.TrimSpace(value)), 8, 64)
			return err == nil && flags&syscall.O_ACCMODE != syscall.O_RDONLY
		}
	}
	return false
}
