package collect_test

import (
	"bytes"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"recgate/audio"
	"recgate/internal/office"
	"recgate/recording"
)

// A restored database has rows of recordings that were collected after the
// backup: their audio is in the archive, and no file is in the spool.
func TestRestoredRowFindsItsAudio(t *testing.T) {
	for _, tt := range []struct {
		name string
		held func(wav []byte) []byte
		want recording.State
	}{
		{"whole", func(wav []byte) []byte { return wav }, recording.Ready},
		{"cut off", func(wav []byte) []byte { return wav[:len(wav)/2] }, recording.Lost},
		{"without sound", func([]byte) []byte { return silence(t) }, recording.Lost},
		{"no WAV", func([]byte) []byte { return []byte("no WAV at all") }, recording.Lost},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				of := office.New()
				end := of.Open(t, office.Options{})
				caller, _ := of.PBX.Call(t, "410", "411")
				rec := of.Record(t, "410", "22")
				of.PBX.Pass(time.Second)
				end() // the backup was made here
				of.PBX.HangupUnseen(t, caller)
				held := tt.held(spooled(t, of, recording.MixedFile(rec.ID)))
				if _, err := of.Blobs.Put(t.Context(), rec.ID.Hex()+".wav", bytes.NewReader(held)); err != nil {
					t.Fatal(err)
				}
				of.Open(t, office.Options{})
				got := of.AwaitSettled(t, rec.ID)
				if got.State != tt.want {
					t.Fatalf("it is %s (%s), want %s", got.State, got.Reason, tt.want)
				}
				if tt.want == recording.Ready && (!bytes.Equal(of.Fetch(t, "22"), held) || got.Bytes != int64(len(held)) || got.Duration < time.Second/2) {
					t.Errorf("what is retrieved is not what the archive holds: %+v", got)
				}
			})
		})
	}
}

// spooled takes a file out of the spool, as the WAV that it becomes.
func spooled(t *testing.T, of *office.Office, name string) []byte {
	t.Helper()
	f, err := of.PBX.Spool().Open(name)
	if err != nil {
		t.Fatal(err)
	}
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	wav, _, err := audio.Files{}.Repair(f, info.Size())
	if err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(wav)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if err := of.PBX.Spool().Remove(name); err != nil {
		t.Fatal(err)
	}
	return all
}

// silence is a whole WAV of no length.
func silence(t *testing.T) []byte {
	t.Helper()
	header := make([]byte, 44)
	copy(header, "RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x80\x3e\x00\x00\x02\x00\x10\x00data")
	return header
}
