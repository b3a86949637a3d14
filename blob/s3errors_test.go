package blob_test

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"recgate/blob"
	"recgate/internal/await"
	"recgate/recording"
)

// TestS3Answers: every way in says what is wrong, in the same words, and
// never shows the key.
func TestS3Answers(t *testing.T) {
	const (
		notAllowed = "the archive does not allow this: check the rights of archive_access_key on the bucket"
		wrongKeys  = "the archive rejects the keys: check archive_access_key and archive_secret_key"
		region     = "the bucket of the archive is in another region: check region in the key archive"
		busy       = "the archive has a fault or is too busy: see the log"
	)
	for _, tt := range []struct {
		status int
		code   string
		want   string // empty: the archive cannot be ...
	}{
		{404, "NoSuchBucket", "the bucket of the archive does not exist: create it, or correct the key archive"},
		{403, "AccessDenied", notAllowed},
		{403, "SomethingNew", notAllowed},
		{403, "InvalidAccessKeyId", wrongKeys},
		{403, "SignatureDoesNotMatch", wrongKeys},
		{403, "RequestTimeTooSkewed", "the archive rejects the time of this machine: set its clock"},
		{400, "AuthorizationHeaderMalformed", region},
		{301, "PermanentRedirect", region},
		{400, "BadDigest", "data arrived at the archive damaged and was not stored"},
		{507, "XMinioStorageFull", "the archive is full"},
		{503, "SlowDown", busy},
		{502, "", busy},
		{400, "SomethingNew", ""},
	} {
		t.Run(tt.code, func(t *testing.T) {
			t.Parallel()
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if tt.code == "" {
					w.WriteHeader(tt.status)
					return
				}
				answer(w, tt.status, tt.code)
			}))
			defer s.Close()
			wantAll(t, newS3(t, options(s.URL)), tt.want)
		})
	}
}

func TestS3NotReached(t *testing.T) {
	gone := httptest.NewServer(nil)
	gone.Close()
	wantAll(t, newS3(t, options(gone.URL)), "the archive cannot be reached: check endpoint in the key archive, its server and the network")
	strange := httptest.NewUnstartedServer(nil)
	strange.Config.ErrorLog = log.New(io.Discard, "", 0)
	strange.StartTLS()
	defer strange.Close()
	wantAll(t, newS3(t, options(strange.URL)),
		"the certificate of the archive's server is not trusted: check endpoint in the key archive, and the machine's certificate authorities")
}

// TestS3Keys: without keys nothing is asked as nobody, and those of the
// environment are taken.
func TestS3Keys(t *testing.T) {
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY", "AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY", "AWS_SESSION_TOKEN"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", t.TempDir()+"/none")
	s := newServer(t)
	var signed string
	s.before = func(_ http.ResponseWriter, r *http.Request) bool {
		signed = r.Header.Get("Authorization")
		return false
	}
	o := options(s.URL)
	o.AccessKey, o.SecretKey = "", ""
	if _, err := blob.NewS3(o, ourMark); recording.CodeOf(err) != recording.Unavailable || !strings.Contains(recording.Message(err), "the archive has no keys: set archive_access_key") {
		t.Errorf("without keys: %v", err)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "from-the-environment")
	t.Setenv("AWS_SECRET_ACCESS_KEY", secretKey)
	if err := newS3(t, o).Check(t.Context()); err != nil || !strings.Contains(signed, "Credential=from-the-environment/") {
		t.Errorf("signed %q, %v", signed, err)
	}
}

// TestS3KeysInPipes: a file of the AWS tools that is a pipe is refused by its
// name; one that waits fails the test by its deadline.
func TestS3KeysInPipes(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY", "AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY", "AWS_SESSION_TOKEN"} {
		t.Setenv(name, "")
	}
	for _, variable := range []string{"AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"} {
		t.Run(variable, func(t *testing.T) {
			t.Setenv("AWS_SHARED_CREDENTIALS_FILE", t.TempDir()+"/none")
			t.Setenv("AWS_CONFIG_FILE", t.TempDir()+"/none")
			t.Setenv(variable, pipe)
			o := options("http://127.0.0.1:1")
			o.AccessKey, o.SecretKey = "", ""
			done := make(chan error, 1)
			go func() {
				_, err := blob.NewS3(o, ourMark)
				done <- err
			}()
			select {
			case err := <-done:
				if err == nil || !strings.Contains(err.Error(), "keys of the archive: "+pipe+" is a pipe, not a regular file") {
					t.Error(err)
				}
			case <-time.After(10 * time.Second):
				t.Error("not refused within 10 s")
			}
		})
	}
}

// wantAll tries every way in, all at once since some of them try twice.
func wantAll(t *testing.T, b *blob.S3, want string) {
	t.Helper()
	put := func(content string) func() error {
		return func() error {
			_, err := b.Put(t.Context(), key, strings.NewReader(content))
			return err
		}
	}
	var all sync.WaitGroup
	for _, way := range []struct {
		name, done string
		try        func() error
	}{
		{"put", "written", put("sound")},
		{"put in parts", "written", put(strings.Repeat("s", part+1))},
		{"open", "read", func() error { _, _, err := b.Open(t.Context(), key); return err }},
		{"remove", "written", func() error { return b.Remove(t.Context(), key) }},
		{"check", "written", func() error { return b.Check(t.Context()) }},
		{"list", "read", func() error { return b.List(t.Context(), "", func(string) error { return nil }) }},
	} {
		all.Go(func() {
			msg, err := want, way.try()
			if msg == "" {
				msg = "the archive cannot be " + way.done + ": see the log"
			}
			if recording.Message(err) != msg || recording.CodeOf(err) != recording.Unavailable {
				t.Errorf("%s: %v, want %q", way.name, err, msg)
			}
			if err != nil && strings.Contains(err.Error(), secretKey) {
				t.Errorf("%s shows the key: %v", way.name, err)
			}
		})
	}
	await.Return(t, "all callers to return", all.Wait)
}
