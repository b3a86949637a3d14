package bench

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"recgate/internal/child"
	"recgate/internal/port"
)

// endpoint is the path of the legacy API.
const endpoint = "/servicemanager/services/njadmin-api-recording"

// patient keeps connections, and gives up in the end.
var patient = &http.Client{Timeout: 10 * time.Minute}

// buildFolder names the folder of this run that binary builds into.
const buildFolder = "BENCH_FOLDER"

// binary builds recgate once for all benchmarks, as it is delivered.
var binary = sync.OnceValues(func() (string, error) {
	path := filepath.Join(os.Getenv(buildFolder), "recgate")
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", path, "recgate/cmd/recgate")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := child.Output(5*time.Minute, build); err != nil {
		return "", fmt.Errorf("go build: %w: %s", err, out)
	}
	return path, nil
})

// TestMain runs the benchmarks, or the bare server that they compare with.
func TestMain(m *testing.M) {
	if file := os.Getenv(bareFile); file != "" {
		bareServer(file, os.Getenv(bareAddress))
		return
	}
	os.Exit(runInFolder(m.Run))
}

// runInFolder runs with a folder to build into.
func runInFolder(run func() int) int {
	dir, remove, err := child.TempDir("recgate-bench-")
	if err == nil {
		defer remove() //nolint:errcheck // a leftover in the temporary folder harms nobody
		err = os.Setenv(buildFolder, dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return run()
}

// gateway is a recgate serve as a process of its own.
type gateway struct {
	process
	base string // http://host:port
	dir  string
}

// database and archive are where a gateway of a folder keeps what it has.
func database(dir string) string { return "sqlite:" + filepath.Join(dir, "recgate.db") }
func archive(dir string) string  { return filepath.Join(dir, "archive") }

// serve starts a gateway on the database and the archive in dir. pbx are the
// lines of YAML below the name of its only PBX.
func serve(b *testing.B, dir, pbx string) gateway {
	b.Helper()
	path, err := binary()
	if err != nil {
		b.Fatal(err)
	}
	return serveWith(b, path, dir, pbx)
}

// serveWith is serve by the recgate at path.
func serveWith(b *testing.B, path, dir, pbx string) gateway {
	b.Helper()
	listen := port.Address(b)
	config := writeConfig(b, dir, listen, pbx)
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if text, err := os.ReadFile(log.Name()); b.Failed() && err == nil {
			b.Logf("end of the log of recgate:\n%s", text[max(0, len(text)-4000):])
		}
		_ = log.Close()
	})
	cmd := exec.Command(path, "serve", "--config", config)
	cmd.Stdout, cmd.Stderr = log, log
	g := gateway{launch(b, cmd), "http://" + listen, dir}
	ready := "/readyz"
	if pbx == noPBX {
		ready = "/healthz"
	}
	awaitStatus(b, g.base+ready, http.StatusOK)
	return g
}

// writeConfig writes the configuration of a gateway on dir.
func writeConfig(b *testing.B, dir, listen, pbx string) string {
	b.Helper()
	config := filepath.Join(dir, "recgate.yaml")
	yaml := fmt.Sprintf("listen: %s\ndatabase: %q\narchive: %q\nlog: json\npbx:\n  - name: pbx1\n%s",
		listen, database(dir), "file:"+archive(dir), pbx)
	if err := os.WriteFile(config, []byte(yaml), 0o600); err != nil {
		b.Fatal(err)
	}
	return config
}

// url is the address of one call of the legacy API.
func (g gateway) url(method string, args ...string) string {
	q := url.Values{"method": {method}}
	for i := 0; i+1 < len(args); i += 2 {
		q.Set(args[i], args[i+1])
	}
	return g.base + endpoint + "?" + q.Encode()
}

// awaitStatus asks until the answer has this status.
func awaitStatus(b *testing.B, url string, status int) {
	b.Helper()
	await(b, url, func() bool {
		r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, url, nil)
		if err != nil {
			b.Fatal(err)
		}
		answer, err := patient.Do(r)
		if err != nil {
			return false
		}
		_ = answer.Body.Close()
		return answer.StatusCode == status
	})
}

// await polls until is holds, and fails the benchmark after a while.
func await(b *testing.B, what string, is func() bool) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-ctx.Done():
			b.Fatalf("waited in vain: %s", what)
		case <-tick.C:
		}
	}
}
