//go:build full

package s3_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"

	"recgate/blob"
	"recgate/recording"
	"recgate/recording/recordingtest"
)

const key = "0198c0de000070008000000000000001.wav"

func TestContract(t *testing.T) {
	s := newServer(t)
	recordingtest.TestBlobs(t, func(t *testing.T) recording.Blobs {
		bucket := s.bucket(t)
		t.Cleanup(func() { s.wantNoUploads(t, bucket) })
		return newS3(t, s.options(bucket))
	})
	if said := s.log(t); strings.Contains(said, "panic") {
		t.Errorf("versitygw said:\n%s", said)
	}
}

// markedS3 is a bucket whose mark can be taken away.
type markedS3 struct {
	*blob.S3
	s      *server
	bucket string
}

func (b markedS3) ForgetMark(t testing.TB) {
	if err := b.s.client.Client.RemoveObject(t.Context(), b.bucket, markName, minio.RemoveObjectOptions{}); err != nil {
		t.Fatal(err)
	}
}

func TestMarkedContract(t *testing.T) {
	s := newServer(t)
	recordingtest.TestMarkedBlobs(t, func(t *testing.T, known func(context.Context) (string, error)) recordingtest.MarkedBlobs {
		bucket := s.bucket(t)
		b, err := blob.NewS3(s.options(bucket), known)
		if err != nil {
			t.Fatal(err)
		}
		m := markedS3{b, s, bucket}
		m.ForgetMark(t)
		return recordingtest.MarkedOf(m)
	})
}

// newNoise is sound of a length that differs everywhere, always the same.
func newNoise(bytes int64) io.Reader {
	return io.LimitReader(rand.NewChaCha8([32]byte{1}), bytes)
}

func sumOf(t *testing.T, r io.Reader) (sum [32]byte, n int64) {
	t.Helper()
	h := sha256.New()
	n, err := io.Copy(h, r)
	if err != nil {
		t.Fatal(err)
	}
	return [32]byte(h.Sum(nil)), n
}

// TestLong: 200 MB go in parts and come back the same, whole and from the
// middle; an upload that the server's end cuts is not visible afterwards, and
// the next one is.
func TestLong(t *testing.T) {
	const long = 200_000_003
	s := newServer(t)
	bucket := s.bucket(t)
	b := newS3(t, s.options(bucket))
	read := 0
	cut := readerFunc(func(p []byte) (int, error) {
		before := read
		if read += len(p); before < long/2 && read >= long/2 {
			s.end(t, syscall.SIGKILL)
		}
		return len(p), nil
	})
	if _, err := b.Put(t.Context(), key, io.LimitReader(cut, long)); recording.CodeOf(err) != recording.Unavailable {
		t.Errorf("Put while the server dies: %v", err)
	}
	s.run(t)
	if all := s.names(t, bucket); len(all) > 0 {
		t.Errorf("half an upload is visible: %q", all)
	}
	if n, err := b.Put(t.Context(), key, newNoise(long)); err != nil || n != long {
		t.Fatalf("Put gave %d, %v", n, err)
	}
	body, size, err := b.Open(t.Context(), key)
	if err != nil || size != long {
		t.Fatalf("Open gave %d, %v", size, err)
	}
	defer body.Close()
	want, _ := sumOf(t, newNoise(long))
	if got, n := sumOf(t, body); got != want || n != long {
		t.Errorf("%d bytes came back otherwise", n)
	}
	const middle = 123_456_789
	if _, err := body.Seek(middle, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	rest := newNoise(long)
	if _, err := io.CopyN(io.Discard, rest, middle); err != nil {
		t.Fatal(err)
	}
	want, _ = sumOf(t, rest)
	if got, n := sumOf(t, body); got != want || n != long-middle {
		t.Errorf("%d bytes from the middle on came back otherwise", n)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// TestDamagedOnTheWay: what arrives otherwise than it was sent is refused by
// the server, small or in parts, and nothing of it is visible.
func TestDamagedOnTheWay(t *testing.T) {
	s := newServer(t)
	bucket := s.bucket(t)
	target, err := url.Parse("http://" + s.address)
	if err != nil {
		t.Fatal(err)
	}
	damage := true
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Host = r.In.Host // it is signed
		if r.Out.Method == http.MethodPut && damage {
			r.Out.Body = io.NopCloser(&flipped{Reader: r.Out.Body})
		}
	}}
	between := httptest.NewServer(proxy)
	defer between.Close()
	o := s.options(bucket)
	o.Endpoint = between.URL
	b := newS3(t, o)
	for _, size := range []int64{1000, 12 << 20} {
		_, err := b.Put(t.Context(), key, newNoise(size))
		if got := recording.Message(err); got != "data arrived at the archive damaged and was not stored" {
			t.Errorf("%d bytes: %v", size, err)
		}
		if all := s.names(t, bucket); len(all) > 0 {
			t.Errorf("visible: %q", all)
		}
	}
	s.wantNoUploads(t, bucket)
	damage = false
	if _, err := b.Put(t.Context(), key, newNoise(1000)); err != nil {
		t.Error(err)
	}
}

// flipped changes one bit of what it reads.
type flipped struct {
	io.Reader
	done bool
}

func (f *flipped) Read(p []byte) (int, error) {
	n, err := f.Reader.Read(p)
	if n > 500 && !f.done {
		p[500] ^= 4
		f.done = true
	}
	return n, err
}

// TestFaults: each is named; one that passes needs no new client.
func TestFaults(t *testing.T) {
	s := newServer(t)
	bucket := s.bucket(t)
	with := func(edit func(*blob.S3Options)) *blob.S3 {
		o := s.options(bucket)
		edit(&o)
		return newS3(t, o)
	}
	for _, tt := range []struct {
		name string
		b    *blob.S3
		says string
	}{
		{"no such bucket", with(func(o *blob.S3Options) { o.Bucket = "nobodys" }), "the bucket of the archive does not exist"},
		{"unknown key", with(func(o *blob.S3Options) { o.AccessKey = "AKIASTRANGER" }), "the archive rejects the keys"},
		{"wrong secret", with(func(o *blob.S3Options) { o.SecretKey = "not-the-secret" }), "the archive rejects the keys"},
		{"wrong region", with(func(o *blob.S3Options) { o.Region = "eu-north-9" }), "the bucket of the archive is in another region"},
	} {
		wantFault(t, tt.name, tt.b, tt.says)
	}
	b := newS3(t, s.options(bucket))
	if _, err := b.Put(t.Context(), key, strings.NewReader("sound")); err != nil {
		t.Fatal(err)
	}
	s.freeze(t)
	wantFault(t, "frozen", b, "the archive did not answer in time")
	if err := s.gateway.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	wantWorking(t, b)
	s.end(t, syscall.SIGKILL)
	wantFault(t, "killed", b, "the archive cannot be reached")
	s.run(t)
	wantWorking(t, b)
}

// wantFault demands the text within the promised five seconds.
func wantFault(t *testing.T, name string, b *blob.S3, says string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	_, _, err := b.Open(ctx, key)
	if ctx.Err() != nil {
		t.Errorf("%s: open took five seconds", name)
	}
	for way, err := range map[string]error{"open": err, "check": b.Check(context.WithoutCancel(ctx))} {
		if recording.CodeOf(err) != recording.Unavailable || !strings.HasPrefix(recording.Message(err), says) {
			t.Errorf("%s: %s: %v, want %q", name, way, err, says)
		}
	}
}

func wantWorking(t *testing.T, b *blob.S3) {
	t.Helper()
	for limit := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		body, _, err := b.Open(t.Context(), key)
		if err == nil {
			got, err := io.ReadAll(body)
			if err := errors.Join(err, body.Close()); err != nil || !bytes.Equal(got, []byte("sound")) {
				t.Errorf("it gave %q, %v", got, err)
			}
			return
		}
		if time.Now().After(limit) {
			t.Fatalf("it does not come back: %v", err)
		}
	}
}
