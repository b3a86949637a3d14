package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"

	"recgate/blob"
	"recgate/config"
	"recgate/mark"
	"recgate/recording"
	"recgate/store"
)

// archiveCommand is recgate archive.
type archiveCommand struct {
	Init  archiveInit  `cmd:"" help:"Create a new archive in an empty folder or bucket."`
	Adopt archiveAdopt `cmd:"" help:"Adopt an existing archive for this database."`
}

// Help is shown below the commands.
func (archiveCommand) Help() string {
	return "An archive has a mark, the file .recgate-archive, whose id the database knows. recgate writes nothing where the mark is\n" +
		"missing, for example on an empty mount point. serve creates the first archive of a database; create any other here.\n\n" +
		"Example:\n  recgate archive init --replace --config /etc/recgate/recgate.yaml"
}

// archiveInit is recgate archive init.
type archiveInit struct {
	fromFile
	Replace bool `help:"Replace the database's current archive. From now on only the new one is used; recordings that are not copied there are not found."`
}

// Help is shown below the flags.
func (archiveInit) Help() string {
	return "Use it if the archive is lost, or for a new place. First make sure that the disk is mounted: recordings go to what is there now.\n" +
		"A running recgate uses the new archive without a restart.\n\n" +
		"Example:\n  recgate archive init --replace --config /etc/recgate/recgate.yaml"
}

// Run creates the archive, and the database if there is none.
func (c archiveInit) Run(ctx context.Context, p process) error {
	return c.withArchive(ctx, p, store.Options{}, "%s is now the archive of this database; its id is %s\n", func(g *mark.Guard) (string, error) {
		return g.Init(ctx, c.Replace)
	})
}

// archiveAdopt is recgate archive adopt.
type archiveAdopt struct {
	fromFile
	Unverified bool `help:"Adopt it even if none of the newest recordings of the database is there."`
}

// Help is shown below the flags.
func (archiveAdopt) Help() string {
	return "Use it if an archive was restored or moved without its mark, or if the database was lost and started again. One of the\n" +
		"newest recordings of the database must be there, if it has any.\n\n" +
		"Example:\n  recgate archive adopt --config /etc/recgate/recgate.yaml"
}

// Run notes the archive in the database.
func (c archiveAdopt) Run(ctx context.Context, p process) error {
	return c.withArchive(ctx, p, store.Options{Existing: true}, "%s is the archive of this database; its id is %s\n", func(g *mark.Guard) (string, error) {
		return g.Adopt(ctx, c.Unverified)
	})
}

// withArchive brings the database up to date, calls run with the guard of the
// archive, and prints the archive and its id in the format says.
func (f fromFile) withArchive(ctx context.Context, p process, o store.Options, says string, run func(*mark.Guard) (id string, err error)) error {
	return f.withDatabase(ctx, p, o, func(db *store.DB, cfg config.Config) error {
		a, err := openArchive(cfg, knownArchive(db))
		if err != nil {
			return err
		}
		if _, err := db.Migrate(ctx); err != nil {
			return err
		}
		id, err := run(mark.NewGuard(db, a, slog.New(slog.DiscardHandler)))
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(p.stdout, says, cfg.Archive, id)
		return err
	})
}

// knownArchive is for commands that only look. It decides nothing: while the
// database knows no archive, everything may be read and nothing written.
func knownArchive(db *store.DB) blob.KnownID {
	return func(ctx context.Context) (string, error) {
		m, err := db.Mark(ctx)
		if !m.Written {
			m.ID = ""
		}
		return m.ID, err
	}
}

// settleArchive finds out which archive belongs to the database. If the archive is
// away, recgate serves all the same, and recordings wait in the spool. But if the
// database never had an archive, it is an error when the archive belongs to another
// database or cannot be created: then the configuration is wrong, and nobody waits
// for recordings.
func (g *gateway) settleArchive(ctx context.Context) error {
	_, err := g.mark.Known(ctx)
	if err == nil {
		return nil
	}
	_, isBucket := g.cfg.Bucket()
	archived, archivedErr := g.db.Archived(ctx, 1)
	if archivedErr == nil && len(archived) == 0 && (!isBucket || errors.Is(err, mark.ErrOther)) {
		return err
	}
	g.log.ErrorContext(ctx, "archive cannot be used, recordings wait in the spool", slog.Any("err", err))
	return nil
}

// checkArchive prints whether recordings can be stored, and creates nothing.
func (c *checker) checkArchive(ctx context.Context, cfg config.Config) {
	ctx, cancel := context.WithTimeout(ctx, stepLimit)
	defer cancel()
	var marks mark.Store = noDatabase{}
	known := func(context.Context) (string, error) { return "", nil }
	db, err := store.Open(ctx, cfg.Database.Reveal(), store.Options{Existing: true})
	if err == nil {
		defer db.Close() //nolint:errcheck // it was only read
		var version int64
		if version, err = db.Version(ctx); version > 0 {
			marks, known = db, knownArchive(db)
		}
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // its own step says why
		c.printStep("archive", cfg.Archive+" was not checked: only the database knows whether it is the right one", nil)
		return
	}
	detail, err := tryArchive(ctx, cfg, marks, known)
	c.printStep("archive", detail, err)
}

// tryArchive finds out what serve would find and do.
func tryArchive(ctx context.Context, cfg config.Config, marks mark.Store, known blob.KnownID) (detail string, err error) {
	a, err := openArchive(cfg, known)
	if err != nil {
		return "", err
	}
	plan, err := mark.NewGuard(marks, a, slog.New(slog.DiscardHandler)).Plan(ctx)
	switch {
	case err != nil:
		return "", err
	case plan == mark.Known:
		return cfg.Archive + " can be written, and is the archive that the database knows", a.Check(ctx)
	case plan == mark.Adopt:
		return cfg.Archive + " contains recordings of the database, and can be written: serve adds the mark", a.CanBegin(ctx)
	}
	return cfg.Archive + " can be written, but does not exist yet: serve creates it", a.CanBegin(ctx)
}

// noDatabase stands for a database that does not exist yet.
type noDatabase struct{}

// Mark implements mark.Store.
func (noDatabase) Mark(context.Context) (recording.ArchiveMark, error) {
	return recording.ArchiveMark{}, nil
}

// SetMark implements mark.Store.
func (noDatabase) SetMark(context.Context, recording.ArchiveMark, recording.ArchiveMark) error {
	return errors.New("there is no database to record the mark of the archive in")
}

// Archived implements mark.Store.
func (noDatabase) Archived(context.Context, int) ([]recording.Entry, error) { return nil, nil }
