package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"

	"recgate/config"
	"recgate/store"
)

// fromFile is the flag of every command that needs the configuration.
type fromFile struct {
	Config string `required:"" short:"c" placeholder:"FILE" help:"The configuration; recgate.example.yaml lists every key."`
}

// load reads the configuration and makes the log that it asks for. It accepts a
// configuration that lets everybody in, which only matters to commands that open a
// door: see loadToServe.
func (f fromFile) load(p process) (config.Config, *slog.Logger, error) {
	cfg, log, err := f.read(p)
	if _, open := errors.AsType[config.OpenToEverybody](err); open {
		err = nil
	}
	return cfg, log, err
}

// loadToServe is load, but refuses a configuration that lets everybody in
// unless there are keys in the database.
func (f fromFile) loadToServe(ctx context.Context, p process) (config.Config, *slog.Logger, error) {
	cfg, log, err := f.read(p)
	if open, isOpen := errors.AsType[config.OpenToEverybody](err); isOpen {
		err = requireKeys(ctx, cfg, open)
	}
	return cfg, log, err
}

// read is load without accepting: with a config.OpenToEverybody it also returns the
// configuration and the log.
func (f fromFile) read(p process) (config.Config, *slog.Logger, error) {
	cfg, err := config.Load(f.Config, p.env)
	if errors.Is(err, fs.ErrNotExist) {
		return cfg, nil, fmt.Errorf("%w: use the path of your configuration, or start one from recgate.example.yaml", err)
	}
	if _, open := errors.AsType[config.OpenToEverybody](err); err != nil && !open {
		return cfg, nil, err
	}
	return cfg, newLog(p.stderr, cfg.Log, logLevel(cfg)), err
}

func logLevel(cfg config.Config) slog.Level {
	var l slog.Level
	if err := l.UnmarshalText([]byte(cfg.LogLevel)); err != nil {
		return slog.LevelInfo // cannot happen: the configuration was checked
	}
	return l
}

// withDatabase loads the configuration and calls run with it and its database.
func (f fromFile) withDatabase(ctx context.Context, p process, o store.Options, run func(*store.DB, config.Config) error) error {
	cfg, _, err := f.load(p)
	if err != nil {
		return err
	}
	return withDatabase(ctx, cfg, o, func(db *store.DB) error { return run(db, cfg) })
}

// withDatabase calls run with the database of a configuration.
func withDatabase(ctx context.Context, cfg config.Config, o store.Options, run func(*store.DB) error) error {
	db, err := store.Open(ctx, cfg.Database.Reveal(), o)
	if err != nil {
		return err
	}
	return errors.Join(run(db), db.Close())
}

// withTables calls look with a database whose tables are there and up to date.
func withTables(ctx context.Context, cfg config.Config, look func(*store.DB) error) error {
	return withDatabase(ctx, cfg, store.Options{Existing: true}, func(db *store.DB) error {
		version, err := db.Version(ctx)
		if err == nil && version == 0 {
			err = errors.New("the database has no tables yet: serve or migrate creates them; check the key database")
		}
		if known, failed := db.Known(); err == nil && version < known {
			err = errors.Join(failed, fmt.Errorf("the database has schema %d, but this program needs %d: restart serve, or run recgate migrate", version, known))
		}
		if err != nil {
			return err
		}
		return look(db)
	})
}
