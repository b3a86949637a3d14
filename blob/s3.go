package blob

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"recgate/recording"
	"recgate/smallfile"
)

const (
	tries       = 2               // of each request, where the fault may pass
	patience    = 4 * time.Second // S3Options.Patience when it is not given
	sendFactor  = 15              // of patience, for requests that store audio
	checkMemory = 3 * time.Second // how long a good Check is good for
	connections = 64              // kept open for later requests
)

// S3Options say where a bucket is and who asks.
type S3Options struct {
	Endpoint  string // http://host:port or https://host
	Region    string // such as eu-central-1; empty: us-east-1, which most servers but Amazon's take
	Bucket    string // must exist
	Prefix    string // before every name, without slashes around it; may be empty
	PathStyle bool   // https://host/bucket/name instead of https://bucket.host/name

	// The keys. If both are empty, they are read from the AWS environment
	// variables, else from the shared credentials file.
	AccessKey string
	SecretKey string

	// Trusts, if set, is what the server's certificate has to be or be signed
	// by, instead of the machine's authorities.
	Trusts *tls.Config

	// Patience is how long the server may be silent while a caller waits: before it
	// answers a request without audio, and in the middle of an answer. When audio is
	// stored no caller waits, so each part may take fifteen times as long. 0 means
	// 4 s, so that a caller is told of a fault within five.
	Patience time.Duration
}

// S3 keeps blobs in a bucket of an S3 server. It implements recording.Blobs.
// A blob has the name that Disk gives its file, behind the prefix, so that a
// folder can be copied into a bucket and back. It holds no connection that
// must be closed and starts nothing of its own.
type S3 struct {
	objects
	prefix string
	known  KnownID

	uploads chan struct{} // a token for each running upload: each holds a part in memory
	parts   sync.Pool     // of *[]byte, partSize long

	mu   sync.Mutex // guards good
	good time.Time  // the last good Check
}

// objects are those of a bucket, by the name that the server knows them by.
type objects struct {
	core     minio.Core
	bucket   string
	patience time.Duration
}

var errNoKeys = &recording.Error{
	Code: recording.Unavailable,
	Msg:  "the archive has no keys: set archive_access_key and archive_secret_key, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
}

// NewS3 asks the server nothing: recgate starts and records even while the bucket
// cannot be reached. The error names an invalid option, or says that there are no
// keys.
func NewS3(o S3Options, known KnownID) (*S3, error) {
	endpoint, err := url.Parse(o.Endpoint)
	if err != nil {
		return nil, fmt.Errorf("endpoint of the archive: %w", err)
	}
	if o.Patience == 0 {
		o.Patience = patience
	}
	if o.Region == "" {
		o.Region = "us-east-1" // or the client would ask for it, which needs another right
	}
	lookup := minio.BucketLookupDNS
	if o.PathStyle {
		lookup = minio.BucketLookupPath
	}
	creds, err := findCredentials(o)
	if err != nil {
		return nil, fmt.Errorf("keys of the archive: %w", err)
	}
	if found, err := creds.GetWithContext(&credentials.CredContext{Client: http.DefaultClient}); err != nil || found.AccessKeyID == "" { // or it would ask as nobody
		return nil, errNoKeys
	}
	client, err := minio.New(endpoint.Host, &minio.Options{
		Creds: creds, Secure: endpoint.Scheme == "https", Transport: newTransport(o.Patience, o.Trusts),
		Region: o.Region, BucketLookup: lookup, MaxRetries: tries,
	})
	if err != nil {
		return nil, fmt.Errorf("endpoint of the archive: %w", err)
	}
	s := &S3{
		objects: objects{core: minio.Core{Client: client}, bucket: o.Bucket, patience: o.Patience}, prefix: o.Prefix, known: known,
		uploads: make(chan struct{}, maxUploads),
	}
	if s.prefix != "" {
		s.prefix += "/"
	}
	s.parts.New = func() any { part := make([]byte, partSize); return &part }
	return s, nil
}

// findCredentials finds the keys that requests are signed with. The client's
// library opens the files of the AWS tools in its own way, and a pipe would block
// it. So they are read here first; the error names a file that would block.
func findCredentials(o S3Options) (*credentials.Credentials, error) {
	if o.AccessKey != "" || o.SecretKey != "" {
		return credentials.NewStaticV4(o.AccessKey, o.SecretKey, ""), nil
	}
	home, _ := os.UserHomeDir() // without a home there is no file in it
	for _, file := range []struct{ variable, name string }{{"AWS_CONFIG_FILE", "config"}, {"AWS_SHARED_CREDENTIALS_FILE", "credentials"}} {
		path := cmp.Or(os.Getenv(file.variable), filepath.Join(home, ".aws", file.name))
		_, err := smallfile.Read(path)
		if _, unopened := errors.AsType[*fs.PathError](err); err != nil && !unopened { // a file that cannot be opened does not block
			return nil, err
		}
	}
	return credentials.NewChainCredentials([]credentials.Provider{
		&credentials.EnvAWS{}, &credentials.FileAWSCredentials{},
	}), nil
}

// newTransport speaks HTTP/1.1 only: with HTTP/2 each answer that is read slowly
// would hold megabytes in memory.
func newTransport(patience time.Duration, trusts *tls.Config) *http.Transport {
	dialer := net.Dialer{Timeout: patience, KeepAlive: 15 * time.Second}
	return &http.Transport{
		Proxy: http.ProxyFromEnvironment, DialContext: dialer.DialContext, TLSHandshakeTimeout: patience, TLSClientConfig: trusts,
		ResponseHeaderTimeout: sendFactor * patience, IdleConnTimeout: time.Minute, DisableCompression: true,
		MaxIdleConns: connections, MaxIdleConnsPerHost: connections,
		Protocols: onlyHTTP1(),
	}
}

func onlyHTTP1() *http.Protocols {
	var p http.Protocols
	p.SetHTTP1(true)
	return &p
}

// Remove implements recording.Blobs.
func (s *S3) Remove(ctx context.Context, key string) error {
	if err := checkKey(ctx, key); err != nil {
		return err
	}
	if err := s.checkForWrite(ctx); err != nil {
		return err
	}
	return s.remove(ctx, s.prefix+path(key))
}

func (s *S3) remove(ctx context.Context, name string) error {
	short, cancel := context.WithTimeout(ctx, s.patience)
	defer cancel()
	err := s.core.RemoveObject(short, s.bucket, name, minio.RemoveObjectOptions{})
	if err != nil && codeOf(err) != minio.NoSuchKey {
		return serverError(ctx, err, "written")
	}
	return nil
}

// Check puts a small blob, asks for it and removes it again, within the
// patience. A success counts for three seconds, since requests cost money; a
// failure is not remembered.
func (s *S3) Check(ctx context.Context) error {
	if s.wasCheckedLately() {
		return checkDeadline(ctx)
	}
	ctx, cancel := context.WithTimeout(ctx, s.patience)
	defer cancel()
	if err := s.checkForWrite(ctx); err != nil {
		return err
	}
	err := s.probe(ctx)
	if err == nil {
		s.mu.Lock()
		s.good = time.Now()
		s.mu.Unlock()
	}
	return err
}

// wasCheckedLately reports whether the last good Check is recent enough to count.
func (s *S3) wasCheckedLately() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Since(s.good) < checkMemory
}

// probe puts a small blob, asks for it and removes it again.
func (s *S3) probe(ctx context.Context) error {
	name := s.prefix + incoming + "/check-" + rand.Text()
	n, err := s.store(ctx, name, &source{ctx: ctx, r: strings.NewReader("recgate checks whether it may write here\n")})
	if err != nil {
		return err
	}
	return errors.Join(s.compareSize(ctx, name, n), s.remove(context.WithoutCancel(ctx), name))
}
