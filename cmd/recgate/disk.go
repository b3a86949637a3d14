package main

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"

	"recgate/blob"
	"recgate/config"
	"recgate/disk"
	"recgate/metrics"
	"recgate/recording"
	"recgate/store"
)

// The names of disks, for people and metrics.
const (
	placeArchive  = "archive"
	placeDatabase = "database"
)

func spoolOf(pbx string) string { return "spool of " + pbx }

// newGuard makes the watcher of all disks that recordings need. A bucket and
// a database server have disks of their own. Without a db the rate at which
// recordings come is not known.
func newGuard(cfg config.Config, a archive, db *store.DB, log *slog.Logger) *disk.Guard {
	var places []disk.Place
	if folder, ok := cfg.Folder(); ok {
		p := disk.Place{Name: placeArchive, Path: folder, Grows: true}
		if d, ok := a.place.(*blob.Disk); ok {
			p.CheckMounted = d.CheckMark
		} else {
			p.Path = nearest(folder)
		}
		places = append(places, p)
	}
	if file, ok := strings.CutPrefix(cfg.Database.Reveal(), "sqlite:"); ok {
		places = append(places, disk.Place{Name: placeDatabase, Path: filepath.Dir(file)})
	}
	for _, p := range cfg.PBX {
		places = append(places, disk.Place{Name: spoolOf(p.Name), Path: p.Mount, PBX: p.Name, Grows: p.KeepSpool})
	}
	o := disk.Options{Places: places, Warn: cfg.Disk.Warn, Refuse: cfg.Disk.Refuse, Log: log}
	if db != nil {
		o.Rate = func(ctx context.Context) (float64, error) { return bytesADay(ctx, db, time.Now()) }
	}
	return disk.New(o)
}

// nearest is the folder, or the one above it in which it would be made.
func nearest(folder string) string {
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

// bytesADay is the present rate of recordings.
func bytesADay(ctx context.Context, db *store.DB, now time.Time) (float64, error) {
	from := now.AddDate(0, 0, -rateDays)
	bytes, first, err := db.Volume(ctx, from, now)
	if err != nil {
		return 0, err
	}
	since := from
	if first.After(now.AddDate(0, 0, 1-rateDays)) { // recgate is newer than that
		since = first
	}
	return float64(bytes) / max(now.Sub(since), rateMin).Hours() * 24, nil
}

// watchLedger adds the gauges of records, files and disks.
func (g *gateway) watchLedger() {
	var states []string
	for _, state := range recording.States() {
		if !state.Final() {
			states = append(states, string(state))
		}
	}
	g.metrics.WatchLedger(metrics.Ledger{
		States:  states,
		InState: func(state string) int { return g.core.book.Figures().InState[recording.State(state)] },
		Stalled: func() int { return g.core.book.Figures().Stalled },
		Orphans: func() (spool, archive int) {
			n := g.core.ledger.Orphans()
			return n.Spool, n.Archive
		},
		Missing: func() int { return g.core.ledger.Orphans().Missing },
	})
	for i, l := range g.disks.Levels() {
		g.metrics.WatchDisk(l.Name, func() metrics.Disk {
			now := g.disks.Levels()[i]
			if now.Err != nil {
				return metrics.Disk{Used: math.NaN(), Free: math.NaN(), DaysLeft: math.NaN()}
			}
			return metrics.Disk{Used: now.Ratio(), Free: float64(now.Free), DaysLeft: now.DaysLeft}
		})
	}
}

// disks tells how full each disk is, and for how long its room will do.
func (c *checker) disks(ctx context.Context, cfg config.Config) {
	ctx, cancel := context.WithTimeout(ctx, stepLimit)
	defer cancel()
	quiet := slog.New(slog.DiscardHandler)
	db, err := store.Open(ctx, cfg.Database.Reveal(), store.Options{Existing: true})
	var a archive
	if err != nil {
		db = nil // its own step says why; the rate is not known then
	} else {
		defer db.Close() //nolint:errcheck // it was only read
		a, _ = openArchive(cfg, onlyKnown(db))
	}
	guard := newGuard(cfg, a, db, quiet)
	guard.Look(ctx)
	for _, l := range guard.Levels() {
		if errors.Is(l.Err, fs.ErrNotExist) {
			continue // the step of the place itself says so
		}
		detail := l.String()
		if l.Err != nil { // serve does without
			detail = "unknown: " + l.Err.Error()
		}
		if l.Ratio()*100 >= float64(cfg.Disk.Warn) {
			detail += ": make room soon"
		}
		c.step("disk of the "+l.Name, detail, guard.Refusal(l))
	}
}
