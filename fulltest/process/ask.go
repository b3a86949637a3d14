package process

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"os/exec"
	"testing"
	"time"

	"recgate/internal/await"
	"recgate/internal/child"
)

// Endpoint is the path of the legacy API.
const Endpoint = "/servicemanager/services/njadmin-api-recording"

// longestAnswer is how long a question waits at most.
const longestAnswer = time.Minute

// Fetch asks for a path. Without an answer the status is 0, and the body says
// why.
func (p *Process) Fetch(ctx context.Context, path string) (status int, body string) {
	return Fetch(ctx, p.Base+path)
}

// Fetch asks for a URL, as [Process.Fetch] does for a path.
func Fetch(ctx context.Context, address string) (status int, body string) {
	ctx, cancel := context.WithTimeout(ctx, longestAnswer)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return 0, err.Error()
	}
	r.Close = true // recgate may be another process the next time
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err.Error()
	}
	defer answer.Body.Close() //nolint:errcheck // was read
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0, err.Error()
	}
	return answer.StatusCode, string(text)
}

// Ask calls a method of the legacy API by GET; args are names and values.
func (p *Process) Ask(ctx context.Context, method string, args ...string) (status int, body string) {
	return p.Fetch(ctx, Query(method, args...))
}

// Query is the path of a call of the legacy API by GET, with its arguments.
func Query(method string, args ...string) string {
	q := url.Values{"method": {method}}
	for i := 0; i+1 < len(args); i += 2 {
		q.Set(args[i], args[i+1])
	}
	return Endpoint + "?" + q.Encode()
}

// AwaitReady waits until it says that it is ready.
func (p *Process) AwaitReady(t testing.TB) {
	t.Helper()
	said := ""
	p.Await(t, "recgate to be ready", func() bool {
		status, body := p.Fetch(t.Context(), "/readyz")
		if body != said && status != http.StatusOK {
			t.Logf("not ready yet: %d %s", status, body)
		}
		said = body
		return status == http.StatusOK
	})
}

// Command runs another command of recgate on the same configuration, and
// returns all that it prints.
func (p *Process) Command(t testing.TB, args ...string) (string, error) {
	t.Helper()
	cmd := exec.Command(p.binary, append(args, "--config", p.Config())...) //nolint:noctx // child ends it
	cmd.Dir = p.Dir
	return child.Output(patience, cmd)
}

// Await polls until it is so, as await.Until does.
func (p *Process) Await(t testing.TB, what string, is func() bool) {
	t.Helper()
	await.Until(t, what, is)
}
