//go:build !linux && !darwin

package disk

import "errors"

// statfs is not made for this system: nothing is known of its disks, so none
// is ever too full.
func statfs(string) (Usage, error) { return Usage{}, errors.ErrUnsupported }
