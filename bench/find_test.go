package bench

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"recgate/ami"
	"recgate/asterisk"
	"recgate/asterisk/sim"
	"recgate/recording"
)

// many is how many channels are live.
const many = 10_000

// BenchmarkFind looks for one channel of 10,000. table is PBX.Find, the whole of
// what a start does to find its channel; refused is a stop over GET in the
// program as a process of its own, which finds the channel and its call, finds
// nothing to stop and says so. Meanwhile the PBX must not be asked for anything.
func BenchmarkFind(b *testing.B) {
	server := newSim(b, many)
	live := server.Channels()
	b.Run("table", func(b *testing.B) {
		pbx := followPBX(b, server)
		asked := listings(server)
		n := 0
		for b.Loop() {
			n = (n + 7919) % many
			target := recording.Target{Text: live[n].UniqueID, Name: live[n].UniqueID}
			if n%2 == 0 {
				target = recording.Target{Text: live[n].Extension, Name: live[n].Extension}
			}
			if found, err := pbx.Find(b.Context(), target); err != nil || len(found) == 0 {
				b.Fatalf("%d channels of %+v, %v", len(found), target, err)
			}
		}
		wantNotAsked(b, server, asked)
	})
	b.Run("refused", func(b *testing.B) {
		dir := b.TempDir()
		g := serve(b, dir, "    address: "+server.Addr()+"\n    username: bench\n    secret: bench\n    spool: "+dir+"\n")
		asked := listings(server)
		var took samples
		for b.Loop() {
			for n := range 1000 {
				begun := time.Now()
				body := g.refusal(b, g.url("stop", "extenOrUniqueId", live[n*7919%many].UniqueID))
				took.addTime(time.Since(begun))
				if !strings.Contains(body, "record") {
					b.Fatalf("an answer of another kind: %s", body)
				}
			}
		}
		dropTimePerOp(b)
		took.report(b, "answer", "ms")
		wantNotAsked(b, server, asked)
	})
}

// newSim is a simulated Asterisk with so many channels.
func newSim(b *testing.B, channels int) *sim.Server {
	b.Helper()
	server, err := sim.New(sim.Options{
		Version: 22, Listen: "127.0.0.1:0", Spool: b.TempDir(),
		Users: []sim.User{{Name: "bench", Secret: "bench", Read: "all", Write: "all"}},
	})
	if err != nil {
		b.Fatal(err)
	}
	runInBackground(b, server.Run)
	server.Fill(channels)
	if got := len(server.Channels()); got != channels {
		b.Fatalf("%d channels", got)
	}
	return server
}

// followPBX keeps a PBX in step with server.
func followPBX(b *testing.B, server *sim.Server) *asterisk.PBX {
	b.Helper()
	pbx, err := asterisk.New(asterisk.Config{
		Name: "pbx1", Spool: b.TempDir(),
		Client: ami.Options{Address: server.Addr(), Username: "bench", Secret: "bench"},
	})
	if err != nil {
		b.Fatal(err)
	}
	runInBackground(b, func(ctx context.Context) error { return pbx.Run(ctx, func(recording.Event) {}) })
	await(b, "the table of channels", func() bool {
		_, err := pbx.Find(b.Context(), recording.Target{Text: "none", Name: "none"})
		return err == nil
	})
	return pbx
}

// runInBackground runs a part until the benchmark ends.
func runInBackground(b *testing.B, run func(context.Context) error) {
	b.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(b.Context()))
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := run(ctx); err != nil {
			b.Error(err)
		}
	})
	b.Cleanup(func() { cancel(); wg.Wait() })
}

// listings counts the actions by which a PBX is asked for its channels.
func listings(server *sim.Server) int {
	n := 0
	for _, a := range server.Actions() {
		switch a.Get("Action") {
		case "CoreShowChannels", "CoreShowChannel", "Status", "Command":
			n++
		}
	}
	return n
}

func wantNotAsked(b *testing.B, server *sim.Server, before int) {
	b.Helper()
	if before == 0 {
		b.Error("the PBX was not even asked at the login: is the count right?")
	}
	if now := listings(server); now != before {
		b.Errorf("the PBX was asked for its channels %s times", strconv.Itoa(now-before))
	}
}

// refusal is the text of an answer that is not 200.
func (g gateway) refusal(b *testing.B, url string) string {
	b.Helper()
	r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, url, nil)
	if err != nil {
		b.Fatal(err)
	}
	answer, err := patient.Do(r)
	if err != nil {
		b.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusNotFound {
		b.Fatalf("%s, %v: %s", answer.Status, err, body)
	}
	return string(body)
}
