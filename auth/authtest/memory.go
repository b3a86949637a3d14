// Package authtest has the keys in memory, for tests, and the contract of
// whatever keeps keys as code: TestKeys runs on the memory and on the
// databases alike.
package authtest

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"recgate/auth"
	"recgate/recording"
)

// Memory keeps keys in memory. The zero value is empty; Fail, when it is set,
// is the error of every call.
type Memory struct {
	mu   sync.Mutex // guards all below
	keys map[string]auth.Key
	fail error
}

// Fail makes every call fail with err, until it is nil.
func (m *Memory) Fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fail = err
}

// Keys implements auth.Store.
func (m *Memory) Keys(context.Context) ([]auth.Key, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := make([]auth.Key, 0, len(m.keys))
	for _, name := range slices.Sorted(maps.Keys(m.keys)) {
		all = append(all, m.keys[name])
	}
	return all, m.fail
}

// change runs f on the key of a name, which must be there.
func (m *Memory) change(name string, f func(auth.Key) auth.Key) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return m.fail
	}
	k, ok := m.keys[name]
	if !ok {
		return recording.Errorf(recording.NotFound, "there is no key named %q: recgate key list shows all", name)
	}
	m.keys[name] = f(k)
	return nil
}

// KeyUsed implements auth.Store.
func (m *Memory) KeyUsed(_ context.Context, name string, at time.Time) error {
	err := m.change(name, func(k auth.Key) auth.Key {
		if at = at.Truncate(time.Millisecond); at.After(k.LastUsedAt) {
			k.LastUsedAt = at
		}
		return k
	})
	if recording.CodeOf(err) == recording.NotFound {
		return nil
	}
	return err
}

// AddKey adds a key; a name that is taken is a Conflict.
func (m *Memory) AddKey(_ context.Context, k auth.Key) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, taken := m.keys[k.Name]; taken {
		return recording.Errorf(recording.Conflict, "a key named %q already exists: choose another name", k.Name)
	}
	if m.keys == nil {
		m.keys = map[string]auth.Key{}
	}
	m.keys[k.Name] = k
	return m.fail
}

// RevokeKey revokes a key; one that is revoked stays so since the first time.
func (m *Memory) RevokeKey(_ context.Context, name string, at time.Time) error {
	return m.change(name, func(k auth.Key) auth.Key {
		if k.IsGood() {
			k.RevokedAt = at.Truncate(time.Millisecond)
		}
		return k
	})
}

// ForgetKey removes a key altogether.
func (m *Memory) ForgetKey(_ context.Context, name string) error {
	if err := m.change(name, func(k auth.Key) auth.Key { return k }); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.keys, name)
	return nil
}
