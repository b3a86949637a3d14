// Command recgate is a recording gateway for Asterisk: it answers the legacy
// recording API of Noojee Recorder. See README.md.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // the binary runs where no zone files are installed
)

// version is set when a release is built (-ldflags "-X main.version=...").
var version = "development"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // so that a second signal ends at once what the first has not ended yet
	code := run(ctx, process{args: os.Args[1:], env: os.Environ(), stdout: os.Stdout, stderr: os.Stderr})
	os.Exit(code)
}
