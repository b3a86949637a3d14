package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"time"

	"recgate/auth"
	"recgate/blob"
	"recgate/config"
	"recgate/disk"
	"recgate/httpd"
	"recgate/mark"
	"recgate/metrics"
	"recgate/recording"
	"recgate/soap"
	"recgate/store"
	"recgate/trust"
)

// gateway is every part of a running recgate. build makes it; close closes the
// database.
type gateway struct {
	cfg     config.Config
	log     *slog.Logger
	db      *store.DB
	archive archive
	mark    *mark.Guard
	pbxs    []pbx
	keys    *auth.Ring
	limiter *httpd.Limiter
	core    core
	disks   *disk.Guard
	metrics *metrics.Metrics
	tests   testResults
	trial   *trial
}

// archive is a place for finished recordings.
type archive struct {
	recording.Blobs
	recording.Lister
	mark.Place
	place
}

// place is what the commands ask of a place for recordings.
type place interface {
	// Check returns nil when recordings can be stored now, else the error that a Put
	// would return.
	Check(ctx context.Context) error
	// CanBegin returns nil when an archive could be created here. It leaves nothing
	// behind.
	CanBegin(ctx context.Context) error
}

// build makes every part and starts none. It is the only function that knows
// every package.
func build(ctx context.Context, cfg config.Config, log *slog.Logger) (*gateway, error) {
	g := &gateway{cfg: cfg, log: log, metrics: metrics.New(version, append(recording.Methods(), soap.NoMethod), httpd.Outcomes()), trial: newTrial()}
	var err error
	known := func(ctx context.Context) (string, error) { return g.mark.Known(ctx) }
	if g.archive, err = openArchive(cfg, known); err != nil {
		return nil, err
	}
	for _, c := range cfg.PBX {
		p, err := openPBX(c, log)
		if err != nil {
			return nil, err
		}
		g.pbxs = append(g.pbxs, p)
	}
	if g.db, err = store.Open(ctx, cfg.Database.Reveal(), store.Options{Ran: g.metrics.CountTransaction}); err != nil {
		return nil, err
	}
	g.mark = mark.NewGuard(g.db, g.archive, log)
	g.keys = newRing(cfg, g.db, log)
	g.limiter = newLimiter(cfg.Legacy.Limits)
	g.disks = newGuard(cfg, g.archive, g.db, log)
	g.core = g.newCore()
	return g, nil
}

// holderName names this process among the ones that may share the database.
func holderName(db *store.DB) string {
	if !db.Shared() {
		return ""
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return fmt.Sprintf("%s %d %s", host, os.Getpid(), rand.Text())
}

// close closes the database.
func (g *gateway) close() {
	if err := g.db.Close(); err != nil {
		g.log.Warn("database not closed", slog.Any("err", err))
	}
}

// openArchive makes the archive that the setting names. It does not access it yet.
func openArchive(cfg config.Config, known blob.KnownID) (archive, error) {
	b, ok := cfg.Bucket()
	if !ok {
		folder, _ := cfg.Folder()
		d := blob.NewDisk(folder, known)
		return archive{d, d, d, d}, nil
	}
	trusts, err := bucketTLS(b)
	if err != nil {
		return archive{}, err
	}
	s, err := blob.NewS3(blob.S3Options{
		Trusts:   trusts,
		Endpoint: b.Endpoint, Region: b.Region, Bucket: b.Name, Prefix: b.Prefix, PathStyle: b.PathStyle,
		AccessKey: cfg.ArchiveAccessKey.Reveal(), SecretKey: cfg.ArchiveSecretKey.Reveal(),
	}, known)
	return archive{s, s, s, s}, err
}

// bucketTLS returns how the server's certificate is checked; nil: as usual.
func bucketTLS(b config.Bucket) (*tls.Config, error) {
	if b.CA == "" {
		return nil, nil
	}
	certificates, err := trust.ReadFile(b.CA)
	if err != nil {
		return nil, fmt.Errorf("archive: ca: %w", err)
	}
	host := ""
	if u, err := url.Parse(b.Endpoint); err == nil {
		if host = u.Hostname(); !b.PathStyle {
			host = b.Name + "." + host
		}
	}
	return certificates.Config(host), nil
}

// startPatience is how long a start may take: every caller is answered within
// 5 s, unless a slow mount is given longer to show a new file.
func startPatience(cfg config.Config) time.Duration {
	patience := 4500 * time.Millisecond
	for _, p := range cfg.PBX {
		patience = max(patience, p.VerifyStart+3500*time.Millisecond)
	}
	return patience
}
