//go:build full

package galera

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"recgate/fulltest/operations"
	"recgate/fulltest/process"
	"recgate/lab"
)

func TestMain(m *testing.M) { process.Main(m) }

// place is what two gateways share.
type place struct {
	lab     *lab.Lab
	archive string
}

// program is the path of recgate, built with the race detector.
func program(t *testing.T) string {
	t.Helper()
	return process.Build(t, "-race")
}

// newGateway writes a configuration; database is its setting.
func newGateway(t *testing.T, database string, at place) *process.Process {
	t.Helper()
	// The lines of the page for operators, for three nodes on one machine.
	yaml := strings.NewReplacer("mysql://recgate:PASSWORD@192.0.2.21:3306,192.0.2.23:3306/recgate", database, "/srv/recgate/archive", at.archive).
		Replace(operations.Block(t, "two-gateways"))
	yaml += fmt.Sprintf("log: text\npbx:\n  - name: pbx1\n    address: %s\n    username: recorder\n    secret: %s\n    spool: %s\n",
		at.lab.AMI, at.lab.Secret("recorder"), at.lab.Spool)
	return process.New(t, program(t), t.TempDir(), yaml)
}

// triedFor is how long one gateway is waited for: shorter than by the balancer
// of the page, or a call would be over before the other one is asked.
const triedFor = 3 * time.Second

// ask calls a method of the legacy endpoint through a pair of gateways, as a
// load balancer does: the one whose turn it is, then the other, again after a
// moment while the answer is that something is away, or while there is none.
// left is how many tries were given up without an answer: a gateway that stood
// still may do what they ask for when it goes on.
func ask(ctx context.Context, pair [2]string, turn int, method string, args ...string) (status int, body string, left int) {
	for ctx.Err() == nil {
		trying, cancel := context.WithTimeout(ctx, triedFor)
		status, body = process.Fetch(trying, pair[turn%2]+process.Query(method, args...))
		cancel()
		if status != 0 && status < http.StatusInternalServerError {
			return status, body, left
		}
		if status == 0 {
			left++
		}
		turn++
		select {
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
		}
	}
	return status, body, left
}

// decodeWAV is what retrieve gave.
func decodeWAV(body string) ([]byte, error) { return base64.StdEncoding.DecodeString(body) }
