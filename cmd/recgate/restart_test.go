package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"recgate/asterisk/sim"
	"recgate/internal/child"
	"recgate/internal/port"
	"recgate/recording"
)

// TestGracefulStop leaves the recording running, and the next start takes it
// over: the other party can stop it.
func TestGracefulStop(t *testing.T) {
	t.Parallel()
	for _, recorder := range []string{"mixmonitor", "monitor"} {
		t.Run(recorder, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, 16, nil)
			o.end()
			o.cfg.PBX[0].Recorder = recorder
			o.open(t)
			call := o.call(t, "410", "411")
			o.want(t, http.StatusOK, nil, "start", "extenOrUniqueId", "410", "tag", "22")
			o.end()
			for _, a := range o.actions() {
				if strings.HasPrefix(a.Get("Action"), "Stop") || a.Get("Action") == "Logoff" {
					t.Errorf("at its end recgate asked %v", a)
				}
			}
			o.open(t)
			o.want(t, http.StatusOK, nil, "start", "extenOrUniqueId", "410", "tag", "23") // adds a tag
			o.want(t, http.StatusOK, nil, "stop", "extenOrUniqueId", "411")
			call.Hangup()
			if rec := o.awaitSettled(t, "22"); rec.State != recording.Ready || len(rec.Tags) != 2 || rec.Recorder != recorder {
				t.Errorf("%s by %s: %s, tags %q", rec.State, rec.Recorder, rec.Reason, rec.Tags)
			}
			o.want(t, http.StatusOK, nil, "retrieve", "tag", "23", "username", "fred")
			if sums := o.sums(t); len(sums) != 1 || sums[0].Count != 1 {
				t.Errorf("ledger %v", sums)
			}
		})
	}
}

// TestEndsWhileDown: the call ends while recgate does not run; its recording
// is collected at the next start.
func TestEndsWhileDown(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 22, nil)
	call := o.call(t, "410", "411")
	o.want(t, http.StatusOK, nil, "start", "extenOrUniqueId", "410", "tag", "22")
	o.end()
	call.Hangup()
	o.open(t)
	if rec := o.awaitSettled(t, "22"); rec.State != recording.Ready {
		t.Errorf("%s: %s", rec.State, rec.Reason)
	}
	o.want(t, http.StatusOK, nil, "retrieve", "tag", "22", "username", "fred")
}

// TestPBXClosesItsFileLate: what Asterisk writes seconds after the end is not
// cut off. It is not closed while it stands still for longer than a killed
// Asterisk was waited for once.
func TestPBXClosesItsFileLate(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 22, nil)
	call := o.call(t, "410", "411")
	o.want(t, http.StatusOK, nil, "start", "extenOrUniqueId", "410", "tag", "22")
	began := time.Now()
	o.sim.Misbehave(sim.Misbehaviour{Kind: sim.SlowClose, Delay: 6 * time.Second})
	await(t, "more sound than the first that is written", func() bool { return time.Since(began) > 3*time.Second })
	call.Hangup()
	asked := time.Since(began)
	rec := o.awaitSettled(t, "22")
	if rec.State != recording.Ready || rec.Reason.String() != "the channel hung up" || rec.Duration < asked-500*time.Millisecond {
		t.Errorf("%s (%s) with %v of %v", rec.State, rec.Reason, rec.Duration, asked)
	}
	await(t, "the spool to be empty", func() bool { return len(o.spool(t)) == 0 })
}

// TestStopWhileStarting: who is told to end before it serves has not failed.
func TestStopWhileStarting(t *testing.T) {
	t.Parallel()
	s := newServing(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, err strings.Builder
	if code := run(ctx, process{args: []string{"serve", "--config", s.file}, stdout: &out, stderr: &err}); code != 0 {
		t.Errorf("exit code %d: %s", code, err.String())
	}
}

// serving is recgate serve as a process.
type serving struct {
	*office
	file string
	run  *child.Child // nil while it does not run
	log  *child.Buffer
}

func newServing(t *testing.T) *serving {
	t.Helper()
	server, spool := newSim(t, 22)
	dir, listen := t.TempDir(), port.Address(t)
	s := servingAt(t, listen, filepath.Join(dir, "recgate.yaml"))
	s.sim = server
	yaml := fmt.Sprintf("listen: %s\ndatabase: %q\narchive: %q\npbx:\n  - name: pbx1\n    address: %s\n    username: recorder\n    secret: recorder-secret\n    spool: %s\n",
		listen, "sqlite:"+filepath.Join(dir, "recgate.db"), "file:"+filepath.Join(dir, "archive"), server.Addr(), spool)
	if err := os.WriteFile(s.file, []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	return s
}

// servingAt is a recgate that is not started yet.
func servingAt(t *testing.T, listen, file string) *serving {
	t.Helper()
	s := &serving{office: &office{base: "http://" + listen, client: &http.Client{Transport: &http.Transport{}, Timeout: patience}}, file: file}
	t.Cleanup(s.client.CloseIdleConnections)
	t.Cleanup(func() {
		if s.run != nil {
			s.run.Kill() // a test that failed left it
		}
	})
	return s
}

func (s *serving) start(t *testing.T) {
	t.Helper()
	s.launch(t, nil, "serve", "--config", s.file)
}

// launch starts recgate and waits until it is ready.
func (s *serving) launch(t *testing.T, env []string, args ...string) {
	t.Helper()
	s.log = &child.Buffer{}
	cmd := program(context.WithoutCancel(t.Context()), filepath.Dir(s.file), env, args...)
	cmd.Stdout, cmd.Stderr = s.log, s.log
	var err error
	if s.run, err = child.Start(cmd); err != nil {
		t.Fatal(err)
	}
	await(t, "recgate to be ready", func() bool {
		answer, err := s.client.Get(s.base + "/readyz") //nolint:noctx // it is asked again
		if err != nil {
			return false
		}
		_ = answer.Body.Close() // only the status matters
		return answer.StatusCode == http.StatusOK
	})
}

// stop sends a signal and returns the exit code.
func (s *serving) stop(t *testing.T, with syscall.Signal) int {
	t.Helper()
	var exit *exec.ExitError
	if err := s.run.End(with, patience); err != nil && !errors.As(err, &exit) { // the code says how it ended
		t.Fatalf("%v\n%s", err, s.log)
	}
	code := s.run.Cmd.ProcessState.ExitCode()
	s.run = nil
	s.client.CloseIdleConnections()
	return code
}

// TestProcess: what serve as a process survives, and what ledger says of it.
func TestProcess(t *testing.T) {
	t.Parallel()
	for name, with := range map[string]syscall.Signal{"SIGTERM": syscall.SIGTERM, "SIGINT": syscall.SIGINT, "SIGKILL": syscall.SIGKILL} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServing(t)
			call, err := s.sim.Call("410", "411", sim.CallOptions{})
			if err != nil {
				t.Fatal(err)
			}
			s.start(t)
			s.want(t, http.StatusOK, nil, "start", "extenOrUniqueId", "410", "tag", "22")
			if code := s.stop(t, with); with != syscall.SIGKILL && code != 0 {
				t.Errorf("exit code %d:\n%s", code, s.log)
			}
			s.start(t)
			s.want(t, http.StatusOK, nil, "stop", "extenOrUniqueId", "410")
			ledger := recgate(t, filepath.Dir(s.file), nil, "ledger", "--config", s.file)
			if ledger.code != 0 || !strings.Contains(ledger.stdout, "total") || strings.Contains(ledger.stdout, "total       0") {
				t.Errorf("ledger while recgate runs: %+v", ledger)
			}
			call.Hangup()
			await(t, "the recording", func() bool {
				return s.ask(t, "retrieve", "tag", "22", "username", "fred").status == http.StatusOK
			})
			s.want(t, http.StatusNotFound, nil, "start", "extenOrUniqueId", "999")
			if code := s.stop(t, syscall.SIGTERM); code != 0 || !strings.Contains(s.log.String(), "running recordings continue") {
				t.Errorf("exit code %d:\n%s", code, s.log)
			}
			ledger = recgate(t, filepath.Dir(s.file), nil, "ledger", "--config", s.file)
			for _, part := range []string{"STATE  COUNT  REASON [CODE]\n", "\nready  1      stopped by request [stopped]\n", "\ntotal  1      0 of them still in progress\n"} {
				if !strings.Contains(ledger.stdout, part) {
					t.Errorf("the ledger lacks %q:\n%s%s", part, ledger.stdout, ledger.stderr)
				}
			}
		})
	}
}
