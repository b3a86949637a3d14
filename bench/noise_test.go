package bench

import (
	"bytes"
	"io"
	"math/rand/v2"
)

// newNoise is sound without end, the same each time.
func newNoise() io.Reader { return rand.NewChaCha8([32]byte{1}) }

func newBytes(b []byte) io.Reader { return bytes.NewReader(b) }

// zeros is what stands for chance in ids: one byte, again and again.
type zeros struct{ b byte }

func (z zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = z.b
	}
	return len(p), nil
}
