package blob

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"

	"github.com/minio/minio-go/v7"

	"recgate/recording"
)

const (
	partSize   = 5 << 20 // the least that S3 takes; 10,000 of them are 48 GiB, ten times the largest WAV
	maxUploads = 4       // at the same time, each with one part in memory
)

// Put implements recording.Blobs. What fits into one part is sent as one request;
// anything larger is an upload in parts, which only its last request makes
// visible. The server compares the SHA-256 and the MD5 of each part; afterwards
// the size of the whole object is compared.
func (s *S3) Put(ctx context.Context, key string, r io.Reader) (int64, error) {
	if err := checkKey(ctx, key); err != nil {
		return 0, err
	}
	if err := s.checkForWrite(ctx); err != nil {
		return 0, err
	}
	name := s.prefix + path(key)
	size, err := s.store(ctx, name, &source{ctx: ctx, r: r})
	if err != nil {
		return 0, err
	}
	return size, s.compareSize(ctx, name, size)
}

// store sends an object under a name, whole or in parts.
func (s *S3) store(ctx context.Context, name string, from *source) (int64, error) {
	select {
	case s.uploads <- struct{}{}:
		defer func() { <-s.uploads }()
	case <-ctx.Done():
		return 0, checkDeadline(ctx)
	}
	part := s.parts.Get().(*[]byte)
	defer s.parts.Put(part)
	n, last, err := from.fillPart(*part)
	if err != nil {
		return 0, err
	}
	if last {
		return int64(n), s.putWhole(ctx, name, (*part)[:n])
	}
	return s.putInParts(ctx, name, *part, from)
}

// fillPart reads until the buffer is full or the source ends; then last is true.
func (s *source) fillPart(buf []byte) (n int, last bool, err error) {
	n, err = io.ReadFull(s, buf)
	return n, err != nil, s.err
}

func (s *objects) putWhole(ctx context.Context, name string, content []byte) error {
	sending, cancel := context.WithTimeout(ctx, sendFactor*s.patience)
	defer cancel()
	sha, md := checksums(content)
	o := wavOptions()
	o.DisableContentSha256 = true // the client's own, which would replace ours
	if _, err := s.core.PutObject(sending, s.bucket, name, bytes.NewReader(content), int64(len(content)), md, sha, o); err != nil {
		return serverError(ctx, err, "written")
	}
	return nil
}

// putInParts sends the full first part and all that follow. When that fails, the
// server is asked to delete the parts.
func (s *objects) putInParts(ctx context.Context, name string, part []byte, from *source) (int64, error) {
	short, cancel := context.WithTimeout(ctx, s.patience)
	defer cancel()
	id, err := s.core.NewMultipartUpload(short, s.bucket, name, wavOptions())
	if err != nil {
		return 0, serverError(ctx, err, "written")
	}
	size, err := s.sendParts(ctx, name, id, part, from)
	if err == nil {
		return size, nil
	}
	abort, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.patience)
	defer cancel()
	if e := s.core.AbortMultipartUpload(abort, s.bucket, name, id); e != nil && codeOf(e) != minio.NoSuchUpload {
		err = fmt.Errorf("%w (and its parts were left behind: %w)", err, e)
	}
	return 0, err
}

// sendParts sends part, which is full, and then whatever from still has, through the
// same buffer, and completes the upload.
func (s *objects) sendParts(ctx context.Context, name, id string, part []byte, from *source) (int64, error) {
	var all []minio.CompletePart
	var size int64
	n, last := len(part), false
	for n > 0 {
		sent, err := s.sendPart(ctx, name, id, len(all)+1, part[:n])
		if err != nil {
			return 0, serverError(ctx, err, "written")
		}
		all = append(all, minio.CompletePart{PartNumber: sent.PartNumber, ETag: sent.ETag})
		size += int64(n)
		if last {
			break
		}
		if n, last, err = from.fillPart(part); err != nil {
			return 0, err
		}
	}
	short, cancel := context.WithTimeout(ctx, sendFactor*s.patience) // some servers copy all parts now
	defer cancel()
	if _, err := s.core.CompleteMultipartUpload(short, s.bucket, name, id, all, minio.PutObjectOptions{}); err != nil {
		return 0, serverError(ctx, err, "written")
	}
	return size, nil
}

func (s *objects) sendPart(ctx context.Context, name, id string, number int, content []byte) (minio.ObjectPart, error) {
	ctx, cancel := context.WithTimeout(ctx, sendFactor*s.patience)
	defer cancel()
	sha, md := checksums(content)
	return s.core.PutObjectPart(ctx, s.bucket, name, id, number, bytes.NewReader(content), int64(len(content)),
		minio.PutObjectPartOptions{Sha256Hex: sha, Md5Base64: md, DisableContentSha256: true})
}

// compareSize makes sure that the server stored as many bytes as were sent.
func (s *S3) compareSize(ctx context.Context, name string, size int64) error {
	kept, err := s.stat(ctx, name)
	if err != nil {
		return serverError(ctx, err, "read")
	}
	if kept != size {
		return recording.Errorf(recording.Unavailable, "the archive stored %d bytes of the %d that it was sent: check its server", kept, size)
	}
	return nil
}

// stat asks for the size of an object.
func (s *objects) stat(ctx context.Context, name string) (int64, error) {
	short, cancel := context.WithTimeout(ctx, s.patience)
	defer cancel()
	info, err := s.core.StatObject(short, s.bucket, name, minio.StatObjectOptions{})
	return info.Size, err
}

func wavOptions() minio.PutObjectOptions { return minio.PutObjectOptions{ContentType: "audio/wav"} }

// checksums returns what the server compares: the SHA-256, which is part of the
// signature, and the MD5, which buckets with an object lock require.
func checksums(content []byte) (sha256Hex, md5Base64 string) {
	sha, md := sha256.Sum256(content), md5.Sum(content)
	return hex.EncodeToString(sha[:]), base64.StdEncoding.EncodeToString(md[:])
}
