// Package asterisk drives one Asterisk server: PBX is recording.PBX over the
// protocol client of package ami.
//
// PBX.Run keeps Table, the live channels, in step with the server (run.go,
// channels.go). PBX.Record, Stop and Reclaim choose one of the two recorders of
// Asterisk (recorder.go, mixmonitor.go, monitor.go), by what the account may
// use (rights.go, modules.go). spool.go is the folder that Asterisk writes to.
// What Asterisk answers becomes an error that a caller may hear in one place,
// translate.go.
//
// What was seen of Asterisk 16 and 22 is in testdata/asterisk, and the tests
// replay it; asterisk/sim is a simulated server.
package asterisk
