package store

import (
	"context"
	"database/sql"
	"sync"
)

// maxPrepared bounds the statements that are kept: those with lists have as
// many texts as lists have lengths.
const maxPrepared = 200

// prepared keeps the statements of one pool ready, so that SQLite does not
// parse them again each time: that is a third of what a start costs in CPU.
// A statement is run as text the first time, and is prepared before the next
// transaction begins, when no connection is taken. nil keeps none.
type prepared struct {
	pool *sql.DB

	mu     sync.Mutex // guards the fields below
	ready  map[string]*sql.Stmt
	wanted map[string]bool
}

func newPrepared(pool *sql.DB) *prepared {
	return &prepared{pool: pool, ready: map[string]*sql.Stmt{}, wanted: map[string]bool{}}
}

// of returns the statement of a query, or nil when it is not ready.
func (p *prepared) of(query string) *sql.Stmt {
	if p == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.ready[query]
	if s == nil && len(p.ready)+len(p.wanted) < maxPrepared {
		p.wanted[query] = true
	}
	return s
}

// prepare makes ready what was wanted. What cannot be prepared is run as text
// again, and says then what is wrong with it.
func (p *prepared) prepare(ctx context.Context) {
	if p == nil {
		return
	}
	p.mu.Lock()
	wanted := p.wanted
	if len(wanted) > 0 {
		p.wanted = map[string]bool{}
	}
	p.mu.Unlock()
	for query := range wanted {
		s, err := p.pool.PrepareContext(ctx, query) //nolint:sqlclosecheck // closed with its pool
		if err != nil {
			continue
		}
		p.mu.Lock()
		old := p.ready[query] // two transactions may want the same
		if old == nil {
			p.ready[query] = s
		}
		p.mu.Unlock()
		if old != nil {
			_ = s.Close() // nothing was done with it
		}
	}
}
