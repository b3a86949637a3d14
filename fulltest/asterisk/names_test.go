//go:build full

package asterisk_test

import (
	"net/http"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"recgate/fulltest/mariadbd"
	"recgate/lab"
)

// TestNames: channels and unique ids are written with what endpoints, the name
// of the system and programs that make calls want, on every recorder and both
// databases, by the whole program.
func TestNames(t *testing.T) {
	for version, system := range map[int]string{16: "PBX Sydney", 22: "büro-1"} {
		t.Run(strconv.Itoa(version), func(t *testing.T) {
			t.Parallel() // each has its own Asterisk, and most of a scene is waiting
			l := lab.Start(t, version, lab.Options{Punctual: true, Spool: filepath.Join(t.TempDir(), "spool"), SystemName: system})
			for _, k := range kinds(version) {
				t.Run(k.recorder+" over "+k.tech, func(t *testing.T) { testNames(t, l, k, system, "") })
			}
			t.Run("MariaDB", func(t *testing.T) {
				testNames(t, l, kind{"mixmonitor", "pjsip"}, system, mariadbd.Start(t).DSN(t))
			})
		})
	}
}

func testNames(t *testing.T, l *lab.Lab, k kind, system, database string) {
	p := newProgram(t, l, settings{recorder: k.recorder, database: database})
	t.Run("the name of the system", func(t *testing.T) {
		l.Hangup()
		testByUniqueID(t, l, k, p)
	})
	for _, id := range []string{"crm-call-4711", system + `, "call" & 'b';é|/1`} {
		t.Run(id, func(t *testing.T) {
			l.Hangup()
			testCallByProgram(t, l, k, p, "410", id)
		})
	}
	for _, name := range lab.OddNames() {
		t.Run(name, func(t *testing.T) {
			l.Hangup()
			testCallByProgram(t, l, k, p, name, "call of "+name)
		})
	}
}

// testCallByProgram records a call that a program made, once by each name of its
// channel.
func testCallByProgram(t *testing.T, l *lab.Lab, k kind, p *program, from, id string) {
	c := l.CallAs(from, "411", id, k.tech)
	for _, target := range []string{id, from, c.CallerChannel} {
		p.want(t, http.StatusOK, "start", "extenOrUniqueId", target, "tag", target)
		time.Sleep(1500 * time.Millisecond) // a telephone that is called says nothing for half a second
		p.want(t, http.StatusOK, "stop", "extenOrUniqueId", target)
	}
	p.want(t, http.StatusNotFound, "stop", "extenOrUniqueId", id)
	l.HangupChannel(id)
	for _, tag := range []string{id, from, c.CallerChannel} {
		wantVoices(t, p.retrieve(t, "retrieve", "tag", tag))
	}
	wantVoices(t, p.retrieve(t, "retrieveByUniqueId", "uniqueId", id))
	wantVoices(t, p.retrieve(t, "retrieveByUniqueId", "uniqueId", c.CalleeUniqueID))
	p.want(t, http.StatusNotFound, "retrieveByUniqueId", "uniqueId", "crm-call-471", "username", "fred")
}
