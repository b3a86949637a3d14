//go:build full

package deb_test

import (
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"recgate/fulltest/operations"
	"recgate/internal/child"
	"recgate/lab"
)

// packageVariable holds the path of the package where the test has become root
// by sudo.
const packageVariable = "DEB_UNDER_TEST"

// TestPackage builds the package and plays its life.
func TestPackage(t *testing.T) {
	built := os.Getenv(packageVariable)
	if built == "" {
		built = build(t, "1.0.0", t.TempDir())
	}
	if os.Geteuid() != 0 {
		again := exec.Command("sudo", "-n", "env", packageVariable+"="+built, "LAB_CACHE="+lab.Cache(t), os.Args[0], "-test.run=^TestPackage$", "-test.v")
		if out, err := child.Output(2*longest, again); err != nil {
			t.Fatalf("as root: %v\n%s", err, out)
		}
		return
	}
	t.Run("lintian", func(t *testing.T) { testPolicy(t, built) })
	t.Run("where there is no Asterisk", func(t *testing.T) { testWithoutRecordings(t, built) })
	t.Run("beside Asterisk", func(t *testing.T) { testWithRecordings(t, built) })
}

// build runs what make deb runs.
func build(t *testing.T, version, dir string) string {
	t.Helper()
	cmd := exec.Command("../../packaging/deb", version, dir)
	cmd.Env = append(os.Environ(), "LAB_CACHE="+lab.Cache(t))
	var out, said strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := child.Run(longest, cmd); err != nil {
		t.Fatalf("packaging/deb: %v\n%s", err, said.String())
	}
	return strings.TrimSpace(out.String())
}

// testPolicy holds the package to Debian's policy, errors and warnings alike.
func testPolicy(t *testing.T, built string) {
	out, err := child.Output(longest, exec.Command("lintian", "--allow-root", "--fail-on", "error,warning", built)) //nolint:noctx // child ends it
	if err != nil {
		t.Errorf("lintian: %v\n%s", err, out)
	}
}

// put copies a package to where the page has it.
func put(t *testing.T, d debian, file, name string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(d.path("/srv/"+name), text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// makeNewerVersion makes the next version of a package, with a sample configuration that
// differs.
func makeNewerVersion(t *testing.T, d debian) {
	t.Helper()
	d.run(t, `cd /srv
dpkg-deb -R recgate_1.0.0_*.deb next
sed -i 's/^Version: .*/Version: 1.1.0/' next/DEBIAN/control
echo '# the next version says more' >> next/etc/recgate/recgate.yaml
(cd next && find etc usr -type f -exec md5sum {} + > DEBIAN/md5sums)
dpkg-deb -Zgzip -z1 -b next . > /dev/null
rm -r next recgate_1.0.0_*.deb`)
}

// agedTo is the version of the schema that the older program left: before API
// keys and the mark of the archive.
const agedTo = 9

// added finds what a migration adds to the schema: a table, or a column of one.
var added = regexp.MustCompile(`(?m)^(?:CREATE TABLE (\w+)|ALTER TABLE (\w+) ADD COLUMN (\w+))`)

// makeOldDatabase makes the database what an older version left. The newer program has to
// bring it up to date, with all that is in it.
func makeOldDatabase(t *testing.T, d debian) {
	t.Helper()
	files, err := filepath.Glob("../../store/migrations/sqlite/*.sql") // in their order
	if err != nil || len(files) <= agedTo {
		t.Fatalf("%d migrations, %v", len(files), err)
	}
	queries := []string{fmt.Sprintf(`DELETE FROM schema_versions WHERE version_id > %d`, agedTo)}
	for _, file := range files[agedTo:] {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, what := range added.FindAllStringSubmatch(string(text), -1) {
			if what[1] != "" {
				queries = append(queries, `DROP TABLE IF EXISTS `+what[1]) // a later one may have dropped it
			} else {
				queries = append(queries, `ALTER TABLE `+what[2]+` DROP COLUMN `+what[3])
			}
		}
	}
	db, err := sql.Open("sqlite", "file:"+d.path("/var/lib/recgate/recgate.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, query := range queries {
		if _, err := db.ExecContext(t.Context(), query); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
	}
}

// testWithoutRecordings: the package comes and goes, and nothing is left.
func testWithoutRecordings(t *testing.T, built string) {
	d := unpack(t)
	put(t, d, built, filepath.Base(built))
	before := d.state(t)
	d.run(t, operations.Block(t, "install"))
	d.want(t, "recgate version", "recgate 1.0.0")
	d.want(t, "stat -c '%U:%G %a %n' /var/lib/recgate /etc/recgate /etc/recgate/recgate.yaml",
		"recgate:recgate 750 /var/lib/recgate\nroot:recgate 750 /etc/recgate\nroot:recgate 640 /etc/recgate/recgate.yaml")
	d.want(t, "id -nG recgate; test ! -e /var/spool/asterisk && test ! -e /etc/systemd/system/multi-user.target.wants/recgate.service", "recgate")
	if out, err := d.try(t, "runuser -u recgate -- recgate check --config /etc/recgate/recgate.yaml"); err == nil || !strings.Contains(out, "secret") {
		t.Errorf("the configuration as it comes is not refused for its secret: %v\n%s", err, out)
	}
	testHardening(t, d)
	d.run(t, "dpkg --verify recgate; sh /var/lib/dpkg/info/recgate.postinst configure 1.0.0; sh /var/lib/dpkg/info/recgate.postinst configure")
	d.run(t, operations.Block(t, "purge"))
	if diff := cmp.Diff(before, d.state(t)); diff != "" {
		t.Errorf("it is not as before (-before +after):\n%s", diff)
	}
}

// testWithRecordings: recordings go through everything that dpkg can do.
func testWithRecordings(t *testing.T, built string) {
	d := unpack(t)
	addAsterisk(t, d)
	put(t, d, built, filepath.Base(built))
	before := d.state(t)
	d.run(t, operations.Block(t, "install"))
	d.want(t, "stat -c '%U:%G %a' "+spool, "asterisk:recgate 2770")
	o := newOffice(t, d)
	o.edit(t)
	out := d.run(t, "runuser -u recgate -- recgate check --config /etc/recgate/recgate.yaml")
	if !strings.Contains(out, "ok      pbx pbx1: spool") {
		t.Errorf("the check:\n%s", out)
	}
	p := d.start(t)
	o.awaitReady(t, p)
	o.begin(t, p, "410", "one").Hangup()
	one := o.retrieve(t, p, "one")

	running := o.begin(t, p, "412", "running during the upgrade")
	edited := d.run(t, "cat /etc/recgate/recgate.yaml")
	makeNewerVersion(t, d)
	d.run(t, operations.Block(t, "upgrade"))
	p.stop(t)
	makeOldDatabase(t, d)
	p = d.start(t)
	o.awaitReady(t, p)
	d.want(t, "dpkg-query -W -f '${Version}' recgate; stat -c ' %U:%G %a' /etc/recgate/recgate.yaml", "1.1.0 root:recgate 640")
	d.want(t, "cat /etc/recgate/recgate.yaml", strings.TrimSpace(edited))
	d.want(t, "tail -n 1 /etc/recgate/recgate.yaml.dpkg-dist", "# the next version says more")
	if o.retrieve(t, p, "one") != one {
		t.Error("the recording differs after the upgrade")
	}
	running.Hangup()
	o.retrieve(t, p, "running during the upgrade")
	d.run(t, "runuser -u recgate -- recgate key list --config /etc/recgate/recgate.yaml") // asks the table that was not there
	p.stop(t)
	d.wantRemoved(t, before)
}

// wantRemoved: a removal leaves settings and recordings, a purge the recordings, and
// what it says deletes these too.
func (d debian) wantRemoved(t *testing.T, before []string) {
	t.Helper()
	const recordings = "find /var/lib/recgate -name '*.wav' | sort | xargs sha256sum"
	audio := d.run(t, recordings)
	d.run(t, operations.Block(t, "remove"))
	if d.exists("/usr/bin/recgate") || d.exists("/usr/lib/systemd/system/recgate.service") || !d.exists("/etc/recgate/recgate.yaml") {
		t.Error("a removal leaves the program or takes the configuration")
	}
	said := d.run(t, operations.Block(t, "purge"))
	if d.exists("/etc/recgate") {
		t.Error("a purge leaves the configuration")
	}
	d.want(t, "id -nu recgate; stat -c %U /var/lib/recgate/recgate.db", "recgate\nrecgate")
	d.want(t, recordings, strings.TrimSpace(audio))
	_, command, told := strings.Cut(said, "To delete them for good: ")
	if !told || strings.Count(audio, "\n") != 2 {
		t.Fatalf("the purge does not say where the recordings are:\n%s\n%s", said, audio)
	}
	command, _, _ = strings.Cut(command, "\n")
	d.run(t, command)
	if diff := cmp.Diff(before, d.state(t)); diff != "" {
		t.Errorf("it is not as before (-before +after):\n%s", diff)
	}
}
