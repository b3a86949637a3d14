//go:build race

package asterisk_test

// slowness is how many times slower the race detector makes everything.
const slowness = 10
