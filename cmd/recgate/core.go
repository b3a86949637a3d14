package main

import (
	"log/slog"
	"time"

	"recgate/audio"
	"recgate/book"
	"recgate/collect"
	"recgate/config"
	"recgate/job"
	"recgate/ledger"
	"recgate/recorder"
	"recgate/recording"
	"recgate/retrieve"
	"recgate/store"
)

// core are the rooms that decide what is recorded, kept and given back.
type core struct {
	*recorder.Recorder
	*retrieve.Retriever
	collector *collect.Collector
	ledger    *ledger.Ledger
	book      *book.Book
}

// newCore puts the rooms of the core together.
func (g *gateway) newCore() core {
	sound, c := audio.Files{}, core{book: book.New()}
	claims := job.Claims{Leases: g.db, Holder: holderName(g.db), Log: g.log}
	steps := &book.Steps{Book: c.book, Rows: g.db, Shared: !claims.IsAlone(), Now: now, Log: g.log, Happened: g.count}
	var pbxs recording.PBXs
	for _, p := range g.pbxs {
		pbxs = append(pbxs, p.PBX)
	}
	c.ledger = newLedger(g.cfg, pbxs, g.db, g.archive, claims)
	c.collector = collect.New(collect.Parts{
		PBXs: pbxs, Rows: g.db, Archive: g.archive, Sound: sound, Book: c.book, Steps: steps, Claims: claims,
		Findings: c.ledger, Now: now, Log: g.log, Happened: g.count,
	})
	c.Retriever = retrieve.New(retrieve.Parts{
		PBXs: pbxs, Rows: g.db, Archive: g.archive, Book: c.book,
		DuringCall: g.cfg.Legacy.RetrieveDuringCall, Deadline: startPatience(g.cfg),
		Now: now, Log: g.log, Happened: g.count,
	})
	c.Recorder = recorder.New(recorder.Parts{
		PBXs: pbxs, Rows: g.db, Writer: g.db, Sound: sound, Book: c.book, Steps: steps, Claims: claims, Collector: c.collector,
		Deadline: startPatience(g.cfg), MaxLength: maxLength(g.cfg), Room: g.disks.CheckRoom,
		Now: now, Log: g.log, Happened: g.count,
	})
	return c
}

// newLedger makes the ledger, which compares rows, spools and archive.
func newLedger(cfg config.Config, pbxs recording.PBXs, db *store.DB, a archive, claims job.Claims) *ledger.Ledger {
	return ledger.New(ledger.Parts{
		PBXs: pbxs, Rows: db, Archive: a, Sound: audio.Files{}, Claims: claims,
		MaxLength: maxLength(cfg), Now: now, Log: claims.Log,
	})
}

// maxLength is how long a recording may run; 0: as long as its channel.
func maxLength(cfg config.Config) time.Duration { return time.Duration(cfg.MaxSeconds) * time.Second }

// loops are what the core does by itself.
func (c core) loops() []loop { return []loop{c.Recorder.Run, c.collector.Run, c.ledger.Run} }

// openLedger makes a ledger for one comparison: it is never run.
func openLedger(cfg config.Config, db *store.DB) (*ledger.Ledger, error) {
	a, err := openArchive(cfg, knownArchive(db))
	if err != nil {
		return nil, err
	}
	quiet := slog.New(slog.DiscardHandler)
	var pbxs recording.PBXs
	for _, c := range cfg.PBX {
		p, err := openPBX(c, quiet)
		if err != nil {
			return nil, err
		}
		pbxs = append(pbxs, p.PBX)
	}
	return newLedger(cfg, pbxs, db, a, job.Claims{Log: quiet}), nil
}
