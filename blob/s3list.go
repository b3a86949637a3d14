package blob

import (
	"context"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
)

// List implements recording.Lister, a thousand names a request. Names that
// are not ours are passed over.
func (s *S3) List(ctx context.Context, prefix string, visit func(key string) error) error {
	if err := s.whole(ctx); err != nil {
		return err
	}
	return s.list(ctx, prefix, visit)
}

// list is List of the bucket, whatever its mark.
func (s *S3) list(ctx context.Context, prefix string, visit func(key string) error) error {
	begin := s.prefix + prefix
	if len(prefix) >= prefixChars {
		begin = s.prefix + path(prefix)
	}
	return s.names(ctx, minio.ListObjectsOptions{Prefix: begin, Recursive: true}, func(name string) error {
		in, key, ok := strings.Cut(name, "/")
		if ok && goodKey.MatchString(key) && folder(key) == in {
			return visit(key)
		}
		return nil
	})
}

// Folders implements recording.Lister: the server sums up what lies below a
// slash.
func (s *S3) Folders(ctx context.Context) ([]string, error) {
	if err := s.whole(ctx); err != nil {
		return nil, err
	}
	var folders []string
	err := s.names(ctx, minio.ListObjectsOptions{Prefix: s.prefix}, func(name string) error {
		if in, below, ok := strings.Cut(name, "/"); ok && below == "" && isFolder(in) {
			folders = append(folders, in)
		}
		return nil
	})
	return folders, err
}

// names calls visit with what is listed, without the prefix of the archive.
func (s *S3) names(ctx context.Context, o minio.ListObjectsOptions, visit func(name string) error) error {
	listing, cancel := context.WithCancel(ctx)
	defer cancel()
	watch := time.AfterFunc(sendFactor*s.patience, cancel) // ends a request to which no answer comes
	defer watch.Stop()
	for o := range s.core.ListObjectsIter(listing, s.bucket, o) {
		if o.Err != nil {
			return refused(ctx, o.Err, "read")
		}
		watch.Stop()
		if err := visit(strings.TrimPrefix(o.Key, s.prefix)); err != nil {
			return err
		}
		watch.Reset(sendFactor * s.patience)
	}
	if listing.Err() != nil { // the client may end without a word
		return refused(ctx, listing.Err(), "read")
	}
	return nil
}
