package main

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"recgate/blob"
	"recgate/config"
	"recgate/disk"
	"recgate/store"
)

// The names of disks, for people and metrics.
const (
	placeArchive  = "archive"
	placeDatabase = "database"
)

func spoolName(pbx string) string { return "spool of " + pbx }

// newGuard makes the guard of all disks that recordings need, except for the disks of
// a bucket and a database server. Without a db, the rate of recordings is unknown.
func newGuard(cfg config.Config, a archive, db *store.DB, log *slog.Logger) *disk.Guard {
	var places []disk.Place
	if folder, ok := cfg.Folder(); ok {
		p := disk.Place{Name: placeArchive, Path: folder, Grows: true}
		if d, ok := a.place.(*blob.Disk); ok {
			p.CheckMounted = d.CheckMark
		} else {
			p.Path = nearestFolder(folder)
		}
		places = append(places, p)
	}
	if file, ok := strings.CutPrefix(cfg.Database.Reveal(), "sqlite:"); ok {
		places = append(places, disk.Place{Name: placeDatabase, Path: filepath.Dir(file)})
	}
	for _, p := range cfg.PBX {
		places = append(places, disk.Place{Name: spoolName(p.Name), Path: p.Mount, PBX: p.Name, Grows: p.KeepSpool})
	}
	o := disk.Options{Places: places, Warn: cfg.Disk.Warn, Refuse: cfg.Disk.Refuse, Log: log}
	if db != nil {
		o.Rate = func(ctx context.Context) (float64, error) { return bytesPerDay(ctx, db, time.Now()) }
	}
	return disk.New(o)
}

// nearestFolder returns the folder if it exists, else the nearest one above that does.
func nearestFolder(folder string) string {
	for above := filepath.Dir(folder); ; above = filepath.Dir(above) {
		if _, err := os.Stat(folder); !errors.Is(err, fs.ErrNotExist) || above == folder {
			return folder
		}
		folder = above
	}
}

const (
	rateDays = 7         // the current rate is measured over so many days
	rateMin  = time.Hour // or of the time since the first recording, but no less
)

// bytesPerDay returns the current rate of recordings.
func bytesPerDay(ctx context.Context, db *store.DB, now time.Time) (float64, error) {
	from := now.AddDate(0, 0, -rateDays)
	bytes, first, err := db.Volume(ctx, from, now)
	if err != nil {
		return 0, err
	}
	since := from
	if first.After(now.AddDate(0, 0, 1-rateDays)) { // there are no older recordings
		since = first
	}
	return float64(bytes) / max(now.Sub(since), rateMin).Hours() * 24, nil
}

// checkDisks prints how full each disk is, and for how long its space is enough.
func (c *checker) checkDisks(ctx context.Context, cfg config.Config) {
	ctx, cancel := context.WithTimeout(ctx, stepLimit)
	defer cancel()
	quiet := slog.New(slog.DiscardHandler)
	db, err := store.Open(ctx, cfg.Database.Reveal(), store.Options{Existing: true})
	var a archive
	if err != nil {
		db = nil // its own step says why; the rate is not known then
	} else {
		defer db.Close() //nolint:errcheck // it was only read
		a, _ = openArchive(cfg, knownArchive(db))
	}
	guard := newGuard(cfg, a, db, quiet)
	guard.Look(ctx)
	for _, l := range guard.Levels() {
		if errors.Is(l.Err, fs.ErrNotExist) {
			continue // the step of the place itself says so
		}
		detail := l.String()
		if l.Err != nil { // not a failure: serve works without knowing
			detail = "unknown: " + l.Err.Error()
		}
		if l.Ratio()*100 >= float64(cfg.Disk.Warn) {
			detail += ": make room soon"
		}
		c.printStep("disk of the "+l.Name, detail, guard.Refusal(l))
	}
}
