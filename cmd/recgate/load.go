package main

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"

	"recgate/config"
)

// fromFile is the flag of every command that needs the configuration.
type fromFile struct {
	Config string `required:"" short:"c" placeholder:"FILE" help:"The configuration; recgate.example.yaml lists every key."`
}

// load reads the configuration and makes the log that it asks for.
func (f fromFile) load(p process) (config.Config, *slog.Logger, error) {
	cfg, err := config.Load(f.Config, p.env)
	if errors.Is(err, fs.ErrNotExist) {
		return cfg, nil, fmt.Errorf("%w: give the path of your configuration, or begin one by recgate.example.yaml", err)
	}
	if err != nil {
		return cfg, nil, err
	}
	return cfg, newLog(p.stderr, cfg.Log, level(cfg)), nil
}

func level(cfg config.Config) slog.Level {
	var l slog.Level
	if err := l.UnmarshalText([]byte(cfg.LogLevel)); err != nil {
		return slog.LevelInfo // the configuration was checked: it cannot be
	}
	return l
}
