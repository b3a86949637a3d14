//go:build full

package bench

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"recgate/internal/child"
)

// otherBinary names an older recgate by its whole path, built as it is
// delivered, that is measured in turn with this one and with nginx.
const otherBinary = "BENCH_OLD"

// BenchmarkShort lets 50 clients fetch recordings of ten seconds and of a
// minute, each client one after the other over a connection that is kept, in
// turn from every server of Rivals but PHP, which would need minutes. Figures
// are the CPU time of all processes of a server for each request, requests a
// second, and ratios within one round.
func BenchmarkShort(b *testing.B) {
	for _, length := range []struct {
		name    string
		seconds int
		times   int // that each client fetches in one round
	}{
		{"10s", 10, 200}, {"1min", minuteSeconds, 60},
	} {
		b.Run(length.name, func(b *testing.B) { compareShort(b, length.seconds, length.times) })
	}
}

func compareShort(b *testing.B, seconds, times int) {
	b.Helper()
	h := newRecordings(b, clients, seconds)
	x := newContest(b, h)
	servers := withOld(b, x.servers(b, h)[:5], seconds)
	cpu, rate := make([]samples, len(servers)), make([]samples, len(servers))
	for _, s := range servers { // what is read for the first time is no one's fault
		s.round(b, clients, max(2, times/10))
	}
	for b.Loop() {
		for range 7 {
			for i, s := range servers {
				before, begun := s.cpu(b), time.Now()
				s.round(b, clients, times)
				rate[i].add(clients * float64(times) / time.Since(begun).Seconds())
				cpu[i].add((s.cpu(b) - before) / 1e6 / (clients * float64(times)))
			}
		}
	}
	dropTimePerOp(b)
	for i, s := range servers {
		cpu[i].report(b, s.name, "ms/request")
		rate[i].report(b, s.name, "requests/s")
	}
	for i, s := range servers {
		if i >= nginx {
			ratios(cpu[get], cpu[i]).report(b, "GET-to-"+s.name+"-CPU", "x")
			ratios(rate[get], rate[i]).report(b, "GET-to-"+s.name+"-rate", "x")
		}
	}
}

// withOld adds the older recgate, if one is named, on recordings of its own.
func withOld(b *testing.B, servers []server, seconds int) []server {
	b.Helper()
	path := os.Getenv(otherBinary)
	if path == "" {
		return servers
	}
	dir := b.TempDir()
	config := writeConfig(b, dir, "127.0.0.1:0", noPBX)
	if out, err := child.Output(time.Minute, exec.Command(path, "migrate", "--config", config)); err != nil { //nolint:noctx // child ends it
		b.Fatalf("%s migrate: %v: %s", path, err, out)
	}
	h := newRecordingsIn(b, dir, clients, seconds)
	g := serveWith(b, path, h.dir, noPBX)
	address := strings.TrimPrefix(g.base, "http://")
	return append(servers, server{"old", address, g.cpu, func(n int) string {
		return getRequest(address, fmt.Sprintf("%s?method=retrieve&tag=hour-%d&username=bench", endpoint, n%clients))
	}, encodedBytes(h.bytes)})
}
