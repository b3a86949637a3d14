package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"recgate/recording"
)

// filledAtOnce is how many recordings are brought up to date in one transaction.
const filledAtOnce = 1000

// fillRows gives the rows of former versions what later ones added: reasons
// their codes, and tracks what their recordings say. It does so in many
// transactions: a cluster takes none of millions of rows, and an older program
// goes on to work meanwhile. After a minute it leaves the rest to the next
// call: as long as a row has no code, and where an older program has changed
// its reason since, its words say which it is, see recording.StoredReason; and
// see recording.StoredTracks.
func (db schema) fillRows(ctx context.Context) error {
	pending := false
	err := db.read(ctx, db.timeout, "look for rows of former versions", func(ctx context.Context, t tx) (err error) {
		_, pending, err = filledUpTo(ctx, t)
		return err
	})
	for end := time.Now().Add(slow); err == nil && pending && time.Now().Before(end); {
		err = db.write(ctx, "fill the rows of former versions", func(ctx context.Context, t tx) (err error) {
			pending, err = fillSome(ctx, t)
			return err
		})
	}
	return err
}

// filledUpTo returns the id of the last recording that is up to date; pending
// is false when all are.
func filledUpTo(ctx context.Context, t tx) (id string, pending bool, err error) {
	const query = `SELECT up_to FROM rows_to_fill WHERE one = 1`
	err = t.row(ctx, query, nil, &id)
	if errors.Is(err, sql.ErrNoRows) {
		return "", false, nil
	}
	return id, err == nil, err
}

// fillSome does so for the next recordings; pending is false when there are
// none. Two programs at once do no harm.
func fillSome(ctx context.Context, t tx) (pending bool, err error) {
	from, pending, err := filledUpTo(ctx, t)
	if err != nil || !pending {
		return false, err
	}
	const next = `SELECT COALESCE(MAX(id), '') FROM (SELECT id FROM recordings WHERE id > ? ORDER BY id LIMIT ?) next_ones`
	var to string
	if err := t.row(ctx, next, []any{from, filledAtOnce}, &to); err != nil {
		return false, err
	}
	if to == "" {
		const finish = `DELETE FROM rows_to_fill WHERE one = 1`
		_, err := t.exec(ctx, finish)
		return false, err
	}
	if err := codeRecordings(ctx, t, from, to); err != nil {
		return false, err
	}
	if err := codeSteps(ctx, t, from, to); err != nil {
		return false, err
	}
	if err := fillTracks(ctx, t, from, to); err != nil {
		return false, err
	}
	const goOn = `UPDATE rows_to_fill SET up_to = ? WHERE one = 1`
	_, err = t.exec(ctx, goOn, to)
	return true, err
}

// codeRecordings gives codes to the reasons in the rows of recordings, and
// codeSteps to those in their histories.
func codeRecordings(ctx context.Context, t tx, from, to string) error {
	const find = `SELECT DISTINCT state, reason FROM recordings WHERE id > ? AND id <= ? AND reason_code = ''`
	const set = `UPDATE recordings SET reason_code = ?, reason_detail = ?
		WHERE id > ? AND id <= ? AND reason_code = '' AND state = ? AND reason = ?`
	return codeAll(ctx, t, find, set, from, to)
}

func codeSteps(ctx context.Context, t tx, from, to string) error {
	const find = `SELECT DISTINCT state, reason FROM steps WHERE recording_id > ? AND recording_id <= ? AND reason_code = ''`
	const set = `UPDATE steps SET reason_code = ?, reason_detail = ?
		WHERE recording_id > ? AND recording_id <= ? AND reason_code = '' AND state = ? AND reason = ?`
	return codeAll(ctx, t, find, set, from, to)
}

func codeAll(ctx context.Context, t tx, find, set, from, to string) error {
	var found []recording.Past
	var texts []string
	err := t.each(ctx, func(row scanner) error {
		var p recording.Past
		var reason reasonColumns
		err := row.Scan(&p.To, &reason.text)
		p.Reason = reason.of(p.To)
		found, texts = append(found, p), append(texts, reason.text)
		return err
	}, find, from, to)
	if err != nil {
		return err
	}
	for i, p := range found {
		if _, err := t.exec(ctx, set, p.Reason.Codes(), longText(p.Reason.Detail), from, to, p.To, longText(texts[i])); err != nil {
			return err
		}
	}
	return nil
}
