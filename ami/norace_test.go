//go:build !race

package ami_test

const slowness = 1
