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
	listing, cancel := context.WithCancel(ctx)
	defer cancel()
	watch := time.AfterFunc(sendFactor*s.patience, cancel) // ends a request to which no answer comes
	defer watch.Stop()
	for o := range s.core.ListObjectsIter(listing, s.bucket, minio.ListObjectsOptions{Prefix: begin, Recursive: true}) {
		if o.Err != nil {
			return refused(ctx, o.Err, "read")
		}
		watch.Stop()
		in, key, ok := strings.Cut(strings.TrimPrefix(o.Key, s.prefix), "/")
		if ok && goodKey.MatchString(key) && folder(key) == in {
			if err := visit(key); err != nil {
				return err
			}
		}
		watch.Reset(sendFactor * s.patience)
	}
	if listing.Err() != nil { // the client may end without a word
		return refused(ctx, listing.Err(), "read")
	}
	return nil
}
