package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"recgate/ami"
	"recgate/config"
	"recgate/recording"
	"recgate/store"
)

// checkCommand is recgate check.
type checkCommand struct{ fromFile }

// Help is shown below the flags.
func (checkCommand) Help() string {
	return "Prints a line for each step; a failed one says what to do, and the exit code is 1. Nothing is recorded or changed,\n" +
		"but a file is written to the spool and to the archive and deleted again.\n\nExample:\n  recgate check --config /etc/recgate/recgate.yaml"
}

// stepLimit is how long one step of a check may take.
const stepLimit = 6 * time.Second

// checker prints steps and remembers whether one failed.
type checker struct {
	w      io.Writer
	failed bool
}

// step prints one line; a nil err is a success, told by detail.
func (c *checker) step(name, detail string, err error) {
	if err != nil {
		c.failed = true
		fmt.Fprintf(c.w, "FAILED  %-28s %s\n", name, explain(err))
		return
	}
	fmt.Fprintf(c.w, "ok      %-28s %s\n", name, detail)
}

// Run does the steps.
func (c checkCommand) Run(ctx context.Context, p process) error {
	cfg, _, err := c.load(p)
	if err != nil {
		return err
	}
	check := &checker{w: p.stdout}
	check.step("configuration", c.Config+" is sound", nil)
	check.database(ctx, cfg)
	check.archive(ctx, cfg)
	for _, pbx := range cfg.PBX {
		check.pbx(ctx, pbx)
	}
	check.listen(ctx, cfg)
	if check.failed {
		return errSaid
	}
	return nil
}

func (c *checker) database(ctx context.Context, cfg config.Config) {
	ctx, cancel := context.WithTimeout(ctx, stepLimit)
	defer cancel()
	db, err := store.Open(ctx, cfg.Database.Reveal(), store.Options{})
	if err != nil {
		c.step("database", "", err)
		return
	}
	version, err := db.Version(ctx)
	if closeErr := db.Close(); err == nil {
		err = closeErr
	}
	detail := fmt.Sprintf("reached, its tables have version %d", version)
	if version == 0 {
		detail = "reached, still empty: serve or migrate makes the tables"
	}
	c.step("database", detail, err)
}

func (c *checker) archive(ctx context.Context, cfg config.Config) {
	ctx, cancel := context.WithTimeout(ctx, stepLimit)
	defer cancel()
	disk, err := openArchive(cfg)
	if err == nil {
		err = disk.Check(ctx)
	}
	c.step("archive", cfg.Archive+" can be written", err)
}

// pbx logs in with a client of its own and asks what the account may do.
func (c *checker) pbx(ctx context.Context, cfg config.PBX) {
	name := func(step string) string { return fmt.Sprintf("pbx %s: %s", cfg.Name, step) }
	p, err := newPBX(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		c.step(name("settings"), "", err)
		return
	}
	ctx, cancel := context.WithTimeout(ctx, stepLimit)
	defer cancel()
	running, stop := context.WithCancel(ctx)
	group, running := errgroup.WithContext(running)
	group.Go(func() error { return p.Run(running, func(recording.Event) {}) })
	report, err := awaitReport(ctx, p)
	stop()
	err = errors.Join(err, group.Wait())
	c.report(name, cfg, report, err)
	c.step(name("spool"), fmt.Sprintf("%s can be read, and files there can be deleted", cfg.Mount), p.CheckSpool())
}

// awaitReport asks until the login was made or refused: a client that only
// begins to connect says that it is not connected yet.
func awaitReport(ctx context.Context, p *ami.PBX) (ami.Report, error) {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		report, err := p.Check(ctx)
		if err == nil || report.Version != "" || errors.Is(err, ami.ErrAuth) {
			return report, err
		}
		select {
		case <-ctx.Done():
			return report, err
		case <-tick.C:
		}
	}
}

func (c *checker) report(name func(string) string, cfg config.PBX, r ami.Report, err error) {
	if r.Version == "" {
		c.step(name("login"), "", err)
		return
	}
	c.step(name("login"), fmt.Sprintf("%s as %s (%s%s)", cfg.Address, cfg.Username, r.Version, versionOf(r)), nil)
	c.step(name("rights"), rights(r), nil)
	if err != nil {
		c.step(name("recorder"), "", err)
		return
	}
	c.step(name("recorder"), fmt.Sprintf("%s: %s", r.Recorder, r.Why), nil)
	c.step(name("channels"), fmt.Sprintf("%d live, listed by %s; read class call: %s", r.Channels, r.Listing, r.Events), nil)
}

func versionOf(r ami.Report) string {
	if r.Asterisk == "" {
		return ""
	}
	return ", Asterisk " + r.Asterisk
}

// rights lists what the account may do, and what it lacks with the class
// that would allow it.
func rights(r ami.Report) string {
	var may, lacks []string
	for _, a := range r.Actions {
		if a.Allowed {
			may = append(may, a.Action)
		} else {
			lacks = append(lacks, fmt.Sprintf("%s (%s)", a.Action, a.Class))
		}
	}
	text := "may " + strings.Join(may, ", ")
	if len(lacks) > 0 {
		text += "; not there or not allowed (write class): " + strings.Join(lacks, ", ")
	}
	return text
}

func (c *checker) listen(ctx context.Context, cfg config.Config) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", cfg.Listen)
	if err != nil {
		// Not a failure: it is what a recgate that runs looks like.
		c.step("listen", fmt.Sprintf("%s is in use: good if recgate runs there already", cfg.Listen), nil)
		return
	}
	c.step("listen", cfg.Listen+" is free", listener.Close())
}
