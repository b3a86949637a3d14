package store

import (
	"database/sql"
	"slices"
	"time"

	"recgate/recording"
)

// millis is how a time is stored: milliseconds since 1970 in UTC, and 0 for
// the zero time.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// timeColumn reads what millis wrote.
type timeColumn struct{ t *time.Time }

// Scan implements sql.Scanner.
func (c timeColumn) Scan(src any) error {
	var ms sql.Null[int64]
	if err := ms.Scan(src); err != nil {
		return err
	}
	*c.t = time.Time{}
	if ms.V != 0 {
		*c.t = time.UnixMilli(ms.V).UTC()
	}
	return nil
}

// durationColumn reads a duration that is stored in milliseconds.
type durationColumn struct{ d *time.Duration }

// Scan implements sql.Scanner.
func (c durationColumn) Scan(src any) error {
	var ms sql.Null[int64]
	err := ms.Scan(src)
	*c.d = time.Duration(ms.V) * time.Millisecond
	return err
}

// reasonColumns are the three columns that hold a reason.
type reasonColumns struct{ text, codes, detail string }

// of returns the reason of a recording in a state, or of a step to it.
func (c reasonColumns) of(in recording.State) recording.Reason {
	return recording.StoredReason(in, c.text, c.codes, c.detail)
}

// longText is text for the wide columns: reasons, outcomes and what was said.
// All others hold recording.MaxName bytes.
type longText string

// fitting returns the arguments with every text cut to its column. MariaDB
// refuses longer ones and SQLite keeps them: so both keep the same, whatever a
// PBX says.
func fitting(args []any) []any {
	cloned := false
	for i, a := range args {
		var text string
		switch v := a.(type) {
		case string:
			if len(v) <= recording.MaxName {
				continue
			}
			text = recording.Cut(v, recording.MaxName)
		case longText:
			text = recording.Cut(string(v), recording.MaxReason)
		default:
			continue
		}
		if !cloned {
			args, cloned = slices.Clone(args), true
		}
		args[i] = text
	}
	return args
}
