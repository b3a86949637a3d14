package soap_test

import (
	"bytes"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"syscall"
	"testing"

	"recgate/recording"
	"recgate/soap"
)

// BenchmarkRetrieveGET compares the CPU time of a retrieval with the CPU time of a
// bare handler that encodes the same audio with encoding/base64 and does
// nothing else, in turn over loopback. Both figures hold the client's share.
func BenchmarkRetrieveGET(b *testing.B) {
	wav := newWAV(32 << 20)
	e := newEndpoint(b, soap.Legacy{})
	e.rec.audio = func() *recording.Audio { return audioOf(wav) }
	ours := httptest.NewServer(e)
	defer ours.Close()
	bare := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { bareBase64(w, wav) }))
	defer bare.Close()

	fetch(b, ours.URL, wav)
	fetch(b, bare.URL, wav)
	var oursCPU, bareCPU float64
	b.SetBytes(int64(len(wav)))
	for b.Loop() {
		before := cpuSeconds(b)
		fetch(b, ours.URL, wav)
		middle := cpuSeconds(b)
		fetch(b, bare.URL, wav)
		oursCPU += middle - before
		bareCPU += cpuSeconds(b) - middle
		e.rec.takeCalls()
	}
	perByte := 1e9 / float64(b.N) / float64(len(wav))
	b.ReportMetric(oursCPU*perByte, "ours-cpu-ns/B")
	b.ReportMetric(bareCPU*perByte, "bare-cpu-ns/B")
	b.ReportMetric(oursCPU/bareCPU, "ratio")
	if oursCPU > 1.25*bareCPU {
		b.Errorf("a retrieval costs %.2f times a bare handler, at most 1.25 is allowed", oursCPU/bareCPU)
	}
}

// bareBase64 is the least that a handler can do.
func bareBase64(w http.ResponseWriter, wav []byte) {
	in, out := make([]byte, 48<<10), make([]byte, 64<<10)
	w.Header().Set("Content-Length", strconv.Itoa(base64.StdEncoding.EncodedLen(len(wav))))
	r := bytes.NewReader(wav)
	for {
		n, err := io.ReadFull(r, in)
		base64.StdEncoding.Encode(out, in[:n])
		if _, writeErr := w.Write(out[:base64.StdEncoding.EncodedLen(n)]); writeErr != nil || err != nil {
			return
		}
	}
}

func fetch(b *testing.B, url string, wav []byte) {
	b.Helper()
	res, err := fetchURL(b, url+soap.Path+"?"+retrieveOK)
	if err != nil {
		b.Fatal(err)
	}
	defer res.Body.Close()
	if n, err := io.Copy(io.Discard, res.Body); err != nil || n != int64(base64.StdEncoding.EncodedLen(len(wav))) {
		b.Fatalf("%d bytes, %v", n, err)
	}
}

// cpuSeconds is the time that this process has used, in all threads.
func cpuSeconds(b *testing.B) float64 {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}
