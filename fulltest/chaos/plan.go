package chaos

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// Plan is all that a run means to do. It follows from the seed and the options.
type Plan struct {
	Seed   uint64
	Lasts  time.Duration
	Lines  [][]Call // calls that are made one after the other
	Faults []Fault  // one after the other
	After  []Call   // one on each PBX when all is well again: with its file recgate sees who writes to that spool, and may delete what a killed PBX left
}

// Call is one call, and how its caller treats recgate.
type Call struct {
	Number         int
	At             time.Duration // after the beginning, or later when the line is not free
	PBX            int           // which one
	Caller, Callee string
	Hertz          [2]float64 // what the two say
	Manner
}

// Manner is how a caller treats recgate.
type Manner struct {
	SOAP     bool
	Target   Target        // what start and stop name
	Starts   Starts        // how often the button is pressed
	Patience time.Duration // for an answer; then the caller hangs up on recgate and clicks again
	Pause    time.Duration // between two clicks
	Delay    time.Duration // from the answer of the call to the start
	Talk     time.Duration // from the start to the stop
	Stop     Stop
	Twice    bool          // start and stop once more
	Linger   time.Duration // from the stop to the hangup
}

// Target is what a caller names.
type Target int

// The targets.
const (
	CallerExtension Target = iota
	CallerUniqueID
	CallerTech // PJSIP/410
	CalleeExtension
	CalleeUniqueID
	numTargets
)

// Starts is how a caller starts.
type Starts int

// The ways to start.
const (
	Once     Starts = iota
	Again           // the same once more
	Retagged        // once more with another tag
	Together        // two at the same time, one by GET and one by SOAP, with two tags
	numStarts
)

// Stop is how a caller stops.
type Stop int

// The ways to stop.
const (
	Never Stop = iota // hangs up without
	Same              // by what was named at the start
	Other             // by the other party's extension
	numStops
)

// Fault is one planned fault.
type Fault struct {
	At    time.Duration // after the beginning, or when the one before is over
	Kind  Kind
	PBX   int           // of those that hit one
	Hold  time.Duration // how long it lasts
	Clock time.Duration // what recgate's clock is ahead of the machine's from now on
	Kill  bool          // and recgate is killed in the middle of it
}

// Scene is what a plan is drawn for.
type Scene struct {
	Seed    uint64
	Lasts   time.Duration
	PBXs    []PBX
	MariaDB bool
}

// PBX is one of the scene.
type PBX struct {
	Version int // of Asterisk
	Real    bool
	Lines   int // calls at the same time; of a real one at most 4
}

// Draw makes the plan of a scene.
func Draw(s Scene) Plan {
	r := rand.New(rand.NewPCG(s.Seed, 0x7265636761746521))
	p := Plan{Seed: s.Seed, Lasts: s.Lasts}
	number := 0
	for i, pbx := range s.PBXs {
		made := 0
		for line := range pbx.Lines {
			var calls []Call
			for at := drawTime(r, 0, 3000); at < s.Lasts; {
				number++
				c := Call{Number: number, At: at, PBX: i, Manner: drawManner(r)}
				c.Caller, c.Callee, c.Hertz = pbx.voices(i, line, made, number)
				made++
				calls = append(calls, c)
				at += c.Delay + c.Talk + c.Linger + drawTime(r, 300, 1500)
				if c.Twice {
					at += c.Talk
				}
			}
			p.Lines = append(p.Lines, calls)
		}
	}
	for i, pbx := range s.PBXs {
		number++
		c := Call{Number: number, PBX: i, Manner: Manner{Target: CallerUniqueID, Patience: 8 * time.Second, Talk: 3 * time.Second, Stop: Same}}
		c.Caller, c.Callee, c.Hertz = pbx.voices(i, 0, number, number)
		p.After = append(p.After, c)
	}
	p.Faults = drawFaults(r, s)
	return p
}

// voices gives a call its extensions and their tones. No two calls of a PBX
// that are made at the same time sound alike: the pair is the call's own.
func (p PBX) voices(pbx, line, made, number int) (caller, callee string, hertz [2]float64) {
	if !p.Real { // any extension, any tone: 40 tones from 300 Hz on, 75 Hz apart
		a, b := number%40, (number/40+1+number%40)%40
		if a == b {
			b = (b + 1) % 40
		}
		return fmt.Sprintf("1%05d", number), fmt.Sprintf("2%05d", number), [2]float64{300 + 75*float64(a), 300 + 75*float64(b)}
	}
	// A telephone of the lab has three digits, of which two make its tone.
	a, b := made%10, (made/10+made)%10
	first, second := realLines(p.Version)
	return fmt.Sprintf("4%d%d", first[line], a), fmt.Sprintf("5%d%d", second[line], b), [2]float64{400 + 200*float64(a), 500 + 200*float64(b)}
}

// realLines are the middle digits of the telephones of a real PBX: none is on
// two PBXs, and 420 is left out, since it never answers.
func realLines(version int) (callers, callees []int) {
	if version == 16 {
		return []int{3, 4, 5, 6}, []int{0, 1, 2, 3}
	}
	return []int{7, 8, 9, 1}, []int{4, 5, 6, 7}
}

func drawTime(r *rand.Rand, least, most int) time.Duration {
	return time.Duration(least+r.IntN(most-least+1)) * time.Millisecond
}

func pick[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

func drawManner(r *rand.Rand) Manner {
	return Manner{
		SOAP: r.IntN(3) == 0, Target: Target(r.IntN(int(numTargets))), Starts: Starts(r.IntN(int(numStarts))),
		Patience: pick(r, 300*time.Millisecond, 2*time.Second, 8*time.Second, 8*time.Second),
		Pause:    drawTime(r, 100, 900), Delay: drawTime(r, 0, 800),
		Talk: pick(r, drawTime(r, 0, 300), drawTime(r, 1000, 4000), drawTime(r, 1000, 4000), drawTime(r, 3000, 9000)),
		Stop: Stop(r.IntN(int(numStops))), Twice: r.IntN(5) == 0, Linger: drawTime(r, 0, 800),
	}
}

// drawFaults draws what goes wrong: first every kind in a random order, then kinds
// by chance until the time is over.
func drawFaults(r *rand.Rand, s Scene) []Fault {
	kinds := commonKinds()
	if slices.ContainsFunc(s.PBXs, func(p PBX) bool { return !p.Real }) {
		kinds = append(kinds, simulatedKinds()...)
	}
	if s.MariaDB {
		kinds = append(kinds, mariadbKinds()...)
	} else {
		kinds = append(kinds, sqliteKinds()...)
	}
	first := slices.Clone(kinds)
	r.Shuffle(len(first), func(i, j int) { first[i], first[j] = first[j], first[i] })
	var all []Fault
	for at := 2 * time.Second; len(first) > 0 || at < s.Lasts-5*time.Second; {
		f := Fault{At: at, Kind: pick(r, kinds...)}
		if len(first) > 0 {
			f.Kind, first = first[0], first[1:]
		}
		f.drawDetails(r, s)
		all = append(all, f)
		at += f.Hold + drawTime(r, 200, 1500)
	}
	return all
}

// drawDetails draws the particulars of a fault.
func (f *Fault) drawDetails(r *rand.Rand, s Scene) {
	f.Hold = drawTime(r, 300, 2500)
	f.PBX = r.IntN(len(s.PBXs))
	for f.Kind.onlySimulated() && s.PBXs[f.PBX].Real {
		f.PBX = r.IntN(len(s.PBXs))
	}
	f.Clock = pick(r, time.Hour, -time.Hour, 40*time.Second, -40*time.Second, 5*time.Second, 0)
	f.Kill = f.Kind != KillGateway && f.Kind != StopGateway && r.IntN(5) == 0
}
