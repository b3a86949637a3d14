// Package flood opens ten thousand connections to recgate, each program in a
// process of its own, and says nothing on them, or says it slowly: its test
// demands that memory stays bounded and that callers are still answered. It
// needs the build tag full, and a limit of open files of 12,000 or more.
package flood
