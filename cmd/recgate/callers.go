package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"

	"recgate/auth"
	"recgate/config"
	"recgate/httpd"
	"recgate/store"
)

// newRing makes the ring of keys for the door. If the configuration alone would let
// everybody in, a key is required even if there is none.
func newRing(cfg config.Config, db *store.DB, log *slog.Logger) *auth.Ring {
	_, open := errors.AsType[config.OpenToEverybody](cfg.Check())
	return auth.NewRing(auth.RingOptions{Store: db, Fixed: cfg.Legacy.Keys(), Needed: open, Log: log})
}

// newLimiter makes the limiter of the recording API.
func newLimiter(l config.DoorLimits) *httpd.Limiter {
	return httpd.NewLimiter(httpd.Limits{
		PerSecond: l.PerSecond, Burst: l.Burst, Caller: l.PerCaller, Total: l.Total, Exempt: config.Prefixes(l.Exempt),
	})
}

// requireKeys returns nil if the database has keys, which close a door that the
// configuration leaves open to everybody; else it returns open. Revoked keys count
// too: with only those nobody gets in, and recgate still finishes running recordings.
func requireKeys(ctx context.Context, cfg config.Config, open config.OpenToEverybody) error {
	keys, err := readKeys(ctx, cfg)
	if err == nil && len(keys) == 0 {
		return open
	}
	return err
}

// readKeys returns the keys in the database, none if it does not exist yet.
func readKeys(ctx context.Context, cfg config.Config) ([]auth.Key, error) {
	ctx, cancel := context.WithTimeout(ctx, stepLimit)
	defer cancel()
	var keys []auth.Key
	err := withDatabase(ctx, cfg, store.Options{Existing: true}, func(db *store.DB) error {
		version, err := db.Version(ctx)
		if err == nil && version >= firstWithKeys {
			keys, err = db.Keys(ctx)
		}
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return keys, err
}

// firstWithKeys is the version of the tables that made one for keys.
const firstWithKeys = 10

// checkCallers prints who may call the endpoint.
func (c *checker) checkCallers(ctx context.Context, cfg config.Config) {
	var networks []string
	for _, n := range cfg.Legacy.Allow {
		networks = append(networks, n.String())
	}
	text := "from " + strings.Join(networks, ", ")
	if len(networks) == 0 {
		text = "nobody: legacy.allow is empty"
	}
	keys, err := readKeys(ctx, cfg)
	good := len(cfg.Legacy.APIKeys)
	for _, k := range keys {
		if k.IsGood() {
			good++
		}
	}
	switch {
	case err != nil: // the step of the database says why
		text += "; keys in the database could not be read"
	case good == 0 && len(keys) > 0:
		text += ", but all keys are revoked, so nobody can call: create one with recgate key add"
	case good == 0:
		text += ", without a key"
	default:
		text += fmt.Sprintf(", with one of %d keys", good)
	}
	c.printStep("callers", text, nil)
}
