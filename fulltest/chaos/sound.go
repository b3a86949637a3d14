package chaos

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"slices"
	"time"

	"recgate/audio/audiotest"
)

// tooShort is a length of audio whose tones are not looked for.
const tooShort = 400 * time.Millisecond

// checkSound checks the archived file of a recording: whole, as it was hashed, and
// with the voices of its call and no other. It returns the file.
func (r *verifier) checkSound(rec row, m Made, path string) ([]byte, error) {
	wav, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("its file: %w", err)
	}
	hash := sha256.Sum256(wav)
	if int64(len(wav)) != rec.bytes || hex.EncodeToString(hash[:]) != rec.sha256 {
		return wav, fmt.Errorf("its file has %d bytes with hash %x, the row says %d with %s", len(wav), hash, rec.bytes, rec.sha256)
	}
	samples, rate, err := audiotest.Decode(wav, 0)
	if err != nil {
		return wav, fmt.Errorf("its file: %w", err)
	}
	length := time.Duration(len(samples)) * time.Second / time.Duration(rate)
	if said := time.Duration(rec.duration) * time.Millisecond; (length - said).Abs() > 2*time.Millisecond {
		return wav, fmt.Errorf("its file lasts %s, the row says %s", length, said)
	}
	if length < tooShort {
		return wav, nil
	}
	a := audiotest.SampleShare(samples, rate, m.Hertz[0])
	b := audiotest.SampleShare(samples, rate, m.Hertz[1])
	whole, each := 90.0, 20.0
	if r.wasSpoolFull(m) { // Monitor writes the two directions apart: one may have found room where the other did not
		whole, each = 80, 0
	}
	if a+b < whole || a < each || b < each {
		return wav, fmt.Errorf("of %s, %.0f %% are the caller's %.0f Hz and %.0f %% the other's %.0f Hz", length, a, m.Hertz[0], b, m.Hertz[1])
	}
	return wav, nil
}

// wasSpoolFull reports whether it was while the call was recorded.
func (r *verifier) wasSpoolFull(m Made) bool {
	return slices.ContainsFunc(r.notes.spans, func(s Span) bool {
		return s.Kind == FillSpool && (m.Over.IsZero() || s.touches(m.Began, m.Over.Add(lateClose), 0))
	})
}
