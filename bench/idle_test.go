package bench

import (
	"os"
	"testing"
	"time"
)

// BenchmarkProcess measures the program as it is delivered: the size of the
// binary, how long it takes until a start could be answered (the simulated
// Asterisk has no call then), and what is resident when nothing happens.
func BenchmarkProcess(b *testing.B) {
	path, err := binary()
	if err != nil {
		b.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	sim := newSim(b, 0)
	var ready, resident samples
	for b.Loop() {
		for range 10 {
			dir := b.TempDir()
			begun := time.Now()
			g := serve(b, dir, "    address: "+sim.Addr()+"\n    username: bench\n    secret: bench\n    spool: "+dir+"\n")
			ready.addTime(time.Since(begun))
			now, _ := g.memory(b)
			resident.add(now / 1e6)
			g.end()
		}
	}
	dropTimePerOp(b)
	b.ReportMetric(float64(info.Size())/1e6, "binary-MB")
	ready.report(b, "ready", "ms")
	resident.report(b, "resident", "MB")
}
