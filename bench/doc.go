// Package bench measures what recgate promises of its own speed: the memory
// and the CPU time of retrievals, what a start adds to Asterisk's own answer,
// and how a channel is found among many. Everything is a benchmark on the
// whole program as a process of its own, beside a yardstick that is measured
// in the same run; "make bench" runs all and prints a table. No test fails
// because a machine is slow: docs/performance.md says what was seen, on what.
package bench
