package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
)

// Open implements recording.Blobs. One request fetches the whole blob, which is
// read as it arrives. After a seek to another position the next read makes
// another request for the rest. When the connection breaks, reading continues where
// it broke; a blob that was replaced meanwhile is then an error, not a mixture.
// The blob can be read until ctx ends, by one goroutine at a time.
func (s *S3) Open(ctx context.Context, key string) (io.ReadSeekCloser, int64, error) {
	if err := checkKey(ctx, key); err != nil {
		return nil, 0, err
	}
	o := &object{s: s, ctx: ctx, name: s.prefix + path(key), size: -1}
	err := o.request()
	switch {
	case err == nil:
		return o, o.size, nil
	case codeOf(err) == minio.NoSuchKey:
		if away := s.checkForRead(ctx); away != nil {
			return nil, 0, away
		}
		return nil, 0, notFoundError(key, err)
	default:
		return nil, 0, serverError(ctx, err, "read")
	}
}

// object is a blob that is being read.
type object struct {
	s    *S3
	ctx  context.Context //nolint:containedctx // ends what was opened with it
	name string
	size int64 // -1 until the first answer
	etag string
	pos  int64 // of the next read

	body   io.ReadCloser // nil: ask for the rest first
	at     int64         // where body is
	watch  *time.Timer   // ends body's request when the server is silent
	closed bool
}

// Read implements io.Reader.
func (o *object) Read(p []byte) (int, error) {
	if o.closed {
		return 0, fs.ErrClosed
	}
	if o.body != nil && o.at != o.pos {
		o.drop()
	}
	var err error
	for range tries {
		if o.pos >= o.size {
			return 0, io.EOF
		}
		if len(p) == 0 {
			return 0, nil
		}
		var n int
		if n, err = o.readSome(p); n > 0 {
			return n, nil
		}
		if o.ctx.Err() != nil || isAnswer(err) {
			break
		}
	}
	return 0, serverError(o.ctx, err, "read")
}

// readSome reads what has arrived. When it fails, it drops the body.
func (o *object) readSome(p []byte) (int, error) {
	if o.body == nil {
		if err := o.request(); err != nil {
			return 0, err
		}
	}
	o.watch.Reset(o.s.patience)
	n, err := o.body.Read(p[:min(int64(len(p)), o.size-o.pos)])
	o.watch.Stop()
	o.pos += int64(n)
	o.at = o.pos
	if err != nil {
		o.drop()
	}
	if n == 0 && err == nil {
		return 0, io.ErrNoProgress
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF // only seen when n is 0: the end is known by the size
	}
	return n, err
}

// request asks for the blob from pos on.
func (o *object) request() error {
	var options minio.GetObjectOptions
	if o.pos > 0 {
		if err := options.SetRange(o.pos, 0); err != nil {
			return err
		}
	}
	if o.etag != "" && !strings.HasPrefix(o.etag, "W/") {
		if err := options.SetMatchETag(o.etag); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithCancel(o.ctx)
	o.watch = time.AfterFunc(o.s.patience, cancel)
	body, info, _, err := o.s.core.GetObject(ctx, o.s.bucket, o.name, options)
	o.watch.Stop()
	if err != nil {
		cancel()
		return err
	}
	o.body, o.at = cancelingBody{body, cancel}, o.pos
	if o.size < 0 {
		o.size, o.etag = info.Size, info.ETag
	}
	if info.Size != o.size-o.pos {
		o.drop()
		return fmt.Errorf("the server returned %d bytes from offset %d of %d", info.Size, o.pos, o.size)
	}
	return nil
}

// Seek implements io.Seeker. It asks the server nothing.
func (o *object) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += o.pos
	case io.SeekEnd:
		offset += o.size
	}
	if offset < 0 || whence < io.SeekStart || whence > io.SeekEnd || o.closed {
		return 0, &fs.PathError{Op: "seek", Path: o.name, Err: fs.ErrInvalid}
	}
	o.pos = offset
	return offset, nil
}

// Close implements io.Closer; a second one does nothing.
func (o *object) Close() error {
	o.closed = true
	o.drop()
	return nil
}

// drop ends the running request, if there is one.
func (o *object) drop() {
	if o.body == nil {
		return
	}
	o.watch.Stop()
	_ = o.body.Close() // read to the end, or given up
	o.body = nil
}

// cancelingBody is a body whose request is cancelled when it is closed.
type cancelingBody struct {
	io.ReadCloser
	cancel context.CancelFunc
}

// Close implements io.Closer.
func (e cancelingBody) Close() error {
	e.cancel()
	return e.ReadCloser.Close()
}
