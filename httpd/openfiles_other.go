//go:build !unix

package httpd

// maxOpenFiles returns how many files the process may have open; 0 for unknown.
func maxOpenFiles() uint64 { return 0 }
