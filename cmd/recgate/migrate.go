package main

import (
	"context"
	"fmt"

	"recgate/config"
	"recgate/store"
)

// migrateCommand is recgate migrate.
type migrateCommand struct{ fromFile }

// Help is shown below the flags.
func (migrateCommand) Help() string {
	return "Safe to repeat, and safe while recgate runs. serve does the same when it starts.\n\nExample:\n  recgate migrate --config /etc/recgate/recgate.yaml"
}

// Run brings the tables up to date and prints which migrations it applied.
func (c migrateCommand) Run(ctx context.Context, p process) error {
	var applied []string
	err := c.withDatabase(ctx, p, store.Options{}, func(db *store.DB, _ config.Config) (err error) {
		applied, err = db.Migrate(ctx)
		return err
	})
	if err != nil {
		return err
	}
	for _, name := range applied {
		fmt.Fprintln(p.stdout, "applied", name)
	}
	fmt.Fprintf(p.stdout, "the database is up to date (%d new migrations)\n", len(applied))
	return nil
}
