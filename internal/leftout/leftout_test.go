package leftout_test

import (
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
)

// tagged is the first line of a test that the plain run leaves out. One that
// needs another tag as well is not in "make test" either.
var tagged = regexp.MustCompile(`^//go:build full(?: && (\w+))?\n`)

// needs says for each folder with tests behind the tag full, and behind another
// one, what they need.
var needs = map[string]string{
	"bench":                "Asterisk 16 and 22; only benchmarks, and only when asked for",
	"lab":                  "Asterisk 16 and 22, unpacked from Debian's packages",
	"cmd/recgate":          "15 s, until a dead connection is found out",
	"store":                "root, who may mount a small disk and give files away",
	"blob":                 "root, who may give files away",
	"fulltest/asterisk":    "Asterisk 16 and 22 with real calls",
	"fulltest/chaos":       "Asterisk 16 and 22, a MariaDB server, and root, who may mount small disks",
	"fulltest/check":       "Asterisk 16 and 22, and a MariaDB server",
	"fulltest/deb":         "a small Debian made by debootstrap, and root",
	"fulltest/flood":       "12,000 open files, for 10,000 connections",
	"fulltest/galera":      "a MariaDB Galera cluster of three nodes, and Asterisk 22",
	"fulltest/mariadb":     "a MariaDB server",
	"fulltest/operations":  "sqlite3, rsync, and a MariaDB server",
	"fulltest/s3":          "versitygw, an S3 server",
	"fulltest/redteam":     "Asterisk 16 and 22 with real calls, and a MariaDB server",
	"fulltest/soapclients": "PHP, zeep, node and curl",
	"fulltest/watching":    "promtool",

	"fulltest/galera, former": "the program of a former version; only with 'make replace'",
}

func TestLeftOutOfThePlainRun(t *testing.T) {
	root := os.DirFS("../..")
	found := map[string]bool{}
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, "_test.go") {
			return err
		}
		text, err := fs.ReadFile(root, name)
		switch m := tagged.FindSubmatch(text); {
		case m != nil && len(m[1]) > 0:
			found[path.Dir(name)+", "+string(m[1])] = true
		case m != nil:
			found[path.Dir(name)] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) == 0 {
		t.Error("no test behind the tag full was found: is the tag spelled otherwise now?")
	}
	t.Log("left out without -tags full; run 'make test' for all of it:")
	for folder := range found {
		need := needs[folder]
		if need == "" {
			t.Errorf("%s has tests behind the tag full: say in needs what for", folder)
		}
		t.Logf("  %s: %s", folder, need)
	}
}
