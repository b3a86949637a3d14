package chaos

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"recgate/fulltest/wire"
	"recgate/internal/await"
	"recgate/internal/child"
	"recgate/internal/port"
)

// run is one run: everything that it needs, and what happened.
type run struct {
	t         testing.TB
	scene     Scene
	plan      Plan
	dir       string
	began     time.Time
	notes     *journal
	gateway   *gateway
	database  *database
	spool     *disk
	archive   *disk
	exchanges []exchange
	wires     []*wire.Wire // to the AMI of each exchange
	before    vitals
	report    *Report
}

// Run plays the plan of a scene and returns the report. What must not be is in
// Report.Violations, and the test has failed then. It takes the time of the
// scene, half a minute to build up, and what recgate needs to settle.
func Run(t testing.TB, s Scene) *Report {
	t.Helper()
	dir, remove, err := child.TempDir("recgate-chaos-")
	if err != nil {
		t.Fatal(err)
	}
	r := &run{t: t, scene: s, plan: Draw(s), dir: dir, notes: newJournal(), report: &Report{Seed: s.Seed}}
	t.Cleanup(func() { // after everything else
		if t.Failed() {
			child.KeepFolder(dir)
			t.Logf("the files of the run are kept in %s", dir)
			return
		}
		_ = remove() // a leftover in the temporary folder harms nobody
	})
	r.build()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var running sync.WaitGroup
	running.Go(func() { r.gateway.keepRunning(ctx) })
	t.Cleanup(func() {
		cancel()
		await.Return(t, "the loop that keeps recgate running", running.Wait)
		_ = r.gateway.hold(syscall.SIGKILL) // only what a failed test left
	})
	if err := r.gateway.awaitReady(ctx, time.Minute); err != nil {
		t.Fatal(err)
	}
	if r.before, err = r.readVitals(ctx); err != nil {
		t.Fatal(err)
	}
	r.play(ctx)
	(&verifier{r}).verify(ctx)
	return r.report
}

// build makes everything that the run needs.
func (r *run) build() {
	t := r.t
	t.Helper()
	binary, err := buildGateway(t.Context(), r.dir)
	if err != nil {
		t.Fatal(err)
	}
	r.spool = r.mount("spool", 64)
	r.archive = r.mount("archive", 256+int(r.scene.Lasts.Minutes()*64))
	if r.scene.MariaDB {
		r.database = newMariaDB(t)
	} else {
		r.database = newSQLite(t, r.dir)
	}
	listen := port.Address(t)
	var config strings.Builder
	fmt.Fprintf(&config, "listen: %s\ndatabase: %q\narchive: %q\nlog: json\npbx:\n", listen, r.database.setting, "file:"+filepath.Join(r.archive.dir, "wav"))
	for i, p := range r.scene.PBXs {
		config.WriteString(r.addPBX(i, p))
	}
	if r.gateway, err = newGateway(binary, r.dir, listen, config.String()); err != nil {
		t.Fatal(err)
	}
}

func (r *run) mount(name string, megabytes int) *disk {
	r.t.Helper()
	d, err := mountDisk(filepath.Join(r.dir, name), megabytes)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() {
		if err := d.unmount(); err != nil {
			r.t.Error(err)
		}
	})
	return d
}

// addPBX starts a PBX and returns its part of the configuration.
func (r *run) addPBX(i int, p PBX) string {
	r.t.Helper()
	spool := r.spoolOf(i)
	if err := os.MkdirAll(spool, 0o755); err != nil {
		r.t.Fatal(err)
	}
	var x exchange
	if p.Real {
		x = newRealPBX(r.t, p.Version, spool)
	} else {
		sim, err := newSimulatedPBX(p.Version, port.Address(r.t), spool)
		if err != nil {
			r.t.Fatal(err)
		}
		r.t.Cleanup(func() { sim.close(r.t) })
		x = sim
	}
	address, user, secret := x.account()
	w := wire.New(r.t, address)
	r.exchanges, r.wires = append(r.exchanges, x), append(r.wires, w)
	recorder := "auto"
	if p.Version == 16 {
		recorder = "monitor"
	}
	return fmt.Sprintf("  - name: %s\n    address: %s\n    username: %s\n    secret: %s\n    recorder: %s\n    spool: %s\n",
		r.nameOf(i), w.Address(), user, secret, recorder, spool)
}

func (r *run) nameOf(pbx int) string {
	p := r.scene.PBXs[pbx]
	kind := "sim"
	if p.Real {
		kind = "real"
	}
	return fmt.Sprintf("%s%d-%d", kind, p.Version, pbx)
}

func (r *run) spoolOf(pbx int) string { return filepath.Join(r.spool.dir, r.nameOf(pbx)) }

// play makes the calls and the faults, and returns when all are over.
func (r *run) play(ctx context.Context) {
	r.began = time.Now()
	office := newCRM(r.gateway.base, r.notes)
	play := func(call Call) {
		one := &caller{call: call, crm: office, notes: r.notes, pbx: r.exchanges[call.PBX], name: r.nameOf(call.PBX)}
		one.play(ctx)
	}
	var lines sync.WaitGroup
	for _, calls := range r.plan.Lines {
		lines.Go(func() {
			for _, call := range calls {
				sleep(ctx, time.Until(r.began.Add(call.At)))
				if time.Since(r.began) > r.scene.Lasts || ctx.Err() != nil {
					return
				}
				play(call)
			}
		})
	}
	seen := map[Kind]bool{}
	for _, f := range r.plan.Faults {
		sleep(ctx, time.Until(r.began.Add(f.At)))
		if seen[f.Kind] && time.Since(r.began) > r.scene.Lasts {
			continue // the faults took longer than planned: each kind comes once at least
		}
		seen[f.Kind] = true
		if err := r.makeFault(ctx, f); err != nil {
			r.addViolation("the fault %q on PBX %d could not be made or repaired: %v", f.Kind, f.PBX, err)
		}
	}
	await.Return(r.t, "the calls of the plan to be over", lines.Wait)
	if err := r.gateway.awaitReady(ctx, time.Minute); err != nil {
		r.addViolation("%v", err)
	}
	for _, call := range r.plan.After {
		lines.Go(func() { play(call) })
	}
	await.Return(r.t, "a last call on each PBX to be over", lines.Wait)
}

// makeFault makes one fault, waits, and repairs it.
func (r *run) makeFault(ctx context.Context, f Fault) error {
	s := Span{Kind: f.Kind, PBX: f.PBX, From: time.Now()}
	if !f.Kind.hitsPBX() {
		s.PBX = -1
	}
	repair, err := r.inject(ctx, f)
	if err != nil { // what was half made is repaired, so that the run can continue
		return errors.Join(err, repair())
	}
	s.Struck = time.Now()
	if f.Kill {
		sleep(ctx, f.Hold/2)
		k := Span{Kind: KillGateway, PBX: -1, From: time.Now()}
		err := r.gateway.hold(syscall.SIGKILL)
		r.gateway.release()
		if err != nil {
			return errors.Join(err, repair())
		}
		k.To, k.Struck = time.Now(), time.Now()
		r.notes.addFault(k)
	}
	sleep(ctx, time.Until(s.From.Add(f.Hold)))
	err = repair()
	s.To = time.Now()
	r.notes.addFault(s)
	return err
}
