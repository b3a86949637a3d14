// Package asterisk drives one Asterisk server over the protocol client of
// package ami: PBX.Ports is what the core asks of it.
//
// Start reading at PBX (pbx.go). Run keeps Table, the live channels, in step with
// the server: updater.go takes events, listing.go lists all channels,
// channels_event.go and channels_listing.go bring both into the table. Record,
// Stop and Reclaim (record.go) use one of the two recorders of Asterisk
// (recorders.go, mixmonitor.go, monitor.go), chosen by what the account may use
// (rights.go, modules.go). session.go is the present login, spool.go the folder
// that Asterisk writes to. translate.go is the one place where an error of the
// client becomes one that a caller may hear; account.go has the other texts.
//
// What was seen of Asterisk 16 and 22 is in testdata/asterisk, and the tests
// replay it. Package sim is a simulated server.
package asterisk
