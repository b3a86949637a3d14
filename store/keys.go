package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"recgate/auth"
	"recgate/recording"
)

var _ auth.Store = (*DB)(nil)

// Keys implements auth.Store.
func (db keys) Keys(ctx context.Context) ([]auth.Key, error) {
	const query = `SELECT name, sum, methods, created_at, last_used_at, revoked_at FROM api_keys ORDER BY name`
	var all []auth.Key
	err := db.read(ctx, db.timeout, "read the API keys", func(ctx context.Context, t tx) error {
		all = nil
		return t.each(ctx, func(row scanner) error {
			var k auth.Key
			var sum []byte
			var methods string
			err := row.Scan(&k.Name, &sum, &methods, timeColumn{&k.CreatedAt}, timeColumn{&k.LastUsedAt}, timeColumn{&k.RevokedAt})
			if err == nil && copy(k.Sum[:], sum) != len(k.Sum) {
				err = fmt.Errorf("the hash of the key %q has %d bytes", k.Name, len(sum))
			}
			k.Methods = strings.Split(methods, ",")
			all = append(all, k)
			return err
		}, query)
	})
	return all, err
}

// AddKey keeps a new key. A name that is taken, by a revoked key too, is a
// Conflict.
func (db keys) AddKey(ctx context.Context, k auth.Key) error {
	const query = `INSERT INTO api_keys (name, sum, methods, created_at, last_used_at, revoked_at) VALUES (?, ?, ?, ?, ?, ?)`
	return db.write(ctx, "add an API key", func(ctx context.Context, t tx) error {
		_, err := t.exec(ctx, query, k.Name, k.Sum[:], strings.Join(k.Methods, ","),
			millis(k.CreatedAt), millis(k.LastUsedAt), millis(k.RevokedAt))
		if t.isDuplicate(err) {
			return recording.Errorf(recording.Conflict, "a key named %q already exists: choose another name", k.Name)
		}
		return err
	})
}

// RevokeKey makes a key useless forever; NotFound when there is none. One
// that is revoked already stays so since the first time.
func (db keys) RevokeKey(ctx context.Context, name string, at time.Time) error {
	const query = `UPDATE api_keys SET revoked_at = CASE WHEN revoked_at = 0 THEN ? ELSE revoked_at END WHERE name = ?`
	return db.changeKey(ctx, "revoke an API key", name, query, millis(at), name)
}

// ForgetKey removes a key, which frees its name; NotFound when there is none.
func (db keys) ForgetKey(ctx context.Context, name string) error {
	const query = `DELETE FROM api_keys WHERE name = ?`
	return db.changeKey(ctx, "forget an API key", name, query, name)
}

// changeKey runs a statement that must meet the row of the key.
func (db keys) changeKey(ctx context.Context, what, name, query string, args ...any) error {
	return db.write(ctx, what, func(ctx context.Context, t tx) error {
		n, err := t.exec(ctx, query, args...)
		if err == nil && n == 0 {
			return recording.Errorf(recording.NotFound, "there is no key named %q: recgate key list shows all", name)
		}
		return err
	})
}

// KeyUsed implements auth.Store.
func (db keys) KeyUsed(ctx context.Context, name string, at time.Time) error {
	const query = `UPDATE api_keys SET last_used_at = ? WHERE name = ? AND last_used_at < ?`
	return db.write(ctx, "record the use of an API key", func(ctx context.Context, t tx) error {
		_, err := t.exec(ctx, query, millis(at), name, millis(at))
		return err
	})
}
