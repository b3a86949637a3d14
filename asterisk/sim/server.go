package sim

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Options say what kind of Asterisk a Server plays.
type Options struct {
	Version int              // 16: MixMonitor and Monitor, greeting 5.0.4; 22 (default): MixMonitor only, greeting 11.0.0
	Listen  string           // host and port; default 127.0.0.1:0
	Spool   string           // the monitor directory, which must exist: relative names of recordings are below it
	Monitor string           // what names of recordings call Spool, as in a container where it is mounted; default its own name
	Users   []User           // who may log in
	Now     func() time.Time // the clock of calls and recordings; default time.Now
	Log     *slog.Logger     // default: nothing is logged
	Refusal time.Duration    // how long a refused login waits for its answer; default 1 s, as Asterisk
}

// User is an account of manager.conf.
type User struct {
	Name, Secret string
	Read, Write  string // classes: "call,system"; "all"; "" for none
	Once         bool   // one login at a time, as with allowmultiplelogin = no
}

// Server is a simulated Asterisk. Its methods may be called at any time from
// many goroutines; calls live and recordings grow only while Run runs.
type Server struct {
	o        Options
	listener net.Listener
	spool    *os.Root
	commands map[string]command // by lower-case name

	mu       sync.Mutex // guards all that follows
	sessions map[*session]bool
	actions  []Action
	ran      []string
	fault    faults
	world    *world
}

// New opens the port and the spool folder. It serves nobody before Run.
func New(o Options) (*Server, error) {
	if o.Version == 0 {
		o.Version = 22
	}
	if o.Version != 16 && o.Version != 22 {
		return nil, fmt.Errorf("simulate Asterisk %d: only 16 and 22 are known", o.Version)
	}
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Refusal == 0 {
		o.Refusal = time.Second
	}
	spool, err := os.OpenRoot(o.Spool)
	if err != nil {
		return nil, fmt.Errorf("open the spool: %w", err)
	}
	if o.Monitor == "" {
		if o.Monitor, err = filepath.Abs(o.Spool); err != nil {
			return nil, errors.Join(fmt.Errorf("open the spool: %w", err), spool.Close())
		}
	}
	var lc net.ListenConfig
	listener, err := lc.Listen(context.Background(), "tcp", o.Listen)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("listen for AMI: %w", err), spool.Close())
	}
	s := &Server{
		o: o, listener: listener, spool: spool,
		commands: commandsOf(o.Version), sessions: map[*session]bool{},
	}
	s.world = newWorld(s)
	return s, nil
}

// Addr returns the host and port that the server listens on.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Close releases port and spool of a server that is not run.
func (s *Server) Close() error {
	return errors.Join(s.listener.Close(), s.spool.Close())
}

// tick is how often calls are moved on; tapes are written less often.
const tick = 10 * time.Millisecond

// Run serves until ctx ends, then ends as "core stop now" does: recordings
// are completed, connections closed. It returns nil then, and may be called
// only once.
func (s *Server) Run(ctx context.Context) error {
	inner, cancel := context.WithCancel(context.WithoutCancel(ctx)) // outlives ctx by a goodbye
	defer cancel()
	var running sync.WaitGroup
	running.Go(func() { s.keepTime(inner) })
	stop := context.AfterFunc(ctx, func() { _ = s.listener.Close() })
	defer stop()
	var err error
	for {
		var conn net.Conn
		if conn, err = s.listener.Accept(); err != nil {
			break
		}
		running.Go(func() { s.serve(inner, conn) })
	}
	if ctx.Err() != nil {
		err = nil
	}
	s.shutDown()
	cancel()
	running.Wait()
	if closing := s.Close(); err == nil && !errors.Is(closing, net.ErrClosed) {
		err = closing
	}
	return err
}

// keepTime runs what is due and lets tapes grow, until ctx ends.
func (s *Server) keepTime(ctx context.Context) {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			s.runDue()
		}
	}
}

// change locks the world for a change: until now everything was as it is, so
// the tapes are brought up to date first. The function that it returns
// unlocks.
func (s *Server) change() func() {
	s.mu.Lock()
	s.world.rollTapes()
	return s.mu.Unlock
}

// shutDown completes all recordings and says goodbye.
func (s *Server) shutDown() {
	defer s.change()()
	for _, ch := range s.world.sorted() {
		ch.endRecordings()
	}
	s.emit(classSystem, event("Shutdown", classSystem).with("Shutdown", "Uncleanly").with("Restart", "False"))
}
