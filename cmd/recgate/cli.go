package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/alecthomas/kong"

	"recgate/httpd"
	"recgate/recording"
)

// process is what a command gets from the operating system.
type process struct {
	args   []string // without the program's name
	env    []string // KEY=VALUE
	stdout io.Writer
	stderr io.Writer
}

// commands is the command line. Each command's Help holds an example.
type commands struct {
	Serve   serveCommand   `cmd:"" help:"Serve the recording API for the configured PBXs."`
	Demo    demoCommand    `cmd:"" help:"Try recgate without a PBX, with a simulated Asterisk and live calls."`
	Check   checkCommand   `cmd:"" help:"Try every step that serve will need, and name the one that fails."`
	Migrate migrateCommand `cmd:"" help:"Update the database tables, as serve does when it starts."`
	Ledger  ledgerCommand  `cmd:"" help:"Count the recordings of a period by state and reason."`
	Explain explainCommand `cmd:"" help:"Show the history of one recording: requests, answers of the PBX, decisions and retrievals."`
	Archive archiveCommand `cmd:"" help:"Create a new archive, or adopt an existing one."`
	Key     keyCommand     `cmd:"" help:"Create, list and revoke API keys."`
	Version versionCommand `cmd:"" help:"Print the version."`
}

// exit is how the command line library asks for the end of the program.
type exit int

// run is the whole program. It returns the exit code: 0 for success, 1 for a failure,
// which is on stderr, 80 for an invalid command line.
func run(ctx context.Context, p process) (code int) {
	defer func() {
		if e := recover(); e != nil {
			asked, ok := e.(exit)
			if !ok {
				panic(e)
			}
			code = int(asked)
		}
	}()
	p.stdout, p.stderr = &printable{w: p.stdout}, &printable{w: p.stderr}
	var c commands
	parser, err := kong.New(&c,
		kong.Name("recgate"),
		kong.Description("recgate is a recording gateway for Asterisk. It implements the legacy recording API of Noojee Recorder:\n"+
			"start, stop and retrieve, over SOAP or plain HTTP GET."),
		kong.Writers(p.stdout, p.stderr),
		kong.Exit(func(code int) { panic(exit(code)) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.UsageOnError(),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(p),
	)
	if err != nil {
		fmt.Fprintln(p.stderr, "recgate:", err)
		return 1
	}
	command, err := parser.Parse(p.args)
	parser.FatalIfErrorf(err)
	if err := command.Run(); err != nil {
		if !errors.Is(err, errReported) {
			fmt.Fprintln(p.stderr, "recgate:", errorText(err))
		}
		return 1
	}
	return 0
}

// errReported is returned by a command that has already printed its failure.
var errReported = errors.New("the failure was already reported")

// errorText returns an error for the person who runs the program: its message, and
// the cause if it has one.
func errorText(err error) string {
	var e *recording.Error
	if errors.As(err, &e) && e.Err != nil {
		return fmt.Sprintf("%s (%v)", e.Msg, e.Err)
	}
	return err.Error()
}

// newLog writes text for people or JSON for machines: format is "text", "json", or
// "auto", which means text if w is a terminal. Lines of a request have its id;
// durations are in milliseconds.
func newLog(w io.Writer, format string, level slog.Level) *slog.Logger {
	o := &slog.HandlerOptions{Level: level}
	if format == "text" || (format == "auto" && isTerminal(w)) {
		return slog.New(httpd.LogHandler(slog.NewTextHandler(w, o)))
	}
	return slog.New(httpd.LogHandler(slog.NewJSONHandler(w, o)))
}

func isTerminal(w io.Writer) bool {
	if t, ok := w.(*printable); ok {
		w = t.w
	}
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// versionCommand is recgate version.
type versionCommand struct{}

// Help is shown below the flags.
func (versionCommand) Help() string { return "Example:\n  recgate version" }

// Run prints the version.
func (versionCommand) Run(p process) error {
	_, err := fmt.Fprintln(p.stdout, "recgate", version)
	return err
}
