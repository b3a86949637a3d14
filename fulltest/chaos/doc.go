// Package chaos breaks everything that recgate depends on, and recgate itself,
// while callers record hundreds of calls, and then asks whether the ledger
// adds up. Run begins there: a plan is drawn from a seed (plan.go), recgate
// runs as a process of its own (gateway.go) in front of simulated and real
// Asterisks (exchange.go), every connection of it leads through a wire that can
// be refused, stalled, slowed and reset (fulltest/wire), spool and archive are
// small disks (disk.go), and its clock can be moved
// (cmd/recgate/clock_chaos.go).
//
// Callers (caller.go) are impatient: they hang up on recgate, click again and
// stop what they never started. What they asked and what they were told is
// kept in a journal (journal.go), and so is every fault. At the end (verify.go,
// promises.go, sound.go, orphans.go) the rows, the spool and the archive are compared
// with the journal: what was promised must be there, with the tones of its call.
//
// The same seed gives the same plan; what happens then is up to the machine.
// "make test" has a short run on each database, "make chaos" a long one.
package chaos
