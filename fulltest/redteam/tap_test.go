//go:build full

package redteam_test

import (
	"sync"
	"testing"

	"recgate/fulltest/wire"
)

// tap stands between recgate and Asterisk and keeps every byte that recgate
// sends, by connection.
type tap struct {
	*wire.Wire
	mu   sync.Mutex // guards said
	said [][]byte   // one for each connection, in their order
}

func newTap(t *testing.T, to string) *tap {
	t.Helper()
	w := &tap{}
	w.Wire = wire.NewWatched(t, to, w.keep)
	return w
}

// keep keeps what is said before it is forwarded: Asterisk never knows more
// than we do.
func (w *tap) keep(conn int, up bool, b []byte) bool {
	if up {
		w.mu.Lock()
		defer w.mu.Unlock()
		for len(w.said) <= conn {
			w.said = append(w.said, nil)
		}
		w.said[conn] = append(w.said[conn], b...)
	}
	return true
}

// messages returns what recgate has said so far, by connection.
func (w *tap) messages() [][]byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all [][]byte
	for _, said := range w.said {
		all = append(all, append([]byte(nil), said...))
	}
	return all
}
