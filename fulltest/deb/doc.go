// Package deb installs the Debian package in a small Debian of its own, whole
// life long: installed, run as the unit runs it, upgraded while a recording
// runs, removed and purged, with a list of every file before and after. The
// Debian is what fulltest/install keeps in the cache, unpacked below a
// temporary folder; systemd does not run in it, so the test starts
// the program as the unit says. It needs root for that, by sudo where it is
// not root.
package deb
