package auth

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"recgate/recording"
)

const (
	// renewal is how often the keys are read: a key that was revoked works
	// no longer than this in any process.
	renewal = time.Second
	// coarse is how far the time of the last use may lag behind, so that a
	// busy key costs one write a minute and not one each request.
	coarse = time.Minute
)

// Store is where the keys are kept.
type Store interface {
	// Keys returns all keys by name, revoked ones too.
	Keys(ctx context.Context) ([]Key, error)
	// KeyUsed moves the time of the last use forward, never back. A name that
	// is not there is not an error.
	KeyUsed(ctx context.Context, name string, at time.Time) error
}

// RingOptions are what a Ring is made of.
type RingOptions struct {
	Store  Store
	Fixed  []string     // keys of the configuration; they may do everything
	Needed bool         // a key is needed even where there is none
	Log    *slog.Logger // nil: discarded
	Now    func() time.Time
}

// Ring holds the keys that are good. It may be asked by many at once.
type Ring struct {
	o      RingOptions
	fixed  []Key
	failed bool // the last reading did; Run's own

	mu   sync.RWMutex // guards all below
	kept []Key        // of the database, revoked ones too
	used map[string]time.Time
}

// NewRing returns a ring of the keys of the configuration alone: Renew reads
// the others, and Run keeps them up to date.
func NewRing(o RingOptions) *Ring {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	r := &Ring{o: o, used: map[string]time.Time{}}
	for i, text := range o.Fixed {
		r.fixed = append(r.fixed, Key{Name: fmt.Sprintf("legacy.api_keys.%d", i), Methods: recording.Methods(), Sum: sha256.Sum256([]byte(text))})
	}
	return r
}

// Renew reads the keys from the database. After an error the former ones
// stay: without its database recgate neither starts nor gives out anything.
func (r *Ring) Renew(ctx context.Context) error {
	kept, err := r.o.Store.Keys(ctx)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.kept = kept
	return nil
}

// Run reads the keys every second, and writes down when they were used, until ctx
// ends.
func (r *Ring) Run(ctx context.Context) error {
	tick := time.NewTicker(renewal)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		err := r.Renew(ctx)
		if err == nil {
			err = r.noteUses(ctx)
		}
		if ctx.Err() == nil {
			r.logChange(ctx, err)
		}
	}
}

// logChange logs once that the keys cannot be read, and once that they can again.
func (r *Ring) logChange(ctx context.Context, err error) {
	switch before := r.failed; {
	case err != nil && !before:
		r.o.Log.WarnContext(ctx, "keys not read, the ones read before stay valid", slog.Any("err", err))
	case err == nil && before:
		r.o.Log.InfoContext(ctx, "keys read again")
	}
	r.failed = err != nil
}

// noteUses writes down when keys were used, unless the database knows of a use less
// than a minute before.
func (r *Ring) noteUses(ctx context.Context) error {
	for _, k := range r.databaseKeys() {
		r.mu.RLock()
		at := r.used[k.Name]
		r.mu.RUnlock()
		if at.IsZero() || !k.LastUsedAt.IsZero() && at.Sub(k.LastUsedAt) < coarse {
			continue
		}
		if err := r.o.Store.KeyUsed(ctx, k.Name, at); err != nil {
			return err
		}
	}
	return nil
}

func (r *Ring) databaseKeys() []Key {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.kept
}

// Needed reports whether a caller must show a key: as soon as there is one.
// Revoked ones count, since to revoke the last key is not meant to let
// everybody in.
func (r *Ring) Needed() bool { return r.o.Needed || len(r.fixed)+len(r.databaseKeys()) > 0 }

// Find returns the name of the first good key among the texts. All keys are
// compared with each text, by their hashes and in constant time, so that the
// time it takes reveals nothing about any key, not even its length.
func (r *Ring) Find(texts []string) (name string, ok bool) {
	for _, text := range texts {
		sum := sha256.Sum256([]byte(text))
		for _, keys := range [][]Key{r.fixed, r.databaseKeys()} {
			for _, k := range keys {
				if subtle.ConstantTimeCompare(k.Sum[:], sum[:]) == 1 && k.IsGood() && !ok {
					name, ok = k.Name, true
				}
			}
		}
	}
	if ok {
		r.mu.Lock()
		r.used[name] = r.o.Now()
		r.mu.Unlock()
	}
	return name, ok
}

// Actor returns the holder of the key with a name that Find returned; without a
// name, an unknown actor. A key that was revoked since may use nothing.
func (r *Ring) Actor(name string) recording.Actor {
	if name == "" {
		return recording.Actor{}
	}
	a := recording.Actor{Kind: recording.KeyHolder, Name: name}
	for _, keys := range [][]Key{r.fixed, r.databaseKeys()} {
		for _, k := range keys {
			if k.Name == name && k.IsGood() {
				a.Methods = k.Methods
			}
		}
	}
	return a
}
