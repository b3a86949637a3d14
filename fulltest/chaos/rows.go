package chaos

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"recgate/recording"
)

// row is a recording as the database has it.
type row struct {
	id, pbx, uniqueID, recorder, sha256, key, source, reason, codes string
	state                                                           recording.State
	bytes, duration, ended                                          int64 // duration in milliseconds
	tags                                                            []string
	steps                                                           []string
}

func (r row) String() string {
	return fmt.Sprintf("%s %s on %s %s tags %q: %s; %d ms\n        %s", r.id, r.state, r.pbx, r.uniqueID, r.tags, r.reason, r.duration, strings.Join(r.steps, "\n        "))
}

// rows reads all recordings, oldest first.
func (d *database) rows(ctx context.Context) ([]row, error) {
	const query = `SELECT id, pbx, unique_id, recorder, sha256, blob_key, source_key, reason, reason_code, state, bytes, duration, channel_ended_at
		FROM recordings ORDER BY id`
	all, at := []row{}, map[string]int{}
	err := readRows(ctx, d.read, query, func(scan func(...any) error) error {
		var r row
		err := scan(&r.id, &r.pbx, &r.uniqueID, &r.recorder, &r.sha256, &r.key, &r.source, &r.reason, &r.codes, &r.state, &r.bytes, &r.duration, &r.ended)
		at[r.id] = len(all)
		all = append(all, r)
		return err
	})
	if err != nil {
		return nil, err
	}
	err = readRows(ctx, d.read, `SELECT recording_id, tag FROM tags ORDER BY recording_id, nth`, func(scan func(...any) error) error {
		var id, tag string
		if err := scan(&id, &tag); err != nil {
			return err
		}
		if i, ok := at[id]; ok {
			all[i].tags = append(all[i].tags, tag)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return all, readRows(ctx, d.read, `SELECT recording_id, made_at, state, reason FROM steps ORDER BY recording_id, nth`, func(scan func(...any) error) error {
		var id, state, reason string
		var ms int64
		if err := scan(&id, &ms, &state, &reason); err != nil {
			return err
		}
		if i, ok := at[id]; ok {
			all[i].steps = append(all[i].steps, fmt.Sprintf("%s %s: %s", time.UnixMilli(ms).Format("15:04:05.000"), state, reason))
		}
		return nil
	})
}

// readRows reads a table row by row.
func readRows(ctx context.Context, db *sql.DB, query string, read func(scan func(...any) error) error) error {
	found, err := db.QueryContext(ctx, query)
	if err != nil {
		return fmt.Errorf("read the rows: %w", err)
	}
	defer found.Close()
	for found.Next() {
		if err := read(found.Scan); err != nil {
			return fmt.Errorf("read the rows: %w", err)
		}
	}
	return found.Err()
}

// openRows returns the rows that are still under way, or whose channel is
// taken to be alive.
func openRows(all []row) []row {
	var open []row
	for _, r := range all {
		if !r.state.Final() || r.ended == 0 {
			open = append(open, r)
		}
	}
	return open
}
