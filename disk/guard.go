// Package disk watches how full the disks are that recgate depends on: the disk of
// each spool, of an archive in a folder, and of an SQLite file. Run looks at them
// every ten seconds and warns in the log; CheckRoom refuses new recordings while
// one of their disks is too full; Levels is for metrics and people: what was seen
// last, and for how long the space is enough at the current rate. A place that is
// not on a disk of this machine, such as an S3 bucket, is not given to New.
package disk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"sync"
	"time"

	"recgate/recording"
)

// Place is a folder or file whose disk matters.
type Place struct {
	Name string // for people and metrics: "archive", "database", "spool pbx1"
	Path string
	PBX  string // whose recordings need the room; empty: all PBXs
	// Grows says that finished recordings stay here, so that the rate at which they
	// are made says for how long the space is enough.
	Grows bool
	// CheckMounted returns nil when the right disk is mounted on Path: otherwise the
	// disk below the mount point would be measured. It may be nil.
	CheckMounted func(context.Context) error
}

// Usage is how full a file system is, as df counts: what only root may use is
// not there.
type Usage struct {
	Used, Free uint64 // bytes
}

// Ratio is the part that is used, from 0 to 1.
func (u Usage) Ratio() float64 {
	if u.Used == 0 {
		return 0
	}
	return float64(u.Used) / float64(u.Used+u.Free)
}

// Level is what was last seen of a place.
type Level struct {
	Place
	Usage
	Err error // why nothing is known of it; nil otherwise
	// DaysLeft is for how long the space is enough at the current rate: +Inf when
	// nothing is recorded, NaN where recordings do not stay or the rate is unknown.
	DaysLeft float64
}

// Options are the settings of a Guard.
type Options struct {
	Places []Place
	// Warn and Refuse are percentages: from Warn on the log warns, from
	// Refuse on new recordings are refused.
	Warn, Refuse int
	// Rate returns how many bytes of recordings a day brings; nil: unknown.
	Rate func(context.Context) (float64, error)
	// Look is statfs, unless a test says otherwise.
	Look func(path string) (Usage, error)
	Log  *slog.Logger
}

const (
	lookEvery = 10 * time.Second
	rateEvery = 10 * time.Minute
	rateTime  = time.Minute // that asking for the rate may take
)

// Guard watches disks. Its methods may be called from many goroutines.
type Guard struct {
	o Options

	mu   sync.Mutex // guards both below
	seen []Level    // one for each place
	rate float64    // bytes a day; NaN: unknown
}

// New makes a guard that has not looked yet: Run and Look do.
func New(o Options) *Guard {
	if o.Look == nil {
		o.Look = statfs
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	g := &Guard{o: o, rate: math.NaN()}
	for _, p := range o.Places {
		g.seen = append(g.seen, Level{Place: p, Err: errNotYet})
	}
	return g
}

var errNotYet = errors.New("not checked yet")

// Run looks at all places until ctx ends. Each has a goroutine of its own: a
// file server that is away can block the goroutine that asks for its disk.
func (g *Guard) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	for i := range g.o.Places {
		wg.Go(func() { repeat(ctx, lookEvery, func() { g.look(ctx, i) }) })
	}
	wg.Go(func() { repeat(ctx, rateEvery, func() { g.learnRate(ctx) }) })
	<-ctx.Done()
	ended := make(chan struct{})
	go func() {
		wg.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(time.Second): // a look that hangs ends with the process
	}
	return nil
}

// repeat calls do at once and then every d until ctx ends.
func repeat(ctx context.Context, d time.Duration, do func()) {
	tick := time.NewTicker(d)
	defer tick.Stop()
	for ctx.Err() == nil {
		do()
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

// Look looks at all places once, for callers that do not call Run.
func (g *Guard) Look(ctx context.Context) {
	for i := range g.o.Places {
		g.look(ctx, i)
	}
	g.learnRate(ctx)
}

// look looks at one place, and logs when it has become worse or better.
func (g *Guard) look(ctx context.Context, i int) {
	now := Level{Place: g.o.Places[i]}
	if now.CheckMounted != nil {
		now.Err = now.CheckMounted(ctx)
	}
	if now.Err == nil {
		now.Usage, now.Err = g.o.Look(now.Path)
	}
	g.mu.Lock()
	before := g.seen[i]
	g.seen[i] = now
	g.mu.Unlock()
	attrs := []any{slog.String("disk", now.Name), slog.Int("percent", percent(now.Usage)), slog.Uint64("free_bytes", now.Free)}
	switch was, is := g.grade(before), g.grade(now); {
	case now.Err != nil && before.Err == nil:
		g.o.Log.WarnContext(ctx, "disk cannot be checked", slog.String("disk", now.Name), slog.Any("err", now.Err))
	case is == refusing && was != refusing:
		g.o.Log.ErrorContext(ctx, "disk is full, new recordings are refused", attrs...)
	case is == warning && was == fine:
		g.o.Log.WarnContext(ctx, "disk fills up", attrs...)
	case is < was:
		g.o.Log.InfoContext(ctx, "disk has room again", attrs...)
	}
}

// learnRate asks for the rate. If that fails, the last one stays.
func (g *Guard) learnRate(ctx context.Context) {
	if g.o.Rate == nil {
		return
	}
	asking, cancel := context.WithTimeout(ctx, rateTime)
	defer cancel()
	rate, err := g.o.Rate(asking)
	if err != nil {
		g.o.Log.DebugContext(ctx, "rate of recordings unknown for now", slog.Any("err", err))
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.rate = rate
}

// grade is what is to be done about a level.
type grade int

const (
	fine grade = iota // or unknown: what cannot be looked at refuses by itself
	warning
	refusing
)

func (g *Guard) grade(l Level) grade {
	switch {
	case l.Err != nil:
		return fine
	case l.Ratio()*100 >= float64(g.o.Refuse):
		return refusing
	case l.Ratio()*100 >= float64(g.o.Warn):
		return warning
	}
	return fine
}

// percent rounds down, so that it never shows a level that is not reached yet.
func percent(u Usage) int { return int(u.Ratio() * 100) }

// CheckRoom returns nil when there is room for a new recording of a PBX, else an
// Unavailable error that says which disk is full.
func (g *Guard) CheckRoom(pbx string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, l := range g.seen {
		if (l.PBX == "" || l.PBX == pbx) && g.grade(l) == refusing {
			return g.Refusal(l)
		}
	}
	return nil
}

// CheckPlace returns nil while the disk of a place is not too full for new
// recordings, as it was last seen, else the error of Refusal.
func (g *Guard) CheckPlace(name string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, l := range g.seen {
		if l.Name == name {
			return g.Refusal(l)
		}
	}
	return nil
}

// Refusal returns an error for a level at which new recordings are refused, and nil
// for any other.
func (g *Guard) Refusal(l Level) error {
	if g.grade(l) != refusing {
		return nil
	}
	return recording.Errorf(recording.Unavailable,
		"the disk of the %s is %d percent full, and new recordings are refused from %d percent: make room there", l.Name, percent(l.Usage), g.o.Refuse)
}

// Levels returns what was last seen of each place.
func (g *Guard) Levels() []Level {
	g.mu.Lock()
	defer g.mu.Unlock()
	levels := make([]Level, 0, len(g.seen))
	for _, l := range g.seen {
		l.DaysLeft = math.NaN()
		if l.Grows && l.Err == nil {
			l.DaysLeft = float64(l.Free) / g.rate
		}
		levels = append(levels, l)
	}
	return levels
}

// String describes a level for people: "41 % used, 120.4 GB free, enough for 83 days
// at the current rate".
func (l Level) String() string {
	text := fmt.Sprintf("%d %% used, %.1f GB free", percent(l.Usage), float64(l.Free)/1e9)
	switch {
	case math.IsNaN(l.DaysLeft):
	case l.DaysLeft > 3650:
		text += ", enough for years at the current rate"
	default:
		text += fmt.Sprintf(", enough for %.0f days at the current rate", math.Floor(l.DaysLeft))
	}
	return text
}
