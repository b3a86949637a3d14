//go:build full

package redteam_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"recgate/fulltest/process"
	"recgate/lab"
)

func TestMain(m *testing.M) { process.Main(m) }

// program is a recgate serve that is attacked.
type program struct {
	*process.Process
	client *http.Client
}

// newProgram starts recgate and waits until it is ready. Its working folder is
// its own, and everything that it may write is in there or in the spool.
func newProgram(t *testing.T, l *lab.Lab, ami, recorder, database, logs string) *program {
	t.Helper()
	dir := t.TempDir()
	if database == "" {
		database = "sqlite:" + filepath.Join(dir, "recgate.db")
	}
	transport := &http.Transport{MaxIdleConnsPerHost: attackers}
	p := &program{
		process.New(t, process.Build(t), dir, fmt.Sprintf("database: %q\narchive: %q\nlog: %s\nlog_level: debug\nlegacy:\n  api_keys: [%s]\n"+
			"pbx:\n  - name: pbx1\n    address: %s\n    username: recorder\n    secret: %s\n    recorder: %s\n    spool: %s\n",
			database, "file:"+filepath.Join(dir, "archive"), logs, apiKey, ami, l.Secret("recorder"), recorder, l.Spool)),
		&http.Client{Timeout: 30 * time.Second, Transport: transport},
	}
	t.Cleanup(transport.CloseIdleConnections)
	p.Start(t)
	return p
}

// runCommand runs another command of recgate, which has to succeed.
func (p *program) runCommand(t *testing.T, args ...string) string {
	t.Helper()
	out, err := p.Command(t, args...)
	if err != nil {
		t.Errorf("recgate %s: %v\n%s", args[0], err, out)
	}
	return out
}
