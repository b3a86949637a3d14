package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"recgate/config"
	"recgate/httpd"
	"recgate/proof"
	"recgate/store"
)

// checkCommand is recgate check.
type checkCommand struct {
	fromFile
	Record  bool   `help:"Also make a test call on every PBX, record it, fetch it and listen to it."`
	KeyFile string `placeholder:"FILE" help:"A file with the API key for --record if a recgate is running; default: the first of legacy.api_keys."`
}

// Help is shown below the flags.
func (checkCommand) Help() string {
	return "Prints a line for each step. A failed step says what to do, and the exit code is 1. Nothing is recorded or created: test files\n" +
		"that check writes to the spool and to the archive are deleted again.\n\n" +
		"With --record, each PBX calls itself for two seconds (the key test_call; docs/asterisk.md has the dialplan for it). The\n" +
		"recording is kept like any other; its tag begins with \"recgate self-test\". If recgate is running at the address in the\n" +
		"key listen, that recgate records. Otherwise check runs one itself for the test, which also creates the database tables\n" +
		"and takes over unfinished recordings, as serve does.\n\n" +
		"Example:\n  recgate check --config /etc/recgate/recgate.yaml --record"
}

// stepLimit is how long one step of a check may take.
const stepLimit = 6 * time.Second

// checker prints steps and remembers whether one failed.
type checker struct {
	w      io.Writer
	failed bool
}

// printStep prints one line: detail for a success, else the error.
func (c *checker) printStep(name, detail string, err error) {
	if err != nil {
		c.failed = true
		fmt.Fprintf(c.w, "FAILED  %-28s %s\n", name, errorText(err))
		return
	}
	fmt.Fprintf(c.w, "ok      %-28s %s\n", name, detail)
}

// Run does the steps.
func (c checkCommand) Run(ctx context.Context, p process) error {
	cfg, _, err := c.loadToServe(ctx, p)
	if err != nil {
		return err
	}
	key, err := c.readKey(cfg)
	if err != nil {
		return err
	}
	check := &checker{w: p.stdout}
	check.printStep("configuration", c.Config+" is valid", nil)
	check.checkDatabase(ctx, cfg)
	check.checkArchive(ctx, cfg)
	check.checkDisks(ctx, cfg)
	for _, pbx := range cfg.PBX {
		check.checkPBX(ctx, pbx)
	}
	check.checkTLS(cfg)
	check.checkCallers(ctx, cfg)
	check.checkListen(ctx, cfg)
	switch {
	case c.Record && check.failed:
		fmt.Fprintf(check.w, "        %-28s not made: first correct what failed\n", proof.StepCall)
	case c.Record:
		check.testRecordings(ctx, cfg, key)
	}
	if check.failed {
		return errReported
	}
	return nil
}

// checkDatabase opens the database. It creates nothing: serve and migrate do.
func (c *checker) checkDatabase(ctx context.Context, cfg config.Config) {
	ctx, cancel := context.WithTimeout(ctx, stepLimit)
	defer cancel()
	db, err := store.Open(ctx, cfg.Database.Reveal(), store.Options{Existing: true})
	if errors.Is(err, fs.ErrNotExist) {
		file := strings.TrimPrefix(cfg.Database.Reveal(), "sqlite:")
		c.printStep("database", file+" does not exist yet: serve or migrate creates it", checkCanCreate(file))
		return
	}
	if err != nil {
		c.printStep("database", "", err)
		return
	}
	version, err := db.Version(ctx)
	detail := fmt.Sprintf("reached, its tables have version %d", version)
	current, known := db.IsUpToDate(ctx)
	switch {
	case err == nil && known == nil && current:
		detail += ", and a start can be written"
		err = db.TryStart(ctx)
	case version > 0:
		detail += ": serve or migrate updates them"
	}
	if closeErr := db.Close(); err == nil {
		err = closeErr
	}
	if version == 0 {
		detail = "reached, still empty: serve or migrate creates the tables"
	}
	c.printStep("database", detail, err)
}

// checkCanCreate returns nil if a file can be created. It creates another one beside
// it and deletes it.
func checkCanCreate(file string) error {
	f, err := os.CreateTemp(filepath.Dir(file), ".recgate-check-*")
	if err != nil {
		return fmt.Errorf("%s does not exist and cannot be created: create its folder, and give the recgate user write permission on it: %w", file, err)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// checkPBX logs in and asks what the account may do.
func (c *checker) checkPBX(ctx context.Context, cfg config.PBX) {
	said := func(step, detail string, err error) { c.printStep(stepName(cfg, step), detail, err) }
	p, err := openPBX(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		said("settings", "", err)
		return
	}
	err = whileRunning(ctx, p, func(ctx context.Context) error {
		p.Check(ctx, said)
		return nil
	})
	if err != nil {
		said("connection", "", err)
	}
	said("spool", fmt.Sprintf("%s can be read, and files there can be deleted", cfg.Mount), p.CheckSpool())
}

func (c *checker) checkListen(ctx context.Context, cfg config.Config) {
	listener, err := httpd.Listen(ctx, cfg.Listen)
	switch {
	case errors.Is(err, syscall.EADDRINUSE): // not a failure: recgate may be running
		c.printStep("listen", cfg.Listen+" is in use: fine if recgate is already running there", nil)
	case err != nil:
		c.printStep("listen", "", err)
	default:
		c.printStep("listen", cfg.Listen+" is free", listener.Close())
	}
}
