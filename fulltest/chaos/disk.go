package chaos

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"recgate/internal/child"
)

// disk is a small file system of its own, in memory.
type disk struct{ dir, options string }

// mountDisk mounts an empty one of so many MiB on a folder, which it makes.
func mountDisk(dir string, megabytes int) (*disk, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make a disk: %w", err)
	}
	d := &disk{dir: dir, options: fmt.Sprintf("size=%dm,mode=0755", megabytes)}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, d.options); err != nil {
		return nil, fmt.Errorf("mount a small disk on %s: %w: run this as root, for only root may mount", dir, err)
	}
	return d, child.NoteMount(dir)
}

// unmount unmounts it, even while programs still use it.
func (d *disk) unmount() error {
	err := syscall.Unmount(d.dir, syscall.MNT_DETACH)
	if err == nil {
		child.NoteUnmount(d.dir)
	}
	return err
}

func (d *disk) filler() string { return filepath.Join(d.dir, "filler") }

// fill leaves no byte free.
func (d *disk) fill() error {
	f, err := os.Create(d.filler())
	if err != nil {
		return fmt.Errorf("fill the disk: %w", err)
	}
	_, err = io.Copy(f, zeros{})
	if closing := f.Close(); closing != nil && !errors.Is(closing, syscall.ENOSPC) {
		return fmt.Errorf("fill the disk: %w", closing)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		return fmt.Errorf("fill the disk: %w", err)
	}
	return nil
}

// free ends what fill began.
func (d *disk) free() error {
	if err := os.Remove(d.filler()); err != nil {
		return fmt.Errorf("free the disk: %w", err)
	}
	return nil
}

// freeze makes it read-only, as a file system that met an error does. A file
// that is just being written makes the kernel refuse, so it is asked again.
func (d *disk) freeze(ctx context.Context) error { return d.remount(ctx, syscall.MS_RDONLY) }

// thaw makes it writable again.
func (d *disk) thaw(ctx context.Context) error { return d.remount(ctx, 0) }

func (d *disk) remount(ctx context.Context, flags uintptr) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for limit := time.Now().Add(20 * time.Second); ; {
		err := syscall.Mount("tmpfs", d.dir, "tmpfs", syscall.MS_REMOUNT|flags, d.options)
		if err == nil {
			return nil
		}
		if !errors.Is(err, syscall.EBUSY) || time.Now().After(limit) {
			return fmt.Errorf("remount %s: %w", d.dir, err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// zeros never ends.
type zeros struct{}

// Read implements io.Reader.
func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
