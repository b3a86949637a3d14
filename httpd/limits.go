package httpd

import (
	"container/list"
	"fmt"
	"math"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// maxCallers limits the table of callers. When it is full, the caller who was
// away longest is forgotten, and has a full burst again.
const maxCallers = 10_000

// Limits say how much one caller, and all together, may ask for. A caller is
// an API key, or else an address; IPv6 addresses count by their first 64 bits,
// which is the least that one customer gets. Zero means no limit.
type Limits struct {
	PerSecond int // requests of one caller a second
	Burst     int // requests that may come at once before PerSecond counts; at least 1
	Caller    int // requests of one caller that run at a time
	Total     int // requests of all that run at a time
	// Exempt are addresses whose requests count only for Total.
	Exempt []netip.Prefix

	Now func() time.Time // nil: time.Now
}

// Limiter counts requests. One may stand in front of several doors.
type Limiter struct {
	l Limits

	mu      sync.Mutex // guards all below
	running int
	callers map[string]*list.Element // of *account
	order   *list.List               // the one who came last in front
}

// account is what is known of one caller.
type account struct {
	name    string
	bucket  *rate.Limiter
	running int
}

// NewLimiter returns a limiter without any requests.
func NewLimiter(l Limits) *Limiter {
	if l.Now == nil {
		l.Now = time.Now
	}
	return &Limiter{l: l, callers: map[string]*list.Element{}, order: list.New()}
}

// Running returns how many requests are under way.
func (l *Limiter) Running() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.running
}

// Limit refuses requests over a limit, with Retry-After: 429 over a limit of one
// caller, 503 over the limit of all.
func (l *Limiter) Limit(refuse Refuse) Middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			leave, refused := l.enter(r)
			if refused != nil {
				w.Header().Set("Retry-After", strconv.Itoa(refused.seconds))
				refuse(w, r, refused.status, refused.message)
				return
			}
			defer leave()
			next.ServeHTTP(w, r)
		})
	}
}

// tooMuch says how a request over a limit is refused.
type tooMuch struct {
	status, seconds int
	message         string
}

// enter counts a request in; the caller calls leave when it is answered. A request
// over a limit is not counted.
func (l *Limiter) enter(r *http.Request) (leave func(), refused *tooMuch) {
	address := caller(r)
	name, shown := accountName(r, address)
	exempt := slices.ContainsFunc(l.l.Exempt, func(n netip.Prefix) bool { return n.Contains(address) })
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.l.Total > 0 && l.running >= l.l.Total {
		return nil, &tooMuch{http.StatusServiceUnavailable, 1, fmt.Sprintf("too many requests are under way (%d): try again in 1 s", l.running)}
	}
	if exempt {
		l.running++
		return func() { l.leave(nil) }, nil
	}
	a := l.accountOf(name)
	if l.l.Caller > 0 && a.running >= l.l.Caller {
		return nil, &tooMuch{http.StatusTooManyRequests, 1, fmt.Sprintf("too many requests from %s are under way (%d): try again in 1 s", shown, a.running)}
	}
	if wait := l.takeFromBucket(a); wait > 0 {
		seconds := int(math.Ceil(wait.Seconds()))
		return nil, &tooMuch{http.StatusTooManyRequests, seconds, fmt.Sprintf("too many requests from %s: %d a second are allowed, try again in %d s", shown, l.l.PerSecond, seconds)}
	}
	l.running++
	a.running++
	return func() { l.leave(a) }, nil
}

// takeFromBucket takes one request out of the caller's bucket. If the bucket is
// empty, it takes nothing and returns how long until there is one.
func (l *Limiter) takeFromBucket(a *account) time.Duration {
	if l.l.PerSecond <= 0 {
		return 0
	}
	now := l.l.Now()
	ticket := a.bucket.ReserveN(now, 1)
	wait := ticket.DelayFrom(now)
	if wait > 0 {
		ticket.CancelAt(now)
	}
	return wait
}

// leave counts a request out; a is nil for an exempt caller.
func (l *Limiter) leave(a *account) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.running--
	if a != nil {
		a.running--
	}
}

// accountOf finds or makes the account of a caller. When the table is full, it
// forgets others, but never one with a running request.
func (l *Limiter) accountOf(name string) *account {
	if e, known := l.callers[name]; known {
		l.order.MoveToFront(e)
		return e.Value.(*account)
	}
	for e := l.order.Back(); e != nil && len(l.callers) >= maxCallers; {
		before := e.Prev()
		if a := e.Value.(*account); a.running == 0 {
			delete(l.callers, a.name)
			l.order.Remove(e)
		}
		e = before
	}
	a := &account{name: name, bucket: rate.NewLimiter(rate.Limit(l.l.PerSecond), max(1, l.l.Burst))}
	l.callers[name] = l.order.PushFront(a)
	return a
}

// accountName returns the name of the account that a request counts for, and how
// messages name the caller.
func accountName(r *http.Request, address netip.Addr) (name, shown string) {
	if key := infoOf(r.Context()).key; key != "" {
		return "key " + key, fmt.Sprintf("the key %q", key)
	}
	if address.Is6() {
		if network, err := address.Prefix(64); err == nil {
			return network.String(), Remote(r)
		}
	}
	return address.String(), Remote(r)
}
