//go:build full

package bench

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"recgate/fulltest/mariadbd"
	"recgate/recording"
	"recgate/store"
	"recgate/store/storetest"
)

// BenchmarkRows looks recordings up by tag and by unique id among a million,
// and ten million where BENCH_ROWS says so, in SQLite and MariaDB. Which one is
// looked up is drawn each time, so that most pages are not at hand.
//
// Filling takes minutes, so what is filled stays in rowsFolder, and the next run brings it up to date by its migrations.
func BenchmarkRows(b *testing.B) {
	counts := []int{1_000_000}
	if os.Getenv("BENCH_ROWS") == "10000000" {
		counts = append(counts, 10_000_000)
	}
	for _, rows := range counts {
		for _, d := range []archiveDialect{sqliteRows, mariadbRows} {
			b.Run(fmt.Sprintf("%s/%d", d.name, rows), func(b *testing.B) {
				folder := filepath.Join(rowsFolder, fmt.Sprintf("%s-%d", d.name, rows))
				if err := os.MkdirAll(folder, 0o755); err != nil {
					b.Fatal(err)
				}
				dsn, raw := d.open(b, folder)
				db := openFilled(b, d, folder, dsn, raw, rows)
				warmCache(b, raw)
				lookUp(b, db, rows)
			})
		}
	}
}

// rowsFolder is on a disk and can be read by the user mysql, which a cache
// in somebody's home cannot.
const rowsFolder = "/var/tmp/recgate-bench"

// lookUp measures each kind of look-up for itself, and beside them a question
// that reads nothing: what that takes is the way to the database and the other
// work of the machine.
func lookUp(b *testing.B, db *store.DB, rows int) {
	b.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	looks := map[string]func(n int) ([]recording.Candidate, error){
		"tag": func(n int) ([]recording.Candidate, error) {
			return db.ByTag(b.Context(), fmt.Sprintf("CASE-%08d", n), 10)
		},
		"unique-id": func(n int) ([]recording.Candidate, error) { return db.ByUniqueID(b.Context(), rowUniqueID(n), 10) },
	}
	for range 1000 { // statements are made ready, and what every look-up reads is at hand
		if found, err := looks["tag"](1 + random.IntN(rows)); err != nil || len(found) != 1 {
			b.Fatal(found, err)
		}
	}
	for b.Loop() {
		var pings samples
		for range 20_000 {
			begun := time.Now()
			if err := db.Ping(b.Context()); err != nil {
				b.Fatal(err)
			}
			pings.addTime(time.Since(begun))
		}
		b.ReportMetric(pings.quantile(0.5), "ping-p50-ms")
		b.ReportMetric(pings.quantile(0.99), "ping-p99-ms")
		for _, what := range []string{"tag", "unique-id"} {
			var took samples
			for range 20_000 {
				n := 1 + random.IntN(rows)
				begun := time.Now()
				found, err := looks[what](n)
				took.addTime(time.Since(begun))
				if err != nil || len(found) != 1 {
					b.Fatalf("%d: %v, %v", n, found, err)
				}
			}
			b.ReportMetric(took.quantile(0.5), what+"-p50-ms")
			b.ReportMetric(took.quantile(0.99), what+"-p99-ms")
		}
	}
	dropTimePerOp(b)
}

// archiveDialect is what filling needs to know of a database.
type archiveDialect struct {
	name    string
	open    func(b *testing.B, folder string) (dsn string, raw *sql.DB)
	numbers string // FROM clause that counts n from the first argument to the second
	id      string // expressions of n
	unique  string
	tag     string
	joined  string // two texts, one after the other
}

var sqliteRows = archiveDialect{
	name: "sqlite",
	open: func(b *testing.B, folder string) (string, *sql.DB) {
		path := filepath.Join(folder, "recgate.db")
		raw, err := sql.Open("sqlite", "file:"+path+"?_pragma=synchronous(OFF)&_pragma=cache_size(-400000)&_pragma=busy_timeout(60000)")
		if err != nil {
			b.Fatal(err)
		}
		return "sqlite:" + path, raw
	},
	numbers: `(WITH RECURSIVE counted(n) AS (SELECT ? UNION ALL SELECT n + 1 FROM counted WHERE n < ?) SELECT n FROM counted) numbers`,
	id:      `printf('0198c0de-0000-7000-8000-%012x', n)`,
	unique:  `(1600000000 + 9 * n) || '.' || (n % 1000)`,
	tag:     `printf('CASE-%08d', n)`,
	joined:  `%s || %s`,
}

var mariadbRows = archiveDialect{
	name: "mariadb",
	open: func(b *testing.B, folder string) (string, *sql.DB) {
		server := mariadbd.StartOn(b, folder, "--innodb-buffer-pool-size="+poolSize)
		raw := server.Admin(b)
		raw.SetMaxOpenConns(1)
		for _, query := range []string{
			`CREATE DATABASE IF NOT EXISTS recgate`, `USE recgate`,
			`SET GLOBAL innodb_flush_log_at_trx_commit = 0`, `SET unique_checks = 0`, `SET foreign_key_checks = 0`,
		} {
			mustExec(b, raw, query)
		}
		return server.On("recgate"), raw
	},
	numbers: `(SELECT seq + ? - 1 AS n FROM seq_1_to_100000 WHERE seq + 0 <= ?) numbers`,
	id:      `CONCAT('0198c0de-0000-7000-8000-', LOWER(LPAD(HEX(n), 12, '0')))`,
	unique:  `CONCAT(1600000000 + 9 * n, '.', n % 1000)`,
	tag:     `CONCAT('CASE-', LPAD(n, 8, '0'))`,
	joined:  `CONCAT(%s, %s)`,
}

// poolSize is what a server of its own would be given for ten million rows
// (12 GB); Debian's 128 MB would measure the disk.
const poolSize = "12G"

// warmCache reads what look-ups read once from the disk, as the look-ups of some
// days would. SQLite leaves that to the system, which has the pages from the
// filling or gets them by the same queries.
func warmCache(b *testing.B, raw *sql.DB) {
	b.Helper()
	for _, query := range []string{
		`SELECT COUNT(channel) FROM recordings`, `SELECT COUNT(linked_id) FROM calls`,
		`SELECT COUNT(channel) FROM parties`, `SELECT COUNT(added_at) FROM tags`,
		`SELECT COUNT(*) FROM tags WHERE tag > ''`, `SELECT COUNT(*) FROM recordings WHERE unique_id > ''`,
		`SELECT COUNT(*) FROM parties WHERE unique_id > ''`,
	} {
		mustExec(b, raw, query)
	}
}

// rowUniqueID is the unique id of the n-th recording.
func rowUniqueID(n int) string { return fmt.Sprintf("%d.%d", 1_600_000_000+9*n, n%1000) }

// openFilled returns the database with so many recordings in it. One recording is
// taken through its life by the store, and multiplied then in the database. Its
// steps and the access log are not: no look-up reads them.
func openFilled(b *testing.B, d archiveDialect, folder, dsn string, raw *sql.DB, rows int) *store.DB {
	b.Helper()
	db := storetest.Open(b, dsn, store.Options{Timeout: time.Minute})
	stamp := filepath.Join(folder, "filled")
	if _, err := os.Stat(stamp); err == nil {
		return db
	}
	h := recordings{seconds: minuteSeconds, bytes: 960_044, sha256: strings.Repeat("0", 64)}
	id, err := recording.NewID(time.Unix(1, 0), zeros{0})
	if err != nil {
		b.Fatal(err)
	}
	h.row(b, db, id, string(id)+".wav", "template")
	const chunk = 100_000
	for from := 1; from <= rows; from += chunk {
		for _, table := range []string{"calls", "parties", "recordings", "tags"} {
			multiply(b, d, raw, table, string(id), from, min(from+chunk-1, rows))
		}
	}
	mustExec(b, raw, `ANALYZE`+map[string]string{"mariadb": ` TABLE calls, parties, recordings, tags`}[d.name])
	if err := os.WriteFile(stamp, nil, 0o600); err != nil {
		b.Fatal(err)
	}
	return db
}

// multiply copies the template's row of a table once for each number: what
// names the recording is the number's, all else is the template's.
func multiply(b *testing.B, d archiveDialect, raw *sql.DB, table, template string, from, to int) {
	b.Helper()
	own := map[string]string{
		"calls.id": d.id, "calls.linked_id": d.unique, "parties.call_id": d.id, "parties.unique_id": d.unique,
		"recordings.id": d.id, "recordings.call_id": d.id, "recordings.unique_id": d.unique, "recordings.external_reference": d.tag,
		"recordings.asked_at": `1600000000000 + 9000 * n`, "recordings.blob_key": fmt.Sprintf(d.joined, d.id, `'.wav'`),
		"tags.recording_id": d.id, "tags.tag": d.tag, "tags.asked_at": `1600000000000 + 9000 * n`,
	}
	key := map[string]string{"calls": "id", "parties": "call_id", "recordings": "id", "tags": "recording_id"}[table]
	var values []string
	names := columns(b, raw, table)
	for _, name := range names {
		values = append(values, cmp.Or(own[table+"."+name], "o."+name))
	}
	args := []any{from, to, template}
	if d.name == "mariadb" {
		args[1] = to - from + 1
	}
	mustExec(b, raw, fmt.Sprintf(`INSERT INTO %s (%s) SELECT %s FROM %s, %s o WHERE o.%s = ?`,
		table, strings.Join(names, ", "), strings.Join(values, ", "), d.numbers, table, key), args...)
}

// columns returns the columns of a table as the migrations made it.
func columns(b *testing.B, raw *sql.DB, table string) []string {
	b.Helper()
	rows, err := raw.QueryContext(b.Context(), `SELECT * FROM `+table+` LIMIT 0`)
	if err != nil {
		b.Fatal(err)
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err = errors.Join(err, rows.Err()); err != nil {
		b.Fatal(err)
	}
	return slices.Clone(names)
}

func mustExec(b *testing.B, raw *sql.DB, query string, args ...any) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), 10*time.Minute)
	defer cancel()
	if _, err := raw.ExecContext(ctx, query, args...); err != nil {
		b.Fatalf("%s: %v", query, err)
	}
}
