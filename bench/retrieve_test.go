package bench

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"recgate/internal/port"
)

// noPBX is the configuration of a PBX that is away: retrievals need none.
const noPBX = "    address: 127.0.0.1:9\n    username: bench\n    secret: bench\n    spool: /var/spool/asterisk/monitor\n"

// clients is how many fetch at the same moment.
const clients = 50

// BenchmarkRetrieveMemory measures how much the resident memory of a server
// grows while 50 clients fetch an hour each at once. Each round is a server
// just started, so the growth holds all that the first requests cost, too.
// All clients wait in the middle of their answers for each other, so that
// none is served before the last has begun; the first one decodes what came and
// compares its SHA-256.
func BenchmarkRetrieveMemory(b *testing.B) {
	h := newHours(b, clients)
	for _, what := range []struct {
		name string
		ask  func(g gateway, n int) (*http.Request, error)
	}{
		{"GET/different", gateway.retrieveGET},
		{"GET/same", func(g gateway, _ int) (*http.Request, error) { return g.retrieveGET(0) }},
		{"SOAP/different", gateway.retrieveSOAP},
	} {
		b.Run(what.name, func(b *testing.B) {
			var begin, growth, again samples
			for b.Loop() {
				for range 3 {
					g := serve(b, h.dir, noPBX)
					before, _ := g.memory(b)
					begin.add(before / 1e6)
					for _, s := range []*samples{&growth, &again} {
						g.forgetPeak(b)
						fetchAtOnce(b, h, clients, func(n int) (*http.Request, error) { return what.ask(g, n) })
						_, peak := g.memory(b)
						s.add((peak - before) / 1e6)
					}
					g.end() // the next one has the same database
				}
			}
			dropTimePerOp(b)
			begin.report(b, "before", "MB")
			growth.report(b, "growth", "MB")
			again.report(b, "second-growth", "MB")
		})
	}
}

// BenchmarkRetrieveCrowd is the most that is resident while 200 clients fetch
// an hour each at once.
func BenchmarkRetrieveCrowd(b *testing.B) {
	const crowd = 200
	h := newHours(b, crowd)
	g := serve(b, h.dir, noPBX)
	var resident samples
	for b.Loop() {
		for range 3 {
			g.forgetPeak(b)
			fetchAtOnce(b, h, crowd, func(n int) (*http.Request, error) { return g.retrieveGET(n) })
			_, peak := g.memory(b)
			resident.add(peak / 1e6)
		}
	}
	dropTimePerOp(b)
	resident.report(b, "resident", "MB")
}

func (g gateway) retrieveGET(n int) (*http.Request, error) {
	return http.NewRequest(http.MethodGet, g.url("retrieve", "tag", fmt.Sprintf("hour-%d", n), "username", "bench"), nil)
}

func (g gateway) retrieveSOAP(n int) (*http.Request, error) {
	body := fmt.Sprintf(`<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>`+
		`<retrieve xmlns="urn:njadmin-api-recording"><tag xmlns="">hour-%d</tag><username xmlns="">bench</username></retrieve>`+
		`</soapenv:Body></soapenv:Envelope>`, n)
	r, err := http.NewRequest(http.MethodPost, g.base+endpoint, strings.NewReader(body))
	if err == nil {
		r.Header.Set("Content-Type", "text/xml; charset=utf-8")
		r.Header.Set("SOAPAction", `""`)
	}
	return r, err
}

// fetchAtOnce fetches with so many clients, each over a connection of its own.
func fetchAtOnce(b *testing.B, h recordings, clients int, ask func(n int) (*http.Request, error)) {
	b.Helper()
	var group errgroup.Group
	half := newBarrier(clients)
	for n := range clients {
		group.Go(func() error {
			r, err := ask(n)
			if err != nil {
				return err
			}
			return fetchOne(r.WithContext(b.Context()), h, n == 0, half)
		})
	}
	if err := group.Wait(); err != nil {
		b.Fatal(err)
	}
}

// fetchOne reads an answer: a megabyte, then the rest when all have got as far.
func fetchOne(r *http.Request, h recordings, check bool, half *barrier) error {
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	answer, err := transport.RoundTrip(r)
	if err != nil {
		half.leave()
		return err
	}
	defer answer.Body.Close()
	var kept strings.Builder
	into := io.Writer(io.Discard)
	if check {
		into = &kept
	}
	first, err := io.CopyN(into, answer.Body, 1<<20)
	half.wait()
	if err != nil {
		return fmt.Errorf("status %s: %w", answer.Status, err)
	}
	rest, err := io.Copy(into, answer.Body)
	if err != nil || first+rest != answer.ContentLength || first+rest < hourBytes/3*4 {
		return fmt.Errorf("%d of %d bytes: %w", first+rest, answer.ContentLength, err)
	}
	if check {
		return h.compare(kept.String())
	}
	return nil
}

// compare decodes an answer, bare or in its envelope.
func (h recordings) compare(text string) error {
	if _, after, found := strings.Cut(text, "retrieveReturn"); found {
		_, after, _ = strings.Cut(after, ">")
		text, _, _ = strings.Cut(after, "<")
	}
	sum := sha256.New()
	n, err := io.Copy(sum, base64.NewDecoder(base64.StdEncoding, strings.NewReader(text)))
	if got := hex.EncodeToString(sum.Sum(nil)); err != nil || n != h.bytes || got != h.sha256 {
		return fmt.Errorf("%d bytes with SHA-256 %s, want %d with %s: %w", n, got, h.bytes, h.sha256, err)
	}
	return nil
}

// BenchmarkRetrieveCPU compares the CPU time that the server spends on a
// retrieval over GET with that of a bare handler, each in a process of its
// own, in turn: 4 fetches of an hour each, 15 times.
func BenchmarkRetrieveCPU(b *testing.B) {
	h := newHours(b, 1)
	g := serve(b, h.dir, noPBX)
	bare, url := startBare(b, h.wav)
	ours := g.url("retrieve", "tag", "hour-0", "username", "bench")
	fetches := func(p process, url string) float64 {
		before := p.cpu(b)
		for range 4 {
			fetchAll(b, url)
		}
		return (p.cpu(b) - before) / 4 / hourBytes
	}
	fetches(g.process, ours) // what is read for the first time is no one's fault
	fetches(bare, url)
	var oursCPU, bareCPU, ratio samples
	for b.Loop() {
		for range 15 {
			a, z := fetches(g.process, ours), fetches(bare, url)
			oursCPU.add(a)
			bareCPU.add(z)
			ratio.add(a / z)
		}
	}
	dropTimePerOp(b)
	oursCPU.report(b, "ours", "ns/B")
	bareCPU.report(b, "bare", "ns/B")
	ratio.report(b, "ratio", "x")
}

// startBare runs this test binary as the bare server of one file.
func startBare(b *testing.B, file string) (p process, url string) {
	b.Helper()
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	address := port.Address(b)
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), bareFile+"="+file, bareAddress+"="+address)
	p = launch(b, cmd)
	awaitStatus(b, "http://"+address, http.StatusOK)
	return p, "http://" + address
}

func fetchAll(b *testing.B, url string) {
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
	if n, err := io.Copy(io.Discard, answer.Body); err != nil || n != int64(base64.StdEncoding.EncodedLen(hourBytes)) {
		b.Fatalf("%s: %d bytes, %v", answer.Status, n, err)
	}
}
