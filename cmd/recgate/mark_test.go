package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"recgate/recording"
)

// file writes the office's configuration for other commands, and returns its path.
func (o *office) file(t *testing.T) string {
	t.Helper()
	p := o.cfg.PBX[0]
	path := filepath.Join(t.TempDir(), "recgate.yaml")
	text := "listen: 127.0.0.1:0\ndatabase: " + o.cfg.Database.Reveal() + "\narchive: " + o.cfg.Archive +
		"\npbx:\n  - name: pbx1\n    address: " + p.Address + "\n    username: recorder\n    secret: recorder-secret\n    spool: " + p.Spool + "\n    mount: " + p.Mount + "\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// record makes a recording of a call that has ended.
func (o *office) record(t *testing.T, tag string) {
	t.Helper()
	call := o.call(t, "410", "411")
	o.want(t, http.StatusOK, nil, "start", "extenOrUniqueId", "410", "tag", tag)
	call.Hangup()
	await(t, "the hangup to be noted", func() bool { rec, _ := o.byTag(t, tag); return rec.State != recording.Running })
}

// unmount takes the archive away and leaves the empty folder of its mount
// point; the returned function mounts it again, over what is there.
func (o *office) unmount(t *testing.T) (mount func()) {
	t.Helper()
	folder := strings.TrimPrefix(o.cfg.Archive, "file:")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.Rename(folder, folder+"-away"))
	must(os.Mkdir(folder, 0o750))
	return func() {
		t.Helper()
		below, err := os.ReadDir(folder)
		must(err)
		if len(below) > 0 {
			t.Errorf("the folder below the mount holds %v", below)
		}
		must(os.RemoveAll(folder))
		must(os.Rename(folder+"-away", folder))
	}
}

// While the mount of the archive is away, no command writes below it, and a
// finished recording waits in the spool, also after a restart.
func TestMountIsAway(t *testing.T) {
	t.Parallel()
	for name, meanwhile := range map[string]func(*testing.T, *office){
		"check": func(t *testing.T, o *office) { recgate(t, t.TempDir(), nil, "check", "--config", o.file(t)) },
		"ledger": func(t *testing.T, o *office) {
			if got := recgate(t, t.TempDir(), nil, "ledger", "--unexplained", "--config", o.file(t)); got.code != 1 || !strings.Contains(got.stdout, "archive: it cannot be read") {
				t.Errorf("the ledger says %+v", got)
			}
		},
		"restart": func(t *testing.T, o *office) {
			o.end()
			o.open(t)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, 22, nil)
			o.record(t, "before")
			o.inState(t, "before", recording.Ready)
			mount := o.unmount(t)
			meanwhile(t, o)
			o.record(t, "during")
			await(t, "a try to collect it", func() bool {
				return strings.Contains(o.send(t, http.MethodGet, "/metrics", "", nil).body, "recgate_collect_retries_total") &&
					!strings.Contains(o.send(t, http.MethodGet, "/metrics", "", nil).body, "recgate_collect_retries_total 0")
			})
			if len(o.spool(t)) == 0 {
				t.Error("the spool file of a recording that is not archived is gone")
			}
			for _, tag := range []string{"before", "during"} {
				o.want(t, http.StatusServiceUnavailable, []string{"the folder of the archive is not the archive"}, "retrieve", "tag", tag, "username", "fred")
			}
			if got := o.send(t, http.MethodGet, "/readyz", "", nil); got.status != http.StatusServiceUnavailable || !strings.Contains(got.body, "away archive: the folder of the archive is not the archive") {
				t.Errorf("/readyz says %d %s", got.status, got.body)
			}
			mount()
			o.inState(t, "during", recording.Ready)
			for _, tag := range []string{"before", "during"} {
				o.want(t, http.StatusOK, nil, "retrieve", "tag", tag, "username", "fred")
			}
			await(t, "/readyz to be green", func() bool { return o.send(t, http.MethodGet, "/readyz", "", nil).status == http.StatusOK })
		})
	}
}

// check and ledger make nothing on a machine where recgate never ran.
func TestCheckMakesNothing(t *testing.T) {
	t.Parallel()
	c := newCheckSetup(t, 22)
	for _, command := range [][]string{{"check"}, {"ledger"}, {"ledger", "--unexplained"}, {"explain", "22"}, {"key", "list"}, {"key", "revoke", "crm"}} {
		if command[0] == "check" {
			if got := c.run(t); got.code != 0 {
				t.Errorf("check says %d:\n%s%s", got.code, got.stdout, got.stderr)
			}
		} else {
			recgate(t, c.dir, nil, append(command, "--config", filepath.Join(c.dir, "recgate.yaml"))...)
		}
		all, err := os.ReadDir(c.dir)
		if err != nil || len(all) != 1 || all[0].Name() != "recgate.yaml" {
			t.Errorf("after %v there are %v, %v", command, all, err)
		}
	}
}
