package main

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"recgate/httpd"
	"recgate/proof"
	"recgate/recording"
	"recgate/soap"
)

// testResults are what the last test call of each PBX came to.
type testResults struct {
	mu     sync.Mutex // guards failed
	failed map[string]error
}

func (r *testResults) note(pbx string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failed == nil {
		r.failed = map[string]error{}
	}
	r.failed[pbx] = err
}

// result is nil until a test has failed, and after one that passed.
func (r *testResults) result(pbx string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failed[pbx]
}

// sooner is how much sooner than usual a test that failed is made again, so
// that what is repaired is not red for long.
const sooner = 10

// testEvery makes a test call on each PBX as often as self_test says, the
// first one once recgate is ready.
func (g *gateway) testEvery(ctx context.Context) error {
	if g.cfg.SelfTest == 0 {
		return nil
	}
	g.awaitReady(ctx)
	var all errgroup.Group
	for i, p := range g.pbxs {
		all.Go(func() error {
			g.keepTesting(ctx, p, g.cfg.PBX[i].TestCall)
			return nil
		})
	}
	return all.Wait()
}

func (g *gateway) keepTesting(ctx context.Context, p pbx, call string) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		next := g.cfg.SelfTest
		if !g.testOnce(ctx, p, call) {
			next /= sooner
		}
		timer.Reset(next)
	}
}

// testOnce makes one test and tells of it, unless recgate is ending.
func (g *gateway) testOnce(ctx context.Context, p pbx, call string) (passed bool) {
	began := time.Now()
	err := g.selfTest(ctx, p, call, nil)
	if ctx.Err() != nil {
		return false
	}
	if err != nil {
		err = testFailed(err)
	}
	g.tests.note(p.Name, err)
	g.metrics.CountSelfTest(p.Name, err == nil)
	took := slog.Int64("took_ms", time.Since(began).Milliseconds())
	if err != nil {
		g.log.ErrorContext(ctx, "self-test failed", slog.String("pbx", p.Name), took, slog.Any("err", err))
		return false
	}
	g.log.InfoContext(ctx, "self-test passed", slog.String("pbx", p.Name), took)
	return true
}

// testFailed is the failure as /readyz tells it: the step and what is wrong.
func testFailed(err error) error {
	var at *proof.StepError
	if !errors.As(err, &at) {
		return err
	}
	return &recording.Error{Code: recording.Unavailable, Msg: fmt.Sprintf("the %s failed: %s", at.Step, recording.Message(at.Err)), Err: err}
}

// oneKey is the keyring of a door that is for one caller: the key has no name
// and is for every method.
type oneKey string

// Needed implements httpd.Keyring.
func (oneKey) Needed() bool { return true }

// Find implements httpd.Keyring.
func (k oneKey) Find(texts []string) (name string, ok bool) {
	for _, text := range texts {
		ok = ok || subtle.ConstantTimeCompare([]byte(text), []byte(k)) == 1
	}
	return "", ok
}

// Actor implements httpd.Keyring.
func (oneKey) Actor(string) recording.Actor { return recording.Actor{} }

// selfTest makes a test call on a PBX and fetches it by the legacy endpoint,
// at a door of its own: on loopback, open for as long as the test takes, and
// only with a key that nobody else has. So it needs no place in legacy.allow
// and none of the keys of callers.
func (g *gateway) selfTest(ctx context.Context, p pbx, call string, said func(step, detail string)) error {
	listener, err := httpd.Listen(ctx, "127.0.0.1:0")
	if err != nil {
		return err
	}
	key := rand.Text()
	door, router := g.door()
	server := httpd.New(httpd.Options{Listener: listener, Log: g.log.With(slog.String("door", "self-test"))})
	server.MountTree(soap.Services, httpd.RequireKey(oneKey(key), door.Refuse)(router))
	serving, end := context.WithCancel(ctx)
	defer end()
	var group errgroup.Group
	group.Go(func() error { return server.Run(serving) })
	client := oneUse()
	defer client.CloseIdleConnections()
	err = proof.Test{
		PBX: p.calls, Call: call, Report: said,
		Endpoint: proof.Endpoint{URL: "http://" + server.Addr().String() + soap.Path, Key: key, Client: client},
	}.Run(ctx)
	end()
	return errors.Join(err, group.Wait())
}
