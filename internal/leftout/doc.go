// Package leftout says aloud what a plain "go test ./..." leaves out: its test
// lists every folder with tests behind the build tag full, and what those need.
// "make test" installs all of it and runs everything.
package leftout
