package recordingtest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"recgate/recording"
)

// Blobs is a recording.Blobs in memory. It obeys the whole contract
// (TestBlobs is run on it); Break lets it fail as a full disk does.
type Blobs struct {
	mu     sync.Mutex // guards all below
	blobs  map[string][]byte
	broken error
	mark   string
	known  func(context.Context) (string, error) // nil: no mark is needed
}

var _ recording.Blobs = (*Blobs)(nil)

// NewBlobs returns an empty archive.
func NewBlobs() *Blobs { return &Blobs{blobs: map[string][]byte{}} }

// Break lets every method fail with err, until Break(nil).
func (b *Blobs) Break(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.broken = err
}

// Keys returns the keys of all blobs, in order.
func (b *Blobs) Keys() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Sorted(maps.Keys(b.blobs))
}

// Bytes returns a copy of a blob, nil when there is none.
func (b *Blobs) Bytes(key string) []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	return bytes.Clone(b.blobs[key])
}

// Set puts a blob past the contract, for instance a damaged one.
func (b *Blobs) Set(key string, content []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.blobs[key] = bytes.Clone(content)
}

var goodKey = regexp.MustCompile(`^[0-9a-z][0-9a-z.-]{0,79}$`)

// away tells why a method cannot run now, or nil. The caller holds b.mu.
func (b *Blobs) away(ctx context.Context, key string) error {
	switch {
	case !goodKey.MatchString(key):
		return recording.Errorf(recording.Invalid, "%q is not a key of the archive", key)
	case ctx.Err() != nil:
		return &recording.Error{Code: recording.Unavailable, Msg: "the archive did not answer in time", Err: ctx.Err()}
	}
	return b.broken
}

// Put implements recording.Blobs.
func (b *Blobs) Put(ctx context.Context, key string, r io.Reader) (int64, error) {
	b.mu.Lock()
	err := b.away(ctx, key)
	b.mu.Unlock()
	if err == nil {
		err = b.unmarked(ctx, true)
	}
	if err != nil {
		return 0, err
	}
	var content bytes.Buffer
	for err == nil && ctx.Err() == nil {
		_, err = io.CopyN(&content, r, 64<<10)
	}
	if err != nil && err != io.EOF { //nolint:errorlint // io.Reader owes a bare io.EOF
		return 0, fmt.Errorf("store %s: %w", key, err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.away(ctx, key); err != nil {
		return 0, err
	}
	b.blobs[key] = content.Bytes()
	return int64(content.Len()), nil
}

// Open implements recording.Blobs.
func (b *Blobs) Open(ctx context.Context, key string) (io.ReadSeekCloser, int64, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.away(ctx, key); err != nil {
		return nil, 0, err
	}
	content, ok := b.blobs[key]
	if !ok {
		b.mu.Unlock()
		err := b.unmarked(ctx, false)
		b.mu.Lock()
		if err != nil {
			return nil, 0, err
		}
		return nil, 0, recording.Errorf(recording.NotFound, "the archive holds nothing under %q", key)
	}
	return closable{bytes.NewReader(content)}, int64(len(content)), nil
}

// List implements recording.Lister.
func (b *Blobs) List(ctx context.Context, prefix string, visit func(key string) error) error {
	b.mu.Lock()
	err := b.away(ctx, "list")
	b.mu.Unlock()
	if err == nil {
		err = b.unmarked(ctx, false)
	}
	for _, key := range b.Keys() {
		if err == nil && strings.HasPrefix(key, prefix) {
			err = visit(key)
		}
	}
	return err
}

// Folders implements recording.Lister.
func (b *Blobs) Folders(ctx context.Context) ([]string, error) {
	var all []string
	err := b.List(ctx, "", func(key string) error {
		all = append(all, key[:min(6, len(key))])
		return nil
	})
	slices.Sort(all)
	return slices.Compact(all), err
}

// Remove implements recording.Blobs.
func (b *Blobs) Remove(ctx context.Context, key string) error {
	marked := b.unmarked(ctx, true)
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.away(ctx, key); err != nil {
		return err
	}
	if marked != nil {
		return marked
	}
	delete(b.blobs, key)
	return nil
}

// closable is a reader with nothing to close.
type closable struct{ *bytes.Reader }

func (closable) Close() error { return nil }
