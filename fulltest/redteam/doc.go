// Package redteam attacks recgate in front of a real Asterisk: every door with
// every hostile value, while calls live, and asks Asterisk afterwards what it
// was told and what became of it. Its tests carry the build tag full.
//
// values_test.go holds the hostile texts, doors_test.go the ways in,
// documents_test.go the hostile messages. A proxy records what recgate says to
// Asterisk (tap_test.go) and judge_test.go judges it, without a line of our own
// AMI code; asterisk_test.go reads what Asterisk itself logged that it was
// asked, its events, its variables and its files. campaign_test.go is the
// attack, aftermath_test.go looks at what became of it, and tripwire_test.go
// does the forbidden itself, to show that it would be seen.
package redteam
