package chaos

import (
	"context"
	"fmt"
	"syscall"
	"time"

	"recgate/asterisk/sim"
	"recgate/fulltest/wire"
)

// inject makes a fault and returns what repairs it.
func (r *run) inject(ctx context.Context, f Fault) (repair func() error, err error) {
	nothing := func() error { return nil }
	switch f.Kind {
	case KillGateway, StopGateway:
		with := syscall.SIGKILL
		if f.Kind == StopGateway {
			with = syscall.SIGTERM
		}
		return func() error {
			r.gateway.release()
			return nil
		}, r.gateway.hold(with)
	case MoveClock:
		return nothing, r.gateway.moveClock(f.Clock)
	case CutAMI, StallAMI, SlowAMI, ResetAMI:
		return disturbWire(r.wires[f.PBX], f.Kind), nil
	case CutDatabase, StallDatabase, SlowDatabase, ResetDatabase:
		return disturbWire(r.database.wire, f.Kind), nil
	case KillPBX:
		return nothing, r.exchanges[f.PBX].kill(f.Hold)
	case RestartPBX:
		return nothing, r.exchanges[f.PBX].restart()
	case FillSpool:
		return r.spool.free, r.spool.fill()
	case FillArchive:
		return r.archive.free, r.archive.fill()
	case FreezeArchive:
		return func() error { return r.archive.thaw(ctx) }, r.archive.freeze(ctx)
	case RestartDatabase, KillDatabase:
		if f.Kind == KillDatabase {
			r.database.server.Kill(r.t)
		} else {
			r.database.server.Stop(r.t)
		}
		return func() error {
			r.database.server.Restart(r.t)
			return nil
		}, nil
	case LockDatabase:
		return func() error { return r.database.unlock(ctx) }, r.database.lock(ctx)
	}
	return r.misbehave(f)
}

// longestDelay is what a slow wire adds at most, in each direction.
const longestDelay = 700 * time.Millisecond

// disturbWire makes a wire faulty, and returns what repairs it.
func disturbWire(w *wire.Wire, k Kind) func() error {
	switch k {
	case StallAMI, StallDatabase:
		w.Stall()
	case SlowAMI, SlowDatabase:
		w.Slow(longestDelay)
	case ResetAMI, ResetDatabase:
		w.Reset()
	default:
		w.Refuse()
	}
	return w.Heal
}

// misbehave does what only a simulated Asterisk can.
func (r *run) misbehave(f Fault) (func() error, error) {
	imitated, ok := r.exchanges[f.PBX].(*simulatedPBX)
	kinds := map[Kind]sim.Misbehaviour{
		FloodPBX: {Kind: sim.Flood, Count: 30000}, EndlessPBX: {Kind: sim.EndlessLine, Count: 4 << 20},
		HalfOpen: {Kind: sim.HalfOpen}, NoFile: {Kind: sim.NoFile, For: f.Hold},
		SlowFile:  {Kind: sim.SlowFile, For: f.Hold, Delay: f.Hold / 4},
		SlowClose: {Kind: sim.SlowClose, For: f.Hold, Delay: lateClose - 500*time.Millisecond},
	}
	m, known := kinds[f.Kind]
	if !ok || !known {
		return func() error { return nil }, fmt.Errorf("nobody knows how to make the fault %q on PBX %d", f.Kind, f.PBX)
	}
	imitated.current().Misbehave(m)
	return func() error { return nil }, nil
}
