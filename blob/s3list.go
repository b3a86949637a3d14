package blob

import (
	"context"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
)

// List implements recording.Lister. A request returns a thousand names. Names
// that are not keys are skipped.
func (s *S3) List(ctx context.Context, prefix string, visit func(key string) error) error {
	if err := s.checkForRead(ctx); err != nil {
		return err
	}
	return s.listKeys(ctx, prefix, visit)
}

// listKeys lists the keys in the bucket, whatever its mark.
func (s *S3) listKeys(ctx context.Context, prefix string, visit func(key string) error) error {
	begin := s.prefix + prefix
	if len(prefix) >= prefixChars {
		begin = s.prefix + path(prefix)
	}
	return s.visitNames(ctx, minio.ListObjectsOptions{Prefix: begin, Recursive: true}, func(name string) error {
		in, key, ok := strings.Cut(name, "/")
		if ok && goodKey.MatchString(key) && folder(key) == in {
			return visit(key)
		}
		return nil
	})
}

// Folders implements recording.Lister: the server lists only the names before the
// first slash.
func (s *S3) Folders(ctx context.Context) ([]string, error) {
	if err := s.checkForRead(ctx); err != nil {
		return nil, err
	}
	var folders []string
	err := s.visitNames(ctx, minio.ListObjectsOptions{Prefix: s.prefix}, func(name string) error {
		if in, below, ok := strings.Cut(name, "/"); ok && below == "" && isFolder(in) {
			folders = append(folders, in)
		}
		return nil
	})
	return folders, err
}

// visitNames calls visit with each listed name, without the archive's prefix.
func (s *S3) visitNames(ctx context.Context, o minio.ListObjectsOptions, visit func(name string) error) error {
	listing, cancel := context.WithCancel(ctx)
	defer cancel()
	watch := time.AfterFunc(sendFactor*s.patience, cancel) // ends a request to which no answer comes
	defer watch.Stop()
	for o := range s.core.ListObjectsIter(listing, s.bucket, o) {
		if o.Err != nil {
			return serverError(ctx, o.Err, "read")
		}
		watch.Stop()
		if err := visit(strings.TrimPrefix(o.Key, s.prefix)); err != nil {
			return err
		}
		watch.Reset(sendFactor * s.patience)
	}
	if listing.Err() != nil { // the client may end without a word
		return serverError(ctx, listing.Err(), "read")
	}
	return nil
}
