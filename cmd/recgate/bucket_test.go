package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"recgate/config"
	"recgate/internal/port"
	"recgate/recording"
)

// bucket is an S3 server in memory that can go away and come back at the same
// address, with what it holds.
type bucket struct {
	address string
	files   *s3mem.Backend
	server  *httptest.Server
}

const bucketKey, bucketSecret = "AKIA-test", "hunter2-of-the-bucket"

func newBucket(t *testing.T) *bucket {
	t.Helper()
	b := &bucket{files: s3mem.New(), address: port.Address(t)}
	if err := b.files.CreateBucket("calls"); err != nil {
		t.Fatal(err)
	}
	b.open(t, gofakes3.New(b.files, gofakes3.WithoutVersioning()).Server())
	t.Cleanup(func() { b.server.Close() })
	return b
}

// open begins to answer, at the address of before.
func (b *bucket) open(t *testing.T, h http.Handler) {
	t.Helper()
	var listener net.Listener
	await(t, "the address of the bucket", func() (free bool) {
		var err error
		listener, err = net.Listen("tcp", b.address)
		return err == nil
	})
	b.address = listener.Addr().String()
	b.server = &httptest.Server{Listener: listener, Config: &http.Server{Handler: h, ErrorLog: log.New(io.Discard, "", 0)}}
	b.server.Start()
}

func (b *bucket) archive() string { return "s3://calls/north?endpoint=http://" + b.address }

func (b *bucket) names(t *testing.T) (names []string) {
	t.Helper()
	all, err := b.files.ListBucket("calls", nil, gofakes3.ListBucketPage{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range all.Contents {
		names = append(names, c.Key)
	}
	return names
}

// TestBucket: with an S3 archive recordings are kept and given back; while
// it is away or silent callers are told so, nothing is lost, and everything continues
// by itself when it is back.
func TestBucket(t *testing.T) {
	t.Parallel()
	b := newBucket(t)
	o := newOffice(t, 22, func(c *config.Config) {
		c.Archive, c.ArchiveAccessKey, c.ArchiveSecretKey = b.archive(), bucketKey, bucketSecret
	})
	call := o.call(t, "410", "411")
	o.want(t, http.StatusOK, nil, "start", "extenOrUniqueId", "410", "tag", "first")
	o.want(t, http.StatusOK, nil, "stop", "extenOrUniqueId", "410")
	first := o.inState(t, "first", recording.Ready)
	hex := first.ID.Hex()
	if got := b.names(t); len(got) != 2 || got[0] != "north/.recgate-archive" || got[1] != "north/"+hex[:6]+"/"+hex+".wav" {
		t.Errorf("the bucket holds %q", got)
	}
	o.want(t, http.StatusOK, nil, "start", "extenOrUniqueId", "410", "tag", "second")
	files := b.server.Config.Handler
	b.server.Close()
	call.Hangup()
	await(t, "the hangup to be noted", func() bool { rec, _ := o.byTag(t, "second"); return !rec.InProgress() })
	const unreachable = "the archive cannot be reached: check endpoint"
	for _, tag := range []string{"first", "second"} {
		o.want(t, http.StatusServiceUnavailable, []string{unreachable}, "retrieve", "tag", tag, "username", "fred")
	}
	await(t, "readyz to be red", func() bool {
		got := o.send(t, http.MethodGet, "/readyz", "", nil)
		return got.status == http.StatusServiceUnavailable && strings.Contains(got.body, "away archive: ")
	})
	if len(o.spool(t)) == 0 {
		t.Error("the spool file of a recording that is not archived is gone")
	}
	ended := make(chan struct{})
	b.open(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-ended:
		}
	}))
	o.want(t, http.StatusServiceUnavailable, []string{"the archive did not answer in time"}, "retrieve", "tag", "first", "username", "fred")
	close(ended)
	b.server.Close()
	b.open(t, files)
	o.inState(t, "second", recording.Ready)
	for _, tag := range []string{"first", "second"} {
		o.want(t, http.StatusOK, nil, "retrieve", "tag", tag, "username", "fred")
	}
	if left := o.spool(t); len(left) > 0 || len(b.names(t)) != 3 {
		t.Errorf("left in the spool: %q; in the bucket: %q", left, b.names(t))
	}
	if strings.Contains(o.journal.String(), bucketSecret) {
		t.Error("the log shows the secret")
	}
}

// TestCheckOfABucket: each fault of an S3 archive is named, with the key
// that would repair it, and never shows a secret.
func TestCheckOfABucket(t *testing.T) {
	t.Parallel()
	b := newBucket(t)
	says := func(status int, code string) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			fmt.Fprintf(w, "<Error><Code>%s</Code><Message>said by the server</Message></Error>", code)
		}))
		t.Cleanup(s.Close)
		return "s3://calls?endpoint=" + s.URL
	}
	for _, tt := range []struct {
		name, archive, says string
		ok                  bool
	}{
		{"sound", b.archive(), b.archive() + " can be written", true},
		{"bucket missing", strings.Replace(b.archive(), "calls", "cals", 1), "the bucket of the archive does not exist: create it, or correct the key archive", false},
		{"endpoint away", "s3://calls?endpoint=http://" + port.Address(t), "the archive cannot be reached: check endpoint in the key archive", false},
		{"key unknown", says(403, "InvalidAccessKeyId"), "check archive_access_key and archive_secret_key", false},
		{"secret wrong", says(403, "SignatureDoesNotMatch"), "check archive_access_key and archive_secret_key", false},
		{"no right", says(403, "AccessDenied"), "check the rights of archive_access_key on the bucket", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCheckSetup(t, 22)
			c.archive = tt.archive
			secret := filepath.Join(c.dir, "secret")
			if err := os.WriteFile(secret, []byte(bucketSecret+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			c.more = "archive_access_key: " + bucketKey + "\narchive_secret_key_file: " + secret + "\n"
			got := c.run(t)
			verdict := map[bool]string{true: "ok      archive ", false: "FAILED  archive "}[tt.ok]
			line := got.stdout[max(0, strings.Index(got.stdout, verdict)):]
			line, _, _ = strings.Cut(line, "\n")
			if (got.code == 0) != tt.ok || !strings.HasPrefix(line, verdict) || !strings.Contains(line, tt.says) {
				t.Errorf("code %d, want %q with %q:\n%s%s", got.code, verdict, tt.says, got.stdout, got.stderr)
			}
			if strings.Contains(got.stdout+got.stderr, bucketSecret) {
				t.Errorf("it shows the secret:\n%s%s", got.stdout, got.stderr)
			}
		})
	}
	if left := b.names(t); len(left) > 0 {
		t.Errorf("checking left %q", left)
	}
}
