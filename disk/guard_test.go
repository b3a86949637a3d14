package disk_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"math"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"recgate/disk"
	"recgate/internal/await"
	"recgate/recording"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeDisks are the disks of a test, by path.
type fakeDisks struct {
	mu      sync.Mutex // guards percent
	percent map[string]int
}

func (s *fakeDisks) set(path string, percent int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.percent[path] = percent
}

// look is an Options.Look: a disk has 1000 bytes; one that is not there fails.
func (s *fakeDisks) look(path string) (disk.Usage, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.percent[path]
	if !ok {
		return disk.Usage{}, fs.ErrNotExist
	}
	return disk.Usage{Used: uint64(10 * p), Free: uint64(1000 - 10*p)}, nil
}

// newGuard runs a guard of three places with the usual levels, and returns its log.
func newGuard(t *testing.T, s *fakeDisks, rate func(context.Context) (float64, error)) (*disk.Guard, *bytes.Buffer) {
	t.Helper()
	log := &bytes.Buffer{}
	g := disk.New(disk.Options{
		Places: []disk.Place{
			{Name: "archive", Path: "/archive", Grows: true},
			{Name: `spool of the PBX "north"`, Path: "/north", PBX: "north"},
			{Name: `spool of the PBX "south"`, Path: "/south", PBX: "south"},
		},
		Warn: 80, Refuse: 97, Rate: rate, Look: s.look, Log: slog.New(slog.NewTextHandler(log, nil)),
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- g.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := await.From(t, "Run to end", done); err != nil {
			t.Error(err)
		}
	})
	synctest.Wait()
	return g, log
}

// wantRoom checks on which PBXs there is room, by the words of the refusals.
func wantRoom(t *testing.T, g *disk.Guard, north, south string) {
	t.Helper()
	for pbx, want := range map[string]string{"north": north, "south": south} {
		err := g.CheckRoom(pbx)
		if want == "" && err == nil {
			continue
		}
		if want == "" || recording.CodeOf(err) != recording.Unavailable || !strings.Contains(recording.Message(err), want) {
			t.Errorf("room on %s: %v, want %q", pbx, err, want)
		}
	}
}

func TestLevels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &fakeDisks{percent: map[string]int{"/archive": 50, "/north": 96, "/south": 10}}
		g, log := newGuard(t, s, nil)
		wantRoom(t, g, "", "")
		said := func(words string, times int) {
			t.Helper()
			synctest.Wait()
			if n := strings.Count(log.String(), words); n != times {
				t.Errorf("the log says %q %d times, want %d:\n%s", words, n, times, log)
			}
		}
		said("disk fills up", 1) // north
		s.set("/north", 97)
		time.Sleep(time.Minute)
		const full = `the disk of the spool of the PBX "north" is 97 percent full, and new recordings are refused from 97 percent: make room there`
		wantRoom(t, g, full, "")
		said("disk is full", 1)
		s.set("/archive", 100)
		time.Sleep(time.Minute)
		wantRoom(t, g, "the disk of the archive is 100 percent full", "the disk of the archive is 100 percent full")
		s.set("/archive", 79)
		s.set("/north", 80)
		time.Sleep(time.Minute)
		wantRoom(t, g, "", "")
		said("disk has room again", 2)
		said("disk fills up", 1)
		s.set("/archive", 80)
		time.Sleep(time.Minute)
		said("disk fills up", 2)
	})
}

// A disk that cannot be looked at refuses nothing: whoever writes there says
// what is wrong with it.
func TestDiskThatCannotBeLookedAt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &fakeDisks{percent: map[string]int{"/archive": 99, "/north": 1, "/south": 1}}
		g, log := newGuard(t, s, nil)
		wantRoom(t, g, "archive", "archive")
		s.mu.Lock()
		delete(s.percent, "/archive")
		s.mu.Unlock()
		time.Sleep(time.Minute)
		wantRoom(t, g, "", "")
		synctest.Wait()
		if n := strings.Count(log.String(), "disk cannot be checked"); n != 1 {
			t.Errorf("said %d times:\n%s", n, log)
		}
		if l := g.Levels()[0]; !errors.Is(l.Err, fs.ErrNotExist) {
			t.Errorf("its level is %+v", l)
		}
	})
}

func TestDaysLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rate, failed := 50.0, error(nil)
		var mu sync.Mutex // guards both
		s := &fakeDisks{percent: map[string]int{"/archive": 50, "/north": 50, "/south": 50}}
		g, _ := newGuard(t, s, func(context.Context) (float64, error) {
			mu.Lock()
			defer mu.Unlock()
			return rate, failed
		})
		days := func(want float64) {
			t.Helper()
			if got := g.Levels()[0].DaysLeft; got != want {
				t.Errorf("%v days left, want %v", got, want)
			}
			if got := g.Levels()[1].DaysLeft; !math.IsNaN(got) {
				t.Errorf("a spool that does not grow has %v days left", got)
			}
		}
		days(10)
		mu.Lock()
		rate, failed = 0, errors.New("away")
		mu.Unlock()
		time.Sleep(time.Hour)
		days(10)
		mu.Lock()
		failed = nil
		mu.Unlock()
		time.Sleep(time.Hour)
		days(math.Inf(1))
	})
}

func TestLevelIsTold(t *testing.T) {
	u := disk.Usage{Used: 589e9, Free: 411e9}
	for _, tt := range []struct {
		days float64
		want string
	}{
		{math.NaN(), "58 % used, 411.0 GB free"},
		{83.9, "58 % used, 411.0 GB free, enough for 83 days at the current rate"},
		{math.Inf(1), "58 % used, 411.0 GB free, enough for years at the current rate"},
	} {
		if got := (disk.Level{Usage: u, DaysLeft: tt.days}).String(); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}

// The disk of this machine, with levels that it has surely reached or not.
func TestRealDisk(t *testing.T) {
	place := disk.Place{Name: "archive", Path: t.TempDir()}
	for refuse, refused := range map[int]bool{0: true, 101: false} {
		g := disk.New(disk.Options{Places: []disk.Place{place}, Refuse: refuse})
		g.Look(t.Context())
		l := g.Levels()[0]
		if l.Err != nil || l.Used == 0 || l.Ratio() <= 0 || l.Ratio() > 1 {
			t.Fatalf("its level is %+v", l)
		}
		if err := g.CheckRoom("pbx1"); (err != nil) != refused {
			t.Errorf("refused from %d %% on, at %s: %v", refuse, l, err)
		}
	}
	g := disk.New(disk.Options{Places: []disk.Place{{Path: filepath.Join(place.Path, "none")}}})
	g.Look(t.Context())
	if err := g.Levels()[0].Err; !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder that is not there: %v", err)
	}
}

// The disk below a mount that is away says nothing: neither that there is
// room, nor that there is none.
func TestPlaceThatIsNotThere(t *testing.T) {
	away := errors.New("its mount is away")
	g := disk.New(disk.Options{
		Places: []disk.Place{{Name: "archive", Path: "/", CheckMounted: func(context.Context) error { return away }}},
		Warn:   1, Refuse: 2, Look: func(string) (disk.Usage, error) { return disk.Usage{Used: 99, Free: 1}, nil },
	})
	g.Look(t.Context())
	if l := g.Levels()[0]; !errors.Is(l.Err, away) || l.Used != 0 {
		t.Errorf("the level is %+v", l)
	}
	if err := errors.Join(g.CheckRoom("pbx1"), g.CheckPlace("archive")); err != nil {
		t.Errorf("starts are refused: %v", err)
	}
	away = nil
	g.Look(t.Context())
	if g.CheckRoom("pbx1") == nil || g.CheckPlace("archive") == nil || g.CheckPlace("database") != nil {
		t.Errorf("the mount is back, full: %v, %v", g.CheckRoom("pbx1"), g.CheckPlace("archive"))
	}
}
