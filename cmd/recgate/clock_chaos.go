//go:build chaos

package main

import (
	"os"
	"strings"
	"time"
)

// now is the machine's clock, moved by the duration (such as -1h) in the file
// that CHAOS_CLOCK names; what cannot be read moves nothing. Only the binary
// that the tests of fulltest/chaos build has this clock.
func now() time.Time {
	text, err := os.ReadFile(os.Getenv("CHAOS_CLOCK"))
	if err != nil {
		return time.Now()
	}
	moved, err := time.ParseDuration(strings.TrimSpace(string(text)))
	if err != nil {
		return time.Now()
	}
	return time.Now().Add(moved)
}
