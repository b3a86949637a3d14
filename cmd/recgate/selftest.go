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

// testResults are the errors of the last test call of each PBX.
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

// retryFactor is how much sooner than usual a failed test is repeated, so that
// /readyz is not red for long after a repair.
const retryFactor = 10

// testPeriodically makes a test call on each PBX as often as self_test says, the
// first one once recgate is ready.
func (g *gateway) testPeriodically(ctx context.Context) error {
	if g.cfg.SelfTest == 0 {
		return nil
	}
	g.awaitReady(ctx)
	var all errgroup.Group
	for i, p := range g.pbxs {
		all.Go(func() error {
			g.testPBX(ctx, p, g.cfg.PBX[i].TestCall)
			return nil
		})
	}
	return all.Wait()
}

func (g *gateway) testPBX(ctx context.Context, p pbx, call string) {
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
			next /= retryFactor
		}
		timer.Reset(next)
	}
}

// testOnce makes one test and notes its result, unless recgate is stopping.
func (g *gateway) testOnce(ctx context.Context, p pbx, call string) (passed bool) {
	began := time.Now()
	err := g.selfTest(ctx, p, call, nil)
	if ctx.Err() != nil {
		return false
	}
	if err != nil {
		err = testError(err)
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

// testError returns a failure for /readyz: the step and what is wrong.
func testError(err error) error {
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

// selfTest makes a test call on a PBX and fetches it by the legacy endpoint, at a door
// for the test alone: on loopback, open only while the test runs, and with a key that
// nobody else has. So the test needs no entry in legacy.allow and no key of a caller.
func (g *gateway) selfTest(ctx context.Context, p pbx, call string, said func(step, detail string)) error {
	listener, err := httpd.Listen(ctx, "127.0.0.1:0")
	if err != nil {
		return err
	}
	key := rand.Text()
	door, router := g.newEndpoint()
	server := httpd.New(httpd.Options{Listener: listener, Log: g.log.With(slog.String("door", "self-test"))})
	server.MountTree(soap.Services, httpd.RequireKey(oneKey(key), door.Refuse)(router))
	serving, end := context.WithCancel(ctx)
	defer end()
	var group errgroup.Group
	group.Go(func() error { return server.Run(serving) })
	client := newTestClient()
	defer client.CloseIdleConnections()
	err = proof.Test{
		PBX: p.calls, Call: call, Report: said,
		Endpoint: proof.Endpoint{URL: "http://" + server.Addr().String() + soap.Path, Key: key, Client: client},
	}.Run(ctx)
	end()
	return errors.Join(err, group.Wait())
}
