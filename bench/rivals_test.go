//go:build full

package bench

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The places of those that are compared in contest.servers.
const (
	get = iota
	soapGet
	bare
	nginx
	nginxLarge
	php
)

// BenchmarkRivals lets 50 clients fetch an hour each at once, in turn from
// recgate by GET and in a SOAP envelope, from a bare net/http handler, from
// nginx, which has the file in base64 already, with the buffers that Debian
// gives it and with large ones, from the usual PHP script behind nginx, and
// from an older recgate if BENCH_OLD names one. Figures are the CPU time of
// all processes of each server per GB (10^9 bytes) of WAV, and ratios within
// one round.
func BenchmarkRivals(b *testing.B) {
	h := newHours(b, clients)
	x := newContest(b, h)
	servers := withOld(b, x.servers(b, h), hourSeconds)
	took := make([]samples, len(servers))
	for _, s := range servers { // what is read for the first time is no one's fault
		s.round(b, clients, 1)
	}
	for b.Loop() {
		for range 5 {
			for i, s := range servers {
				before := s.cpu(b)
				s.round(b, clients, 1)
				took[i].add((s.cpu(b) - before) / 1e9 / (float64(clients) * hourBytes / 1e9))
			}
		}
	}
	dropTimePerOp(b)
	for i, s := range servers {
		took[i].report(b, s.name, "s/GB")
		if i >= nginx && i != php {
			ratios(took[get], took[i]).report(b, "GET-to-"+s.name, "x")
		}
	}
	ratios(took[soapGet], took[get]).report(b, "SOAP-to-GET", "x")
	ratios(took[php], took[get]).report(b, "php-to-GET", "x")
}

// contest is recgate and those that it is compared with, on the same audio.
type contest struct {
	gateway gateway
	rivals  rivals
	bare    process
	bareURL string
}

func newContest(b *testing.B, h recordings) contest {
	b.Helper()
	encoded := b.TempDir()
	for n := range clients { // names of one file, as those of the archive are
		name := filepath.Join(encoded, fmt.Sprintf("%d.b64", n))
		if n == 0 {
			encodeFile(b, h.wav, name)
		} else if err := os.Link(filepath.Join(encoded, "0.b64"), name); err != nil {
			b.Fatal(err)
		}
	}
	makeReadable(b, encoded)
	makeReadable(b, archive(h.dir))
	x := contest{gateway: serve(b, h.dir, noPBX), rivals: newRivals(b, filepath.Dir(h.wav), encoded)}
	x.bare, x.bareURL = startBare(b, h.wav)
	return x
}

// server is one of those that are compared.
type server struct {
	name    string
	address string
	cpu     func(*testing.B) float64
	request func(n int) string
	bytes   int64 // of each answer, at least
}

func (x contest) servers(b *testing.B, h recordings) []server {
	b.Helper()
	ours := strings.TrimPrefix(x.gateway.base, "http://")
	bare := strings.TrimPrefix(x.bareURL, "http://")
	length := encodedBytes(h.bytes)
	var asks [clients]string
	for n := range clients {
		r, err := x.gateway.retrieveSOAP(n)
		if err == nil {
			asks[n], err = rawRequest(r)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	return []server{
		{"GET", ours, x.gateway.cpu, func(n int) string {
			return getRequest(ours, fmt.Sprintf("%s?method=retrieve&tag=hour-%d&username=bench", endpoint, n%clients))
		}, length},
		{"SOAP", ours, x.gateway.cpu, func(n int) string { return asks[n%clients] }, length},
		{"net/http", bare, x.bare.cpu, func(int) string { return getRequest(bare, "/") }, length},
		{"nginx", x.rivals.address, x.rivals.nginx.cpu, func(n int) string {
			return getRequest(x.rivals.address, fmt.Sprintf("/%d.b64", n%clients))
		}, length},
		{"nginx-256k", x.rivals.address, x.rivals.nginx.cpu, func(n int) string {
			return getRequest(x.rivals.address, fmt.Sprintf("/large/%d.b64", n%clients))
		}, length},
		{"php", x.rivals.address, x.rivals.php.cpu, func(int) string {
			return getRequest(x.rivals.address, "/retrieve.php?name="+filepath.Base(h.wav))
		}, length},
	}
}

func encodedBytes(n int64) int64 { return int64(base64.StdEncoding.EncodedLen(int(n))) }

// round fetches with all clients, and sees that everything came.
func (s server) round(b *testing.B, clients, times int) {
	b.Helper()
	got, err := fetchAtOnceRaw(s.address, clients, times, s.request)
	if want := s.bytes * int64(clients*times); err != nil || got < want {
		b.Fatalf("%s: %d bytes of at least %d: %v", s.name, got, want, err)
	}
}

// ratios divides sample by sample: what was measured in the same round.
func ratios(a, z samples) samples {
	var r samples
	for i := range a {
		r.add(a[i] / z[i])
	}
	return r
}
