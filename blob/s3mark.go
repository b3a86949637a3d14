package blob

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/minio/minio-go/v7"

	"recgate/recording"
)

// ReadMark implements mark.Place.
func (s *S3) ReadMark(ctx context.Context) (string, error) { return s.readMark(ctx, "read") }

// readMark is ReadMark on the way to something else; done is for serverError.
func (s *S3) readMark(ctx context.Context, done string) (string, error) {
	o := &object{s: s, ctx: ctx, name: s.prefix + markName, size: -1}
	if err := o.request(); err != nil {
		if codeOf(err) == minio.NoSuchKey {
			return "", &recording.Error{Code: recording.NotFound, Msg: "the archive has no mark", Err: err}
		}
		return "", serverError(ctx, err, done)
	}
	text, err := io.ReadAll(io.LimitReader(o, longestMark))
	if err := errors.Join(err, o.Close()); err != nil {
		return "", err
	}
	id, err := parseMark(text)
	if err != nil {
		return "", wrongMarkError("bucket", err)
	}
	return id, nil
}

// checkMark makes sure that the bucket is the archive.
func (s *S3) checkMark(ctx context.Context, known, done string) error {
	found, err := s.readMark(ctx, done)
	return compareMarks("bucket", known, found, err)
}

// checkForWrite makes sure that the bucket is the archive.
func (s *S3) checkForWrite(ctx context.Context) error {
	known, err := s.known(ctx)
	if err == nil && known == "" {
		err = errNotBegun
	}
	if err != nil {
		return err
	}
	return s.checkMark(ctx, known, "written")
}

// checkForRead makes sure that the bucket is the archive, or that no archive was
// created yet. Only then does "not found" mean that the archive does not have it.
func (s *S3) checkForRead(ctx context.Context) error {
	known, err := s.known(ctx)
	if err != nil || known == "" {
		return err
	}
	return s.checkMark(ctx, known, "read")
}

// WriteMark implements mark.Place. It makes no bucket.
func (s *S3) WriteMark(ctx context.Context, id string) error {
	found, err := s.ReadMark(ctx)
	if already, err := hasMarkAlready(id, found, err); already || err != nil {
		return err
	}
	_, err = s.store(ctx, s.prefix+markName, &source{ctx: ctx, r: strings.NewReader(string(markText(id)))})
	return err
}

// SizeOf implements mark.Place.
func (s *S3) SizeOf(ctx context.Context, key string) (int64, error) {
	if err := checkKey(ctx, key); err != nil {
		return 0, err
	}
	size, err := s.stat(ctx, s.prefix+path(key))
	switch {
	case codeOf(err) == minio.NoSuchKey:
		return 0, notFoundError(key, err)
	case err != nil:
		return 0, serverError(ctx, err, "read")
	}
	return size, nil
}

// HoldsAny implements mark.Place.
func (s *S3) HoldsAny(ctx context.Context) (bool, error) {
	return foundAny(s.listKeys(ctx, "", func(string) error { return errEnough }))
}

// CanBegin tries what Check does, without a mark.
func (s *S3) CanBegin(ctx context.Context) error { return s.probe(ctx) }
