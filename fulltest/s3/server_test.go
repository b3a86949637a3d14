//go:build full

package s3_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"recgate/blob"
	"recgate/internal/await"
	"recgate/internal/child"
	"recgate/internal/port"
	"recgate/lab"
)

// patience is how long the server may take to begin or to end.
const patience = 30 * time.Second

const accessKey, secretKey = "AKIARECGATE", "hunter2-of-versitygw"

// server is a running versitygw with an empty folder of its own.
type server struct {
	folder  string
	address string
	gateway *child.Child // nil while it does not run
	client  *minio.Core  // past our own code
	buckets int
}

// program finds versitygw where fulltest/install has put it.
func program(t *testing.T) string {
	t.Helper()
	path := filepath.Join(lab.Cache(t), "versitygw", "versitygw")
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("versitygw is missing: run fulltest/install first (%v)", err)
	}
	return path
}

func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{folder: t.TempDir(), address: port.Address(t)}
	for _, dir := range []string{"data", "meta"} {
		if err := os.Mkdir(filepath.Join(s.folder, dir), 0o750); err != nil {
			t.Fatal(err)
		}
	}
	var err error
	s.client, err = minio.NewCore(s.address, &minio.Options{Creds: credentials.NewStaticV4(accessKey, secretKey, ""), Region: "us-east-1"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.end(t, syscall.SIGKILL) })
	s.run(t)
	return s
}

// run starts the server, on the same folder and address as before. Its
// metadata lie beside the data, since not every file system has attributes.
func (s *server) run(t *testing.T) {
	t.Helper()
	log, err := os.OpenFile(filepath.Join(s.folder, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command(program(t), "--port", s.address, "--quiet", "posix", "--sidecar", filepath.Join(s.folder, "meta"), filepath.Join(s.folder, "data"))
	cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY_ID="+accessKey, "ROOT_SECRET_ACCESS_KEY="+secretKey)
	cmd.Stdout, cmd.Stderr = log, log
	if s.gateway, err = child.Start(cmd); err != nil {
		t.Fatal(err)
	}
	for limit := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		_, err := s.client.ListBuckets(ctx)
		cancel()
		if err == nil {
			return
		}
		if time.Now().After(limit) {
			said, _ := os.ReadFile(log.Name())
			t.Fatalf("versitygw does not answer: %v\n%s", err, said)
		}
	}
}

// end ends the server; one that has ended stays so.
func (s *server) end(t *testing.T, by syscall.Signal) {
	t.Helper()
	if s.gateway == nil {
		return
	}
	gateway := s.gateway
	s.gateway = nil
	var exit *exec.ExitError
	if err := gateway.End(by, patience); err != nil && !errors.As(err, &exit) {
		t.Error(err)
	}
}

// freeze stops the server from answering while its connections stay open, and
// returns when every thread stands still (proc(5): the state follows the name
// in brackets). SIGCONT lets it go on.
func (s *server) freeze(t *testing.T) {
	t.Helper()
	if err := s.gateway.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	await.Until(t, "versitygw to stand still", func() bool {
		files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", s.gateway.PID()))
		for _, file := range files {
			stat, _ := os.ReadFile(file) // a thread may end meanwhile
			if i := strings.LastIndex(string(stat), ") "); i >= 0 && stat[i+2] != 'T' {
				return false
			}
		}
		return err == nil && len(files) > 0
	})
}

// bucket makes a new archive.
func (s *server) bucket(t *testing.T) string {
	t.Helper()
	name := s.emptyBucket(t)
	text := "recgate archive " + mark + "\n"
	o := minio.PutObjectOptions{DisableContentSha256: true}
	if _, err := s.client.PutObject(t.Context(), name, markName, strings.NewReader(text), int64(len(text)), "", "", o); err != nil {
		t.Fatal(err)
	}
	return name
}

// emptyBucket makes a new bucket.
func (s *server) emptyBucket(t *testing.T) string {
	t.Helper()
	s.buckets++
	name := fmt.Sprintf("calls-%d", s.buckets)
	if err := s.client.MakeBucket(t.Context(), name, minio.MakeBucketOptions{}); err != nil {
		t.Fatal(err)
	}
	return name
}

// The mark of the archive in each bucket, as the database would know it.
const (
	mark     = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	markName = "north/.recgate-archive"
)

func (s *server) options(bucket string) blob.S3Options {
	return blob.S3Options{Endpoint: "http://" + s.address, Bucket: bucket, Prefix: "north", PathStyle: true, AccessKey: accessKey, SecretKey: secretKey}
}

func newS3(t *testing.T, o blob.S3Options) *blob.S3 {
	t.Helper()
	b, err := blob.NewS3(o, func(context.Context) (string, error) { return mark, nil })
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// names are the objects of a bucket; uploads that were neither ended nor
// thrown away fail the test.
func (s *server) names(t *testing.T, bucket string) (names []string) {
	t.Helper()
	for o := range s.client.Client.ListObjects(t.Context(), bucket, minio.ListObjectsOptions{Recursive: true}) {
		if o.Err != nil {
			t.Fatal(o.Err)
		}
		if o.Key != markName {
			names = append(names, o.Key)
		}
	}
	return names
}

func (s *server) wantNoUploads(t *testing.T, bucket string) {
	t.Helper()
	all, err := s.client.ListMultipartUploads(context.WithoutCancel(t.Context()), bucket, "", "", "", "", 100)
	if err != nil || len(all.Uploads) > 0 {
		t.Errorf("%d uploads are left behind (%v)", len(all.Uploads), err)
	}
}

// log is what the server said.
func (s *server) log(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.folder, "log"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}
