//go:build full

package operations_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"recgate/fulltest/operations"
)

// scene is a situation of the operation pages. Its play runs the blocks for it.
type scene struct {
	name string
	play func(*testing.T)
}

// scenes are all situations.
var scenes = []scene{
	{"something is wrong", sceneFirstLook},
	{"a PBX proves that it records", sceneProof},
	{"the database is lost, SQLite", sceneDatabaseLost},
	{"the machine is lost, SQLite", sceneMachineLost},
	{"a backup that was damaged is found out", sceneDamagedBackup},
	{"the archive is lost", sceneArchiveLost},
	{"the archive is lost, and its backup has no mark", sceneArchiveWithoutMark},
	{"the archive is lost, and there is no backup", sceneArchiveGone},
	{"the mount of the archive is away", sceneMountAway},
	{"the database is lost, MariaDB", sceneDatabaseLostMariaDB},
	{"keys are made and revoked", sceneKeys},
	{"the certificate is replaced", sceneCertificate},
	{"recgate is behind a proxy", sceneProxy},
	{"recgate is called by a name", sceneHosts},
	{"a PBX is lost", scenePBXLost},
	{"the archive is a bucket", sceneBucket},
	{"the archive moves to a larger disk", sceneArchiveMoves},
}

// ran holds the names of the blocks that scenes have run.
var ran sync.Map

// TestPages plays every scene, and demands that every block of the pages was
// run: here, or by a test of another folder that names it.
func TestPages(t *testing.T) {
	var played atomic.Int64
	t.Run("scenes", func(t *testing.T) {
		for _, s := range scenes {
			t.Run(s.name, func(t *testing.T) {
				t.Parallel() // each has a machine of its own
				s.play(t)
				played.Add(1)
			})
		}
	})
	if int(played.Load()) < len(scenes) { // some failed, or only some were asked for
		t.Log("not all scenes were played: the blocks are not counted")
		return
	}
	elsewhere := blocksRunElsewhere(t)
	for _, b := range operations.Blocks(t) {
		if _, here := ran.Load(b.Name); !here && !elsewhere[b.Name] {
			t.Errorf("no scene runs the block %q of the operation pages", b.Name)
		}
	}
}

var namedBlock = regexp.MustCompile(`operations\.Block\(t, "([a-z0-9-]+)"\)`)

// blocksRunElsewhere reads from the sources which blocks tests of other folders run.
func blocksRunElsewhere(t *testing.T) map[string]bool {
	t.Helper()
	files, err := filepath.Glob("../*/*_test.go")
	if err != nil || len(files) == 0 {
		t.Fatal("no tests found", err)
	}
	names := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range namedBlock.FindAllStringSubmatch(string(text), -1) {
			names[m[1]] = true
		}
	}
	return names
}

var (
	inline   = regexp.MustCompile("`([^`\n]+)`")
	command  = regexp.MustCompile(`^(sudo |\./)?(apt|apt-get|asterisk|cat|chmod|chown|cp|curl|dpkg|find|haproxy|install|journalctl|ls|mariadb|mariadb-dump|mount|mv|mysql|mysqldump|nginx|openssl|recgate|rm|rsync|runuser|sed|sqlite3|systemctl|touch) \S`)
	onlyName = regexp.MustCompile(`^recgate [a-z]+$`) // a command of ours that is spoken of
)

// TestCommandsAreInBlocks: a command between backticks is not run, so it has
// to be part of a block.
func TestCommandsAreInBlocks(t *testing.T) {
	var blocks strings.Builder
	for _, b := range operations.Blocks(t) {
		blocks.WriteString(b.Text)
	}
	for _, m := range inline.FindAllStringSubmatch(operations.Prose(t), -1) {
		if command.MatchString(m[1]) && !onlyName.MatchString(m[1]) && !strings.Contains(blocks.String(), m[1]) {
			t.Errorf("the operation pages have the command %q in their text and in no block: no test runs it", m[1])
		}
	}
}
