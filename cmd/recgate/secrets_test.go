package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"recgate/internal/child"
	"recgate/internal/port"
)

// The secrets of this test, one for each place that has one. All begin alike.
const (
	secretMark    = "hunter2-"
	secretAMI     = secretMark + "ami"
	secretKey     = secretMark + "api-key"
	secretDB      = secretMark + "database"
	secretArchive = secretMark + "archive"
	secretWrong   = secretMark + "guessed"
)

// leaks collects all that the program lets out.
type leaks struct {
	t   *testing.T
	all []string
	// keys are those that recgate key add has printed, which may be nowhere else.
	keys []string
}

func (x *leaks) note(where, text string) {
	x.t.Helper()
	x.all = append(x.all, where+"\n"+text)
}

// run runs a command to its end, whatever that is.
func (x *leaks) run(dir string, env []string, args ...string) result {
	x.t.Helper()
	got := recgate(x.t, dir, env, args...)
	if len(args) > 1 && args[0] == "key" && args[1] == "add" && got.code == 0 {
		x.keys = append(x.keys, strings.TrimSpace(got.stdout))
		got.stdout = ""
	}
	x.note(fmt.Sprint(args, env), got.stdout+got.stderr)
	return got
}

// wantNone demands that no secret is in what was told.
func (x *leaks) wantNone() {
	x.t.Helper()
	for _, text := range x.all {
		// The names of what was run hold none; the secrets of the environment do.
		_, text, _ = strings.Cut(text, "\n")
		for _, secret := range append([]string{secretMark, url.QueryEscape(secretMark)}, x.keys...) {
			if i := strings.Index(text, secret); i >= 0 {
				x.t.Errorf("%q is told: ...%s", secret, text[max(0, i-200):min(len(text), i+100)])
			}
		}
	}
	if len(x.all) < 40 || len(x.keys) < 2 {
		x.t.Errorf("only %d texts were looked at, with %d keys", len(x.all), len(x.keys))
	}
}

// TestSecretsStayOutOfSight: with secrets in every place that has one, every
// command is run, in every state that the rest can be in, and nothing that
// the program prints, logs, answers or shows of its process has one.
func TestSecretsStayOutOfSight(t *testing.T) {
	t.Parallel()
	sim, spool := newSim(t, 22)
	x := &leaks{t: t}
	common := fmt.Sprintf("log_level: debug\nlegacy: {api_keys: [%s]}\npprof: %s\n", secretKey, port.Address(t))
	pbx := func(address, secret string) string {
		return fmt.Sprintf("pbx: [{name: pbx1, address: %q, username: recorder, secret: %s, spool: %s}]\n", address, secret, spool)
	}
	bucket := fmt.Sprintf("archive: s3://b/p?endpoint=http://127.0.0.1:1\narchive_access_key: %s\narchive_secret_key: %s\n", secretArchive, secretArchive)
	for name, text := range map[string]string{
		"good":                  "listen: 127.0.0.1:0\n" + common + pbx(sim.Addr(), "recorder-secret"),
		"a wrong secret":        "listen: 127.0.0.1:0\n" + common + pbx(sim.Addr(), secretAMI),
		"a PBX that is none":    "listen: 127.0.0.1:0\n" + common + pbx(noPBX(t), secretAMI),
		"a database away":       "database: mysql://root:" + secretDB + "@127.0.0.1:1/recgate\n" + common + pbx(sim.Addr(), secretAMI),
		"a database that isn't": "database: postgres://root:" + secretDB + "@127.0.0.1:1/recgate\n" + common + pbx(sim.Addr(), secretAMI),
		"a database misspelt":   "database: mysql://root:" + secretDB + "@:/\n" + common + pbx(sim.Addr(), secretAMI),
		"a bucket away":         bucket + common + pbx(sim.Addr(), secretAMI),
		"a bucket with its key": "archive: s3://" + secretArchive + ":" + secretArchive + "@b/p\n" + common + pbx(sim.Addr(), secretAMI),
		"no YAML":               "database: [mysql://root:" + secretDB + "@127.0.0.1:1/recgate\n" + common + pbx(sim.Addr(), secretAMI),
		"a key misspelt":        common + "secrets: {x: " + secretAMI + "}\n" + pbx(sim.Addr(), secretAMI),
		"keys as a text":        "legacy: {api_keys: " + secretKey + "}\n" + pbx(sim.Addr(), secretAMI),
		"TLS with a bad key":    "tls: {cert: recgate.yaml, key: recgate.yaml}\n" + common + pbx(sim.Addr(), secretAMI),
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "recgate.yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{
			{"check"}, {"migrate"}, {"ledger"}, {"explain", "1.1"}, {"key", "add", "crm"}, {"key", "list"}, {"key", "revoke", "crm"},
		} {
			x.run(dir, nil, append(args, "--config", "recgate.yaml")...)
		}
		if name == "good" || name == "a wrong secret" {
			x.serve(dir)
			continue
		}
		if name != "a PBX that is none" && name != "a bucket away" { // those two serve
			x.run(dir, nil, "serve", "--config", "recgate.yaml")
		}
	}
	x.run(t.TempDir(), []string{"RECGATE_PBX_0_SECRET=" + secretAMI, "RECGATE_DATABASE=" + secretDB, "RECGATE_LEGACY_API_KEYS=a," + secretKey + " x"}, "check", "--config", "/dev/null")
	x.wantNone()
}

// serve runs the program, calls it with right and wrong keys, and looks at it
// from outside.
func (x *leaks) serve(dir string) {
	x.t.Helper()
	key := x.run(dir, nil, "key", "add", "web", "--config", "recgate.yaml")
	if key.code != 0 {
		x.t.Fatal(key.stderr)
	}
	ctx, cancel := context.WithTimeout(x.t.Context(), patience)
	defer cancel()
	cmd := program(ctx, dir, nil, "serve", "--config", "recgate.yaml")
	log := &journal{}
	cmd.Stdout, cmd.Stderr = log, log
	serve, err := child.Start(cmd)
	if err != nil {
		x.t.Fatal(err)
	}
	var base, profiles string
	await(x.t, "it serves", func() bool {
		for _, line := range log.lines(x.t, 0) {
			switch line["msg"] {
			case "recgate serves":
				base = "http://" + line["listen"].(string)
			case "profiles are served":
				profiles = "http://" + line["listen"].(string)
			}
		}
		return base != "" && profiles != ""
	})
	good := x.keys[len(x.keys)-1]
	for _, k := range []string{good, secretKey, secretWrong, good + secretWrong} {
		q := "&extenOrUniqueId=410&tag=x&username=x&apiKey=" + url.QueryEscape(k)
		for _, target := range []string{
			path + "?method=start" + q, path + "?method=retrieve" + q, path + "?method=none" + q, path + "?method=start&tag=%zz" + q,
			path + "/other?method=start" + q, "/nowhere?" + q, "/%zz?" + q, path + "?wsdl" + q, path + "?" + q,
		} {
			x.ask(base+target, "")
			x.ask(base+target, k)
		}
	}
	for _, target := range []string{"/metrics", "/readyz", "/healthz"} {
		x.ask(base+target, secretKey)
	}
	x.ask(profiles+"/debug/pprof/", "")
	x.ask(profiles+"/debug/pprof/cmdline", "")
	for _, file := range []string{"cmdline", "comm"} {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", cmd.Process.Pid, file))
		if err != nil {
			x.t.Fatal(err)
		}
		x.note(file, string(text))
	}
	if err := serve.End(syscall.SIGTERM, patience); err != nil {
		x.t.Errorf("it ended badly: %v\n%s", err, log.String())
	}
	x.note("log", log.String())
	for _, pattern := range []string{"recgate.db*"} { // the key is nowhere in the database
		files, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil || len(files) == 0 {
			x.t.Error("no database is there", err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil || bytes.Contains(text, []byte(good)) {
				x.t.Errorf("%s holds the key, %v", file, err)
			}
		}
	}
}

// ask makes a request, with a key as password or without, and keeps the answer.
func (x *leaks) ask(target, password string) {
	x.t.Helper()
	r, err := http.NewRequestWithContext(x.t.Context(), http.MethodGet, "http://x", http.NoBody)
	if err != nil {
		x.t.Fatal(err)
	}
	at, rest, _ := strings.Cut(strings.TrimPrefix(target, "http://"), "/")
	r.URL = &url.URL{Scheme: "http", Host: at, Opaque: "/" + rest} // as it is, bad escapes too
	r.Close = true
	if password != "" {
		r.SetBasicAuth("crm", password)
	}
	res, err := (&http.Client{Timeout: patience}).Do(r)
	if err != nil {
		x.t.Fatalf("%s: %v", target, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		x.t.Fatal(err)
	}
	x.note("answer", fmt.Sprint(res.Status, res.Header)+string(body))
}
