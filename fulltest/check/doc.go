// Package check runs "recgate check" against real Asterisk servers, 16 and
// 22, and a real MariaDB server: each thing that can be set wrong fails its
// own step, in words that say what to do, and a sound one passes. Its tests
// carry the build tag full, which make test sets.
package check
