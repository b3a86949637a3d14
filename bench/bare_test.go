package bench

import (
	"encoding/base64"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"
)

// The environment that makes of the test binary the bare server.
const (
	bareFile    = "BENCH_FILE"
	bareAddress = "BENCH_ADDRESS"
)

// bareServer serves one file in base64 and does the least that can be done:
// net/http, encoding/base64, blocks of 48 KiB. It ends when it is interrupted.
func bareServer(file, address string) {
	server := http.Server{Addr: address, ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(
		func(w http.ResponseWriter, _ *http.Request) { bareBase64(w, file) })}
	panic(server.ListenAndServe())
}

func bareBase64(w http.ResponseWriter, file string) {
	f, err := os.Open(file)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		panic(err)
	}
	in, out := make([]byte, 48<<10), make([]byte, 64<<10)
	w.Header().Set("Content-Length", strconv.Itoa(base64.StdEncoding.EncodedLen(int(info.Size()))))
	for {
		n, err := io.ReadFull(f, in)
		base64.StdEncoding.Encode(out, in[:n])
		if _, writeErr := w.Write(out[:base64.StdEncoding.EncodedLen(n)]); writeErr != nil || err != nil {
			return
		}
	}
}
