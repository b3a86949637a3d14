package store

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"path"

	"github.com/pressly/goose/v3"

	"recgate/recording"
)

// migrationFiles holds migrations/DIALECT/NNNN_what.sql, forward only. On
// MySQL each statement may be run again: DDL cannot be undone there, so a
// migration that fails in between is run once more from its beginning.
//
//go:embed migrations
var migrationFiles embed.FS

// versionTable is where goose keeps which migrations were applied.
const versionTable = "schema_versions"

// Migrate brings the tables up to date and returns the names of the migrations
// that were applied, none when there was nothing to do. Processes may call it
// at once: one works and the others wait. A database of a newer recgate is a
// Conflict and left as it is.
func (db schema) Migrate(ctx context.Context) (applied []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, 2*slow)
	defer cancel()
	p, err := db.provider()
	if err != nil {
		return nil, err
	}
	var results []*goose.MigrationResult
	err = db.aloneFor(ctx, p, func(ctx context.Context) (err error) {
		results, err = p.Up(ctx)
		return err
	})
	if err != nil {
		return nil, fault(ctx, db.dialect, "migrate the database", err)
	}
	for _, r := range results {
		applied = append(applied, path.Base(r.Source.Path))
	}
	version, err := p.GetDBVersion(ctx)
	if err != nil {
		return applied, fault(ctx, db.dialect, "read the schema version", err)
	}
	if newest := newestOf(p); version > newest {
		return applied, recording.Errorf(recording.Conflict,
			"the database has schema %d, but this program only knows %d: use the newer recgate that created it", version, newest)
	}
	if err := db.connectAll(ctx); err != nil {
		return applied, fault(ctx, db.dialect, "open the database", err)
	}
	return applied, db.fillRows(ctx)
}

// Known returns the number of the newest migration that this program knows:
// what it reads has that version at least.
func (db schema) Known() (int64, error) {
	p, err := db.provider()
	if err != nil {
		return 0, err
	}
	return newestOf(p), nil
}

func newestOf(p *goose.Provider) int64 {
	sources := p.ListSources()
	return sources[len(sources)-1].Version
}

// Version returns the number of the newest migration that was applied, 0 for
// a database without tables. It changes nothing, other than goose's own
// question would, which makes the table that it asks.
func (db schema) Version(ctx context.Context) (version int64, err error) {
	const query = `SELECT COALESCE(MAX(version_id), 0) FROM ` + versionTable
	err = db.read(ctx, db.timeout, "read the schema version", func(ctx context.Context, t tx) error {
		var tables int
		if err := t.row(ctx, db.dialect.queries().hasTable, []any{versionTable}, &tables); err != nil || tables == 0 {
			return err
		}
		return t.row(ctx, query, nil, &version)
	})
	return version, err
}

func (db schema) provider() (*goose.Provider, error) {
	folder, d, locker := db.dialect.migrations()
	files, err := fs.Sub(migrationFiles, folder)
	if err != nil {
		return nil, fmt.Errorf("read the migrations: %w", err)
	}
	options := []goose.ProviderOption{
		goose.WithTableName(versionTable), goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()),
	}
	if locker != nil {
		options = append(options, goose.WithSessionLocker(locker))
	}
	p, err := goose.NewProvider(d, db.writes, files, options...)
	if err != nil {
		return nil, fmt.Errorf("read the migrations: %w", err)
	}
	return p, nil
}
