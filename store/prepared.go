package store

import (
	"context"
	"database/sql"
	"strings"
	"sync"
)

// maxPrepared bounds the statements that are kept: those with lists have as
// many texts as lists have lengths.
const maxPrepared = 200

// prepared keeps the statements of one pool ready, so that SQLite does not
// parse them again each time: that was a quarter of what a start cost in CPU.
// A statement is run as text the first time, and is prepared before the next
// transaction begins, when no connection is taken. nil keeps none.
type prepared struct {
	pool *sql.DB

	mu     sync.Mutex // guards the fields below
	ready  map[string]*sql.Stmt
	wanted map[string]bool // true until somebody prepares it
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
	if _, known := p.wanted[query]; s == nil && !known && len(p.ready)+len(p.wanted) < maxPrepared {
		p.wanted[query] = true
	}
	return s
}

// prepare makes ready what is wanted. What cannot be prepared is run as text
// again, and says then what is wrong with it.
func (p *prepared) prepare(ctx context.Context) {
	if p == nil {
		return
	}
	for _, query := range p.take() {
		s, err := p.pool.PrepareContext(ctx, lastingText(query)) //nolint:sqlclosecheck // closed with its pool
		p.mu.Lock()
		delete(p.wanted, query)
		if err == nil {
			p.ready[query] = s
		}
		p.mu.Unlock()
	}
}

// take returns what is wanted and nobody else prepares.
func (p *prepared) take() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var queries []string
	for query, waits := range p.wanted {
		if waits {
			queries = append(queries, query)
			p.wanted[query] = false
		}
	}
	return queries
}

// lastingText is a query as it is prepared. SQLite looks at the argument of a
// bare LIMIT ? when it plans, and plans again whenever another is bound, even
// of the same value: that was a tenth of what a retrieval cost in CPU. Behind
// a sign it does not look.
func lastingText(query string) string { return strings.ReplaceAll(query, "LIMIT ?", "LIMIT +?") }
