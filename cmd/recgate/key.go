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
	Add    keyAdd    `cmd:"" help:"Make a key and print it, this once."`
	List   keyList   `cmd:"" help:"Show all keys: their names, not what they are."`
	Revoke keyRevoke `cmd:"" help:"Make a key useless, in every recgate and within seconds."`
}

// Help is shown below the commands.
func (keyCommand) Help() string {
	return "As soon as there is one key, here or in legacy.api_keys, every caller of the recording API must show one: as ?apiKey=,\n" +
		"as user or password of HTTP Basic, or as Bearer token. legacy.allow counts as well.\n\n" +
		"Example:\n  recgate key list --config /etc/recgate/recgate.yaml"
}

// keyAdd is recgate key add.
type keyAdd struct {
	fromFile
	Name    string   `arg:"" help:"Who will have it, such as crm: stands in logs and lists."`
	Methods []string `placeholder:"METHODS" help:"What it may use: start, stop, retrieve, retrieveByUniqueId, with commas between. Default: all."`
}

// Help is shown below the flags.
func (keyAdd) Help() string {
	return "The key is on stdout, and can be read nowhere afterwards. Safe while recgate runs: it counts within seconds.\n\n" +
		"Example:\n  recgate key add crm --methods start,stop --config /etc/recgate/recgate.yaml"
}

// Run makes the key, and the tables where they are missing.
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
	fmt.Fprintf(p.stderr, "This is the key of %s, for %s. It is shown this once: only its hash is kept.\n", k.Name, strings.Join(k.Methods, ", "))
	_, err = fmt.Fprintln(p.stdout, text)
	return err
}

// keyList is recgate key list.
type keyList struct{ fromFile }

// Help is shown below the flags.
func (keyList) Help() string {
	return "The time of the last use may lag by a minute.\n\nExample:\n  recgate key list --config /etc/recgate/recgate.yaml"
}

// Run prints a line for each key.
func (c keyList) Run(ctx context.Context, p process) error {
	return c.withKeys(ctx, p, func(db *store.DB, cfg config.Config) error {
		keys, err := db.Keys(ctx)
		if err != nil {
			return err
		}
		if len(keys)+len(cfg.Legacy.APIKeys) == 0 {
			_, err := fmt.Fprintln(p.stdout, "there are no keys, and none is needed")
			return err
		}
		day := func(t time.Time, none string) string {
			if t.IsZero() {
				return none
			}
			return t.In(cfg.Location()).Format("2006-01-02 15:04")
		}
		table := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "NAME\tMETHODS\tMADE\tLAST USED\tREVOKED")
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
	Forget bool   `help:"Remove it altogether: its name can be given again, and without any key none is needed any more."`
}

// Help is shown below the flags.
func (keyRevoke) Help() string {
	return "It cannot be undone: make a new key. After the last key was revoked nobody gets in until there is a new one, or until the\n" +
		"revoked ones are forgotten. A key of legacy.api_keys goes when its line goes, at the next start.\n\n" +
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
		_, err := fmt.Fprintf(p.stdout, "the key %s is revoked; no recgate takes it from a second or two on\n", c.Name)
		return err
	})
}

// withKeys runs f with a database that has the table of keys.
func (f fromFile) withKeys(ctx context.Context, p process, run func(*store.DB, config.Config) error) error {
	err := f.withDatabase(ctx, p, store.Options{Existing: true}, func(db *store.DB, cfg config.Config) error {
		version, err := db.Version(ctx)
		if err == nil && version < firstWithKeys {
			err = errors.New("the database has no table of keys yet: serve, migrate or key add makes it")
		}
		if err != nil {
			return err
		}
		return run(db, cfg)
	})
	if errors.Is(err, fs.ErrNotExist) {
		return errors.New("the database is not there yet: serve, migrate or key add makes it; is the key database right")
	}
	return err
}
