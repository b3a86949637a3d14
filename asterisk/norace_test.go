//go:build !race

package asterisk_test

const slowness = 1
