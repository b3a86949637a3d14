package blob_test

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"go.uber.org/goleak"

	"recgate/blob"
	"recgate/recording"
	"recgate/recording/recordingtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// part is the size of a part: what is longer is sent in several.
const part = 5 << 20

// server is an S3 server in memory with one bucket, which writes down what
// it is asked for.
type server struct {
	*httptest.Server
	client *minio.Core // past our own code
	before func(http.ResponseWriter, *http.Request) (answered bool)

	mu    sync.Mutex // guards asked
	asked []string
}

const secretKey = "hunter2-secret"

func newServer(t *testing.T) *server {
	t.Helper()
	backend := s3mem.New()
	if err := backend.CreateBucket("calls"); err != nil {
		t.Fatal(err)
	}
	s := &server{}
	fake := gofakes3.New(backend, gofakes3.WithoutVersioning()).Server()
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.note(r)
		if s.before == nil || !s.before(w, r) {
			fake.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(s.Close)
	var err error
	s.client, err = minio.NewCore(s.Listener.Addr().String(), &minio.Options{Creds: credentials.NewStaticV4("key", secretKey, ""), Region: "us-east-1"})
	if err != nil {
		t.Fatal(err)
	}
	text := "recgate archive " + mark + "\n"
	_, err = s.client.PutObject(t.Context(), "calls", s3Mark, strings.NewReader(text), int64(len(text)), "", "", minio.PutObjectOptions{DisableContentSha256: true})
	if err != nil {
		t.Fatal(err)
	}
	s.takeRequests()
	return s
}

// s3Mark is the mark of the archive that options names.
const s3Mark = "a/b/.recgate-archive"

// note writes down the method, the query without values, and the range.
func (s *server) note(r *http.Request) {
	line := r.Method
	if query := r.URL.Query(); len(query) > 0 {
		var names []string
		for name := range query {
			names = append(names, name)
		}
		slices.Sort(names)
		line += " ?" + strings.Join(names, "&")
	}
	if want := r.Header.Get("Range"); want != "" {
		line += " " + want
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, line)
}

// takeRequests returns what was asked since the last call.
func (s *server) takeRequests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	asked := s.asked
	s.asked = nil
	return asked
}

func options(endpoint string) blob.S3Options {
	return blob.S3Options{Endpoint: endpoint, Bucket: "calls", Prefix: "a/b", PathStyle: true, AccessKey: "key", SecretKey: secretKey}
}

func newS3(t *testing.T, o blob.S3Options) *blob.S3 {
	t.Helper()
	s, err := blob.NewS3(o, ourMark)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// wantNoUploads fails when an upload was begun and neither ended nor thrown away.
func (s *server) wantNoUploads(t *testing.T) {
	t.Helper()
	all, err := s.client.ListMultipartUploads(context.WithoutCancel(t.Context()), "calls", "", "", "", "", 100)
	if minio.ToErrorResponse(err).Code == minio.NoSuchUpload { // the server's way to say that there never was any
		return
	}
	if err != nil || len(all.Uploads) > 0 {
		t.Errorf("%d uploads are left behind (%v)", len(all.Uploads), err)
	}
}

func (s *server) names(t *testing.T) []string {
	t.Helper()
	var all []string
	for o := range s.client.Client.ListObjects(t.Context(), "calls", minio.ListObjectsOptions{Recursive: true}) {
		if o.Err != nil {
			t.Fatal(o.Err)
		}
		if o.Key != s3Mark {
			all = append(all, o.Key)
		}
	}
	return all
}

func TestS3Blobs(t *testing.T) {
	recordingtest.TestBlobs(t, func(t *testing.T) recording.Blobs {
		s := newServer(t)
		t.Cleanup(func() { s.wantNoUploads(t) })
		return newS3(t, options(s.URL))
	})
}

func content(n int) []byte {
	all := make([]byte, n)
	for i := range all {
		all[i] = byte(i ^ i>>8 ^ i>>16)
	}
	return all
}

func get(t *testing.T, b recording.Blobs, key string) []byte {
	t.Helper()
	body, size, err := b.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(body)
	if err := errors.Join(err, body.Close()); err != nil || int64(len(all)) != size {
		t.Fatalf("read %d of %d bytes: %v", len(all), size, err)
	}
	return all
}

// TestS3InParts sends blobs around the size of a part, and compares what the
// requests say of their content with their content.
func TestS3InParts(t *testing.T) {
	s := newServer(t)
	s.before = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPut {
			return false
		}
		body, err := io.ReadAll(r.Body)
		sha, md := sha256.Sum256(body), md5.Sum(body)
		if err != nil || r.Header.Get("X-Amz-Content-Sha256") != hex.EncodeToString(sha[:]) || r.Header.Get("Content-Md5") != base64.StdEncoding.EncodeToString(md[:]) {
			t.Errorf("%s: the sums are not those of the content (%v)", r.URL, err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		return false
	}
	b := newS3(t, options(s.URL))
	for _, tt := range []struct {
		size  int
		asked []string
	}{
		{0, []string{"PUT", "HEAD"}},
		{part - 1, []string{"PUT", "HEAD"}},
		{part, []string{"POST ?uploads", "PUT ?partNumber&uploadId", "POST ?uploadId", "HEAD"}},
		{2*part + 3, []string{"POST ?uploads", "PUT ?partNumber&uploadId", "PUT ?partNumber&uploadId", "PUT ?partNumber&uploadId", "POST ?uploadId", "HEAD"}},
	} {
		want := content(tt.size)
		n, err := b.Put(t.Context(), key, iotest.OneByteReader(bytes.NewReader(want[:min(tt.size, 100)])))
		if err != nil || n != int64(min(tt.size, 100)) {
			t.Fatalf("Put in small steps: %d, %v", n, err)
		}
		s.takeRequests()
		if n, err := b.Put(t.Context(), key, bytes.NewReader(want)); err != nil || n != int64(tt.size) {
			t.Fatalf("Put of %d bytes: %d, %v", tt.size, n, err)
		}
		if diff := cmp.Diff(append([]string{"GET"}, tt.asked...), s.takeRequests()); diff != "" {
			t.Errorf("%d bytes (-want +asked):\n%s", tt.size, diff)
		}
		if !bytes.Equal(get(t, b, key), want) {
			t.Errorf("%d bytes came back otherwise", tt.size)
		}
	}
	if diff := cmp.Diff([]string{"a/b/0198c0/" + key}, s.names(t)); diff != "" {
		t.Errorf("(-want +there):\n%s", diff)
	}
	s.wantNoUploads(t)
}

// TestS3PartsAreThrownAway: whatever ends an upload in its middle, nothing
// of it is visible and nothing stays.
func TestS3PartsAreThrownAway(t *testing.T) {
	broken := errors.New("the spool file broke off")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for _, tt := range []struct {
		name string
		end  io.Reader
		deny bool
		want error
		code recording.Code
	}{
		{"the source fails", iotest.ErrReader(broken), false, broken, recording.Internal},
		{"the source ends too early", iotest.ErrReader(io.ErrUnexpectedEOF), false, io.ErrUnexpectedEOF, recording.Internal},
		{"a part is refused", bytes.NewReader(content(part)), true, nil, recording.Unavailable},
		{"the caller leaves", readerFunc(func([]byte) (int, error) { cancel(); return 0, nil }), false, context.Canceled, recording.Unavailable},
	} {
		s := newServer(t)
		b := newS3(t, options(s.URL))
		s.before = func(w http.ResponseWriter, r *http.Request) bool {
			if tt.deny && r.URL.Query().Get("partNumber") == "2" {
				answer(w, 403, "AccessDenied")
				return true
			}
			return false
		}
		_, err := b.Put(ctx, key, io.MultiReader(bytes.NewReader(content(part+1)), tt.end))
		if recording.CodeOf(err) != tt.code || tt.want != nil && !errors.Is(err, tt.want) {
			t.Errorf("%s: Put gave %v", tt.name, err)
		}
		if all := s.names(t); len(all) > 0 {
			t.Errorf("%s: there is %v", tt.name, all)
		}
		s.wantNoUploads(t)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func answer(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, "<Error><Code>"+code+"</Code><Message>said by the server</Message></Error>")
}

// TestS3SizeDiffers: what the archive keeps is looked at afterwards.
func TestS3SizeDiffers(t *testing.T) {
	s := newServer(t)
	s.before = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodHead {
			return false
		}
		w.Header().Set("Content-Length", "4")
		w.Header().Set("Last-Modified", "Sat, 21 Nov 2026 12:00:00 GMT")
		return true
	}
	_, err := newS3(t, options(s.URL)).Put(t.Context(), key, strings.NewReader("sound"))
	if got := recording.Message(err); got != "the archive stored 4 bytes of the 5 that it was sent: check its server" {
		t.Errorf("Put gave %v", err)
	}
}

// TestS3List reads more names than one answer holds, and none that is not ours.
func TestS3List(t *testing.T) {
	s := newServer(t)
	b := newS3(t, options(s.URL))
	const many = 1100
	for i := range many {
		name := fmt.Sprintf("a/b/0198c0/0198c0%06d.wav", i)
		if _, err := s.client.PutObject(t.Context(), "calls", name, strings.NewReader("x"), 1, "", "", minio.PutObjectOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"a/b/.incoming/check-X", "a/b/notes.txt", "a/b/0198c0/deeper/0198c0x", "a/b/0198c0/0298c0y", "a/other/0198c0z", "0198c0/0198c0q"} {
		if _, err := s.client.PutObject(t.Context(), "calls", name, strings.NewReader("x"), 1, "", "", minio.PutObjectOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	got := map[string]bool{}
	note := func(key string) error { got[key] = true; return nil }
	if err := b.List(t.Context(), "", note); err != nil || len(got) != many || !got["0198c0000000.wav"] || !got["0198c0001099.wav"] {
		t.Errorf("%d names, %v", len(got), err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err := b.List(ctx, "", func(string) error { cancel(); return nil })
	if !errors.Is(err, context.Canceled) || recording.CodeOf(err) != recording.Unavailable {
		t.Errorf("List after its caller has gone gave %v", err)
	}
}

func TestS3Check(t *testing.T) {
	s := newServer(t)
	b := newS3(t, options(s.URL))
	s.before = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodHead {
			answer(w, 403, "AccessDenied")
			return true
		}
		return false
	}
	for range 2 { // a bad answer is not remembered
		if err := b.Check(t.Context()); recording.CodeOf(err) != recording.Unavailable {
			t.Errorf("Check of an archive that cannot be read gave %v", err)
		}
	}
	s.before = nil
	s.takeRequests()
	for range 2 { // a good one is
		if err := b.Check(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if diff := cmp.Diff([]string{"GET", "PUT", "HEAD", "DELETE"}, s.takeRequests()); diff != "" {
		t.Errorf("(-want +asked):\n%s", diff)
	}
	if all := s.names(t); len(all) > 0 {
		t.Errorf("left behind: %v", all)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.Check(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Check gave %v", err)
	}
}
