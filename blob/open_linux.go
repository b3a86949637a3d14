package blob

import (
	"errors"
	"io"
	"io/fs"
	"syscall"
)

// plainFile is an open file of the archive. It is read by its file descriptor:
// os.Root, os.File and the poller behind it took half the cost of opening a file,
// and offer nothing for a plain file. It is used by one goroutine at a time.
type plainFile struct {
	number int // its file descriptor; -1 when it is closed
	size   int64
	at     int64
}

// openQuickly opens a plain file of the archive. It follows no symbolic link
// below dir, and does not wait when the file is a pipe. When it fails, the caller
// tries openPlain, whose error says why.
func openQuickly(dir, key string) (f io.ReadSeekCloser, size int64, ok bool) {
	const named = syscall.O_CLOEXEC | syscall.O_DIRECTORY
	root, err := open(atWorkingFolder, dir, named)
	if err != nil {
		return nil, 0, false
	}
	defer syscall.Close(root) //nolint:errcheck // opened for reading names
	below, err := open(root, folder(key), named|syscall.O_NOFOLLOW)
	if err != nil {
		return nil, 0, false
	}
	defer syscall.Close(below) //nolint:errcheck // opened for reading names
	number, err := open(below, key, syscall.O_CLOEXEC|syscall.O_NOFOLLOW|syscall.O_NONBLOCK)
	if err != nil {
		return nil, 0, false
	}
	var s syscall.Stat_t
	if err := syscall.Fstat(number, &s); err != nil || s.Mode&syscall.S_IFMT != syscall.S_IFREG {
		_ = syscall.Close(number) // openPlain says what it is
		return nil, 0, false
	}
	return &plainFile{number: number, size: s.Size}, s.Size, true
}

// atWorkingFolder is AT_FDCWD of openat(2): a name that is not absolute begins
// in the working folder.
const atWorkingFolder = -100

// open is openat(2), repeated when a signal interrupts it.
func open(dir int, name string, flags int) (number int, err error) {
	for {
		number, err = syscall.Openat(dir, name, syscall.O_RDONLY|flags, 0)
		if !errors.Is(err, syscall.EINTR) {
			return number, err
		}
	}
}

// Read implements io.Reader.
func (f *plainFile) Read(p []byte) (int, error) {
	if f.number < 0 {
		return 0, fs.ErrClosed
	}
	for {
		n, err := syscall.Pread(f.number, p, f.at)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case err != nil:
			return 0, readError(err)
		case n == 0 && len(p) > 0:
			return 0, io.EOF
		}
		f.at += int64(n)
		return n, nil
	}
}

// Seek implements io.Seeker. The end is where it was when the file was opened:
// what is in the archive does not grow.
func (f *plainFile) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += f.at
	case io.SeekEnd:
		offset += f.size
	}
	switch {
	case f.number < 0:
		return 0, fs.ErrClosed
	case offset < 0:
		return 0, fs.ErrInvalid
	}
	f.at = offset
	return offset, nil
}

// Close implements io.Closer.
func (f *plainFile) Close() error {
	if f.number < 0 {
		return fs.ErrClosed
	}
	number := f.number
	f.number = -1
	return syscall.Close(number)
}
