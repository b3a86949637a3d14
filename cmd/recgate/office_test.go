package main

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"recgate/asterisk/sim"
	"recgate/config"
	waiting "recgate/internal/await"
	"recgate/internal/child"
	"recgate/recording"
)

// patience is how long a test waits for what has to come.
const patience = time.Minute

// promise is how long any answer may take. The product's own is 5 s; the rest
// is for machines that are busy with other tests.
const promise = 9 * time.Second

// office is a simulated Asterisk and all of recgate in front of it, in this
// process, as serve builds it.
type office struct {
	*gateway
	sim     *sim.Server
	cfg     config.Config
	base    string // http://127.0.0.1:PORT
	journal *journal
	client  *http.Client
	end     func() // a graceful stop; it may be called again
}

// newOffice starts everything; edit may change the configuration.
func newOffice(t *testing.T, version int, edit func(*config.Config)) *office {
	t.Helper()
	server, spool := newSim(t, version)
	dir := t.TempDir()
	cfg := config.Default()
	cfg.Listen = "127.0.0.1:0"
	cfg.Database = config.Secret("sqlite:" + filepath.Join(dir, "recgate.db"))
	cfg.Archive = "file:" + filepath.Join(dir, "archive")
	cfg.PBX = []config.PBX{pbxOf(server, spool)}
	cfg.PBX[0].VerifyStart = 300 * time.Millisecond
	if edit != nil {
		edit(&cfg)
	}
	if err := cfg.Check(); err != nil {
		t.Fatal(err)
	}
	o := &office{sim: server, cfg: cfg, client: &http.Client{Transport: &http.Transport{}, Timeout: patience}}
	t.Cleanup(o.client.CloseIdleConnections)
	o.open(t)
	// Once an event was heard, the channels are listed every five minutes only.
	hello, err := server.Call("599", "598", sim.CallOptions{})
	if err != nil {
		t.Fatal(err)
	}
	hello.Hangup()
	await(t, "all connections to the PBXs", func() bool {
		missing := 0
		for _, p := range cfg.PBX {
			missing += 1 + p.ActionConnections
		}
		for _, line := range o.journal.lines(t, 0) {
			if line["msg"] == "connected to the PBX" {
				missing--
			}
		}
		return missing <= 0
	})
	return o
}

// newSim starts a simulated Asterisk with accounts of different rights.
func newSim(t *testing.T, version int) (server *sim.Server, spool string) {
	t.Helper()
	spool = t.TempDir()
	server, err := sim.New(sim.Options{
		Version: version, Spool: spool, Refusal: time.Millisecond,
		Users: []sim.User{
			{Name: "recorder", Secret: "recorder-secret", Read: "call,cdr", Write: "call,system"},
			{Name: "systemonly", Secret: "systemonly-secret", Read: "call", Write: "system"},
			{Name: "callonly", Secret: "callonly-secret", Read: "call", Write: "call"},
			{Name: "tester", Secret: "tester-secret", Read: "call", Write: "call,system,originate"},
			{Name: "onlyonce", Secret: "onlyonce-secret", Read: "call", Write: "call,system", Once: true},
			{Name: "watcher", Secret: "watcher-secret", Read: "call,cdr"},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	runInBackground(t, server.Run)
	return server, spool
}

func pbxOf(server *sim.Server, spool string) config.PBX {
	p := config.DefaultPBX()
	p.Name, p.Address, p.Username, p.Secret = "pbx1", server.Addr(), "recorder", "recorder-secret"
	p.Spool, p.Mount = spool, spool
	return p
}

// runInBackground runs a part until the test or the returned function ends it.
func runInBackground(t *testing.T, run func(context.Context) error) (end func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- run(ctx) }()
	end = sync.OnceFunc(func() {
		cancel()
		if err := waiting.From(t, "a part of recgate to end", ended); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(end)
	return end
}

// open builds recgate again and waits until it serves and is ready.
func (o *office) open(t *testing.T) {
	t.Helper()
	o.journal = &journal{}
	g, err := build(t.Context(), o.cfg, newLog(o.journal, "json", slog.LevelInfo))
	if err != nil {
		t.Fatal(err)
	}
	o.gateway = g
	ready := make(chan struct{})
	o.end = runInBackground(t, func(ctx context.Context) error {
		defer g.close()
		return g.run(ctx, func() { close(ready) })
	})
	select {
	case <-ready:
	case <-time.After(patience):
		t.Fatalf("recgate is not ready:\n%s", o.journal.String())
	}
	for _, line := range o.journal.lines(t, 0) {
		if line["msg"] == "recgate serves" {
			o.base = "http://" + line["listen"].(string)
		}
	}
}

const path = "/servicemanager/services/njadmin-api-recording"

// answer is what a caller got.
type answer struct {
	status int
	body   string
	header http.Header
}

// send makes a request within the promised time.
func (o *office) send(t *testing.T, method, target, contentType string, body io.Reader) answer {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), promise)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, o.base+target, body)
	if err != nil {
		t.Fatal(err)
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	got, err := o.client.Do(r)
	if err != nil {
		t.Fatalf("%s %.200s: %v", method, target, err)
	}
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	if err != nil {
		t.Fatalf("%s %.200s: %v", method, target, err)
	}
	return answer{got.StatusCode, string(text), got.Header}
}

// ask calls a method by GET, with arguments in pairs.
func (o *office) ask(t *testing.T, method string, args ...string) answer {
	t.Helper()
	q := url.Values{"method": {method}}
	for i := 0; i+1 < len(args); i += 2 {
		q.Set(args[i], args[i+1])
	}
	return o.send(t, http.MethodGet, path+"?"+q.Encode(), "", nil)
}

// want asks, and demands a status and parts of the answer.
func (o *office) want(t *testing.T, status int, parts []string, method string, args ...string) answer {
	t.Helper()
	got := o.ask(t, method, args...)
	if got.status != status {
		t.Fatalf("%s %.200q: status %d, want %d: %.400s", method, args, got.status, status, got.body)
	}
	for _, part := range parts {
		if !strings.Contains(got.body, part) {
			t.Errorf("%s %.200q: %.400s lacks %q", method, args, got.body, part)
		}
	}
	return got
}

// call begins a call that is answered at once.
func (o *office) call(t *testing.T, from, to string) *sim.Call {
	t.Helper()
	c, err := o.sim.Call(from, to, sim.CallOptions{})
	if err != nil {
		t.Fatal(err)
	}
	await(t, from+" to be known", func() bool {
		found, err := o.pbxs[0].Switch.Find(t.Context(), recording.Target{Text: from, Name: from})
		return err == nil && len(found) > 0 && found[0].Bridge != ""
	})
	return c
}

// await polls until something is so.
func await(t *testing.T, what string, is func() bool) {
	t.Helper()
	for limit := time.Now().Add(patience); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// actions are what the PBX was asked, but for what is asked by the clock and
// holds nothing of anybody: pings and listings.
func (o *office) actions() []sim.Action {
	var all []sim.Action
	for _, a := range o.sim.Actions() {
		name := a.Get("Action")
		if byClock := name == "Ping" || name == "CoreShowChannels"; !byClock || len(a.Headers) != 2 {
			all = append(all, a)
		}
	}
	return all
}

// sums are the ledger of all time.
func (o *office) sums(t *testing.T) []recording.Sum {
	t.Helper()
	sums, err := o.db.Sums(t.Context(), time.Time{}, time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	return sums
}

// spool lists the files that the PBX wrote.
func (o *office) spool(t *testing.T) []string {
	t.Helper()
	files, err := os.ReadDir(o.cfg.PBX[0].Mount)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range files {
		names = append(names, f.Name())
	}
	return names
}

// byTag returns the newest recording with a tag.
func (o *office) byTag(t *testing.T, tag string) (recording.Recording, bool) {
	t.Helper()
	found, err := o.db.ByTag(t.Context(), tag, 1)
	if err != nil {
		t.Fatal(err)
	}
	if len(found) == 0 {
		return recording.Recording{}, false
	}
	rec, err := o.db.Get(t.Context(), found[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	return rec, true
}

// inState waits until the newest recording with the tag is in a state.
func (o *office) inState(t *testing.T, tag string, state recording.State) recording.Recording {
	t.Helper()
	var rec recording.Recording
	await(t, tag+" to be "+string(state), func() bool {
		rec, _ = o.byTag(t, tag)
		return rec.State == state
	})
	return rec
}

// journal collects what is logged, as lines of JSON.
type journal struct{ child.Buffer }

// lines are the entries after the first few.
func (j *journal) lines(t *testing.T, after int) []map[string]any {
	t.Helper()
	var all []map[string]any
	for line := range strings.Lines(j.String()) {
		entry := map[string]any{}
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Fatalf("the log has the line %q: %v", line, err)
		}
		all = append(all, entry)
	}
	return all[min(after, len(all)):]
}
