package blob

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"testing"

	"recgate/recording"
)

// TestMessages is about the inside: not every fault of a disk can be had in
// a test.
func TestMessages(t *testing.T) {
	const write, read = "the archive cannot be written", "the archive cannot be read"
	for _, tt := range []struct {
		err         error
		write, read string
	}{
		{syscall.ENOSPC, "the archive is full", read + ": see the log"},
		{syscall.EDQUOT, "the archive is full", read + ": see the log"},
		{syscall.EROFS, write + " (read-only or not permitted)", read + ": see the log"},
		{syscall.EACCES, write + " (read-only or not permitted)", read + " (not permitted)"},
		{syscall.EPERM, write + " (read-only or not permitted)", read + " (not permitted)"},
		{syscall.EIO, write + ": see the log", read + ": see the log"},
		{syscall.ESTALE, write + ": see the log", read + ": see the log"},
	} {
		err := errors.Join(fmt.Errorf("x: %w", &fs.PathError{Op: "write", Path: "/secret/place", Err: tt.err}))
		if got := recording.Message(writeError(err)); got != tt.write {
			t.Errorf("writing, %v: %q, want %q", tt.err, got, tt.write)
		}
		if got := recording.Message(readError(err)); got != tt.read {
			t.Errorf("reading, %v: %q, want %q", tt.err, got, tt.read)
		}
		if !errors.Is(writeError(err), tt.err) || recording.CodeOf(readError(err)) != recording.Unavailable {
			t.Errorf("%v was lost", tt.err)
		}
	}
}
