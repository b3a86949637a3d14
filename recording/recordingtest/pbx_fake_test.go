package recordingtest_test

import (
	"io"
	"testing"

	"recgate/audio/audiotest"
	"recgate/recording/recordingtest"
)

// TestFakePBX holds the PBX in memory to the same contract as real ones.
func TestFakePBX(t *testing.T) {
	recordingtest.TestPBX(t, hear, func(*testing.T) recordingtest.Exchange {
		return recordingtest.ExchangeOf(recordingtest.NewPBX("pbx1"))
	})
}

func hear(t testing.TB, wav io.ReaderAt, size int64, hz float64) float64 {
	t.Helper()
	b := make([]byte, size)
	if _, err := wav.ReadAt(b, 0); err != nil && err != io.EOF {
		t.Fatal(err)
	}
	share, err := audiotest.Share(b, 0, hz)
	if err != nil {
		t.Fatal(err)
	}
	return share / 100
}
