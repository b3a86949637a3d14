package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"text/tabwriter"
	"time"

	"recgate/auth"
	"recgate/config"
	"recgate/recording"
	"recgate/store"
)

// keyCommand is recgate key.
type keyCommand struct {
	Add    keyAdd    `cmd:"" help:"Create a key and print it. It is shown only once."`
	List   keyList   `cmd:"" help:"List the names of all keys. The keys themselves are not shown."`
	Revoke keyRevoke `cmd:"" help:"Revoke a key. All gateways reject it within seconds."`
}

// Help is shown below the commands.
func (keyCommand) Help() string {
	return "Once there is a key, here or in legacy.api_keys, every caller of the recording API must send one: as ?apiKey=,\n" +
		"as user or password of HTTP Basic, or as a Bearer token. legacy.allow applies as well.\n\n" +
		"Example:\n  recgate key list --config /etc/recgate/recgate.yaml"
}

// keyAdd is recgate key add.
type keyAdd struct {
	fromFile
	Name    string   `arg:"" help:"A name for its owner, such as crm. Logs and lists show this name."`
	Methods []string `placeholder:"METHODS" help:"The methods it may use, separated by commas: start, stop, retrieve, retrieveByUniqueId. Default: all."`
}

// Help is shown below the flags.
func (keyAdd) Help() string {
	return "Prints the key on stdout; it cannot be shown again. Safe while recgate runs: the key works within seconds.\n\n" +
		"Example:\n  recgate key add crm --methods start,stop --config /etc/recgate/recgate.yaml"
}

// Run makes the key, and the tables if they are missing.
func (c keyAdd) Run(ctx context.Context, p process) error {
	k, text, err := auth.New(c.Name, c.Methods, time.Now(), rand.Reader)
	if err != nil {
		return err
	}
	err = c.withDatabase(ctx, p, store.Options{}, func(db *store.DB, _ config.Config) error {
		if _, err := db.Migrate(ctx); err != nil {
			return err
		}
		return db.AddKey(ctx, k)
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(p.stderr, "This is the key of %s, for %s. It is shown only once: recgate keeps only its hash.\n", k.Name, strings.Join(k.Methods, ", "))
	_, err = fmt.Fprintln(p.stdout, text)
	return err
}

// keyList is recgate key list.
type keyList struct{ fromFile }

// Help is shown below the flags.
func (keyList) Help() string {
	return "The time of the last use may be up to a minute old.\n\nExample:\n  recgate key list --config /etc/recgate/recgate.yaml"
}

// Run prints a line for each key.
func (c keyList) Run(ctx context.Context, p process) error {
	return c.withKeys(ctx, p, func(db *store.DB, cfg config.Config) error {
		keys, err := db.Keys(ctx)
		if err != nil {
			return err
		}
		if len(keys)+len(cfg.Legacy.APIKeys) == 0 {
			_, err := fmt.Fprintln(p.stdout, "there are no keys, and callers need none")
			return err
		}
		day := func(t time.Time, none string) string {
			if t.IsZero() {
				return none
			}
			return t.In(cfg.Location()).Format("2006-01-02 15:04")
		}
		table := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "NAME\tMETHODS\tCREATED\tLAST USED\tREVOKED")
		for _, k := range keys {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", k.Name, strings.Join(k.Methods, ","), day(k.CreatedAt, "-"), day(k.LastUsedAt, "never"), day(k.RevokedAt, "-"))
		}
		for i := range cfg.Legacy.APIKeys {
			fmt.Fprintf(table, "legacy.api_keys.%d\t%s\tin the configuration\t\t\n", i, strings.Join(recording.Methods(), ","))
		}
		return table.Flush()
	})
}

// keyRevoke is recgate key revoke.
type keyRevoke struct {
	fromFile
	Name   string `arg:"" help:"The name that recgate key list shows."`
	Forget bool   `help:"Remove it completely, so that its name can be used again. If no key remains, callers need none."`
}

// Help is shown below the flags.
func (keyRevoke) Help() string {
	return "This cannot be undone; create a new key instead. After the last key is revoked, nobody can call until there is a new one, or\n" +
		"until the revoked ones are forgotten. To remove a key in legacy.api_keys, delete its line and restart.\n\n" +
		"Example:\n  recgate key revoke crm --config /etc/recgate/recgate.yaml"
}

// Run revokes the key.
func (c keyRevoke) Run(ctx context.Context, p process) error {
	return c.withKeys(ctx, p, func(db *store.DB, _ config.Config) error {
		if c.Forget {
			if err := db.ForgetKey(ctx, c.Name); err != nil {
				return err
			}
			_, err := fmt.Fprintf(p.stdout, "the key %s is forgotten\n", c.Name)
			return err
		}
		if err := db.RevokeKey(ctx, c.Name, time.Now()); err != nil {
			return err
		}
		_, err := fmt.Fprintf(p.stdout, "the key %s is revoked; all gateways reject it within a second or two\n", c.Name)
		return err
	})
}

// withKeys calls run with a database that has a table of keys.
func (f fromFile) withKeys(ctx context.Context, p process, run func(*store.DB, config.Config) error) error {
	err := f.withDatabase(ctx, p, store.Options{Existing: true}, func(db *store.DB, cfg config.Config) error {
		version, err := db.Version(ctx)
		if err == nil && version < firstWithKeys {
			err = errors.New("the database has no table of keys yet: serve, migrate or key add creates it")
		}
		if err != nil {
			return err
		}
		return run(db, cfg)
	})
	if errors.Is(err, fs.ErrNotExist) {
		return errors.New("the database does not exist yet: serve, migrate or key add creates it; check the key database")
	}
	return err
}
