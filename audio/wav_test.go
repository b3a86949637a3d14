package audio_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"recgate/audio"
	"recgate/audio/audiotest"
)

// chunk writes a RIFF chunk with its padding.
func chunk(id string, content []byte) []byte {
	b := binary.LittleEndian.AppendUint32([]byte(id), uint32(len(content)))
	b = append(b, content...)
	if len(content)%2 == 1 {
		b = append(b, 0)
	}
	return b
}

// sizedChunk is a chunk whose header says another size than it has.
func sizedChunk(id string, size uint32, content []byte) []byte {
	return append(binary.LittleEndian.AppendUint32([]byte(id), size), content...)
}

// format is the content of a "fmt " chunk.
func format(tag, channels uint16, rate uint32, bits uint16) []byte {
	b := binary.LittleEndian.AppendUint16(nil, tag)
	b = binary.LittleEndian.AppendUint16(b, channels)
	b = binary.LittleEndian.AppendUint32(b, rate)
	b = binary.LittleEndian.AppendUint32(b, 1) // byte rate: not believed
	b = binary.LittleEndian.AppendUint16(b, 1) // block alignment: not believed
	return binary.LittleEndian.AppendUint16(b, bits)
}

// extensibleFormat is a WAVEFORMATEXTENSIBLE whose sub-format begins with tag.
func extensibleFormat(tag uint16, tail string) []byte {
	b := append(format(0xFFFE, 1, 8000, 16), 22, 0, 16, 0, 4, 0, 0, 0)
	return append(binary.LittleEndian.AppendUint16(b, tag), tail...)
}

// riff puts chunks into a file; its own size is nonsense, and not looked at.
func riff(chunks ...[]byte) []byte {
	return append([]byte("RIFF\xff\xff\xff\xffWAVE"), bytes.Join(chunks, nil)...)
}

func open(t testing.TB, file []byte) *audio.WAV {
	t.Helper()
	w, err := audio.Open(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func readAll(t testing.TB, r io.Reader) []byte {
	t.Helper()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

const guidTail = "\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71"

func TestOpen(t *testing.T) {
	pcm := chunk("fmt ", format(1, 1, 8000, 16))
	sound := []byte("12345678")
	info := chunk("LIST", []byte("INFOodd"))
	for _, tt := range []struct {
		name     string
		file     []byte
		samples  string
		complete bool
	}{
		{"plain", riff(pcm, chunk("data", sound)), "12345678", true},
		{"empty", riff(pcm, chunk("data", nil)), "", true},
		{"extensible", riff(chunk("fmt ", extensibleFormat(1, guidTail)), chunk("data", sound)), "12345678", true},
		{"format with an extension", riff(chunk("fmt ", append(format(1, 1, 8000, 16), 0, 0)), chunk("data", sound)), "12345678", true},
		{"unknown chunks before", riff(info, pcm, info, chunk("data", sound)), "12345678", true},
		{"chunks after", riff(pcm, chunk("data", sound), info, info), "12345678", true},
		{"data before the format", riff(chunk("data", sound), pcm), "12345678", true},
		{"odd size, padded", riff(pcm, chunk("data", []byte("12345")), info), "1234", true},
		{"odd size, not padded", riff(pcm, sizedChunk("data", 5, []byte("12345"))), "1234", true},
		{"second format", riff(pcm, chunk("fmt ", format(1, 2, 44100, 16)), chunk("data", sound)), "12345678", true},

		{"size 0", riff(pcm, sizedChunk("data", 0, sound)), "12345678", false},
		{"size 0, silence", riff(pcm, sizedChunk("data", 0, make([]byte, 64))), string(make([]byte, 64)), false},
		{"size 0, half a sample", riff(pcm, sizedChunk("data", 0, sound[:7])), "123456", false},
		{"size 0xFFFFFFFF", riff(pcm, sizedChunk("data", math.MaxUint32, sound)), "12345678", false},
		{"size too large by one", riff(pcm, sizedChunk("data", 9, sound)), "12345678", false},
		{"size too small", riff(pcm, sizedChunk("data", 4, sound)), "12345678", false},
		{
			"size too small, chunk-like rest that does not end with the file",
			riff(pcm, sizedChunk("data", 2, []byte("12LIST\x01\x00\x00\x00abcd"))), "12LIST\x01\x00\x00\x00abcd", false,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := open(t, tt.file)
			clean := readAll(t, w.Clean())
			if got := string(clean[audio.HeaderBytes:]); got != tt.samples {
				t.Errorf("samples %q, want %q", got, tt.samples)
			}
			if w.Complete != tt.complete {
				t.Errorf("complete is %t, want %t", w.Complete, tt.complete)
			}
			if w.Rate != 8000 || w.Channels != 1 {
				t.Errorf("%d channels at %d", w.Channels, w.Rate)
			}
		})
	}
}

func TestOpenRefuses(t *testing.T) {
	data := chunk("data", []byte("1234"))
	for _, tt := range []struct {
		name string
		file []byte
		want error
	}{
		{"nothing", nil, audio.ErrShort},
		{"eleven bytes", []byte("RIFF\x00\x00\x00\x00WAV"), audio.ErrShort},
		{"text", []byte("this is not sound at all"), audio.ErrNotWAV},
		{"big endian", []byte("RIFX\x00\x00\x00\x00WAVE"), audio.ErrNotWAV},
		{"64 bit", []byte("RF64\x00\x00\x00\x00WAVE"), audio.ErrNotWAV},
		{"another RIFF", []byte("RIFF\x00\x00\x00\x00AVI "), audio.ErrNotWAV},
		{"no chunk", riff(), audio.ErrShort},
		{"no format", riff(data), audio.ErrShort},
		{"no data", riff(chunk("fmt ", format(1, 1, 8000, 16))), audio.ErrShort},
		{"short format", riff(chunk("fmt ", make([]byte, 14)), data), audio.ErrNotWAV},
		{"cut in the format", riff(sizedChunk("fmt ", 16, make([]byte, 10))), audio.ErrShort},
		{"chunk beyond the end", riff(sizedChunk("JUNK", math.MaxUint32, nil), data), audio.ErrShort},
		{"nothing but chunks", riff(bytes.Repeat(chunk("JUNK", nil), 1100)), audio.ErrNotWAV},
		{"8 bit", riff(chunk("fmt ", format(1, 1, 8000, 8)), data), audio.ErrFormat},
		{"24 bit", riff(chunk("fmt ", format(1, 1, 8000, 24)), data), audio.ErrFormat},
		{"a-law", riff(chunk("fmt ", format(6, 1, 8000, 8)), data), audio.ErrFormat},
		{"GSM", riff(chunk("fmt ", format(49, 1, 8000, 0)), data), audio.ErrFormat},
		{"float", riff(chunk("fmt ", extensibleFormat(3, guidTail)), data), audio.ErrFormat},
		{"extensible of somebody's own", riff(chunk("fmt ", extensibleFormat(1, strings.Repeat("x", 14))), data), audio.ErrFormat},
		{"extensible cut short", riff(chunk("fmt ", format(0xFFFE, 1, 8000, 16)), data), audio.ErrFormat},
		{"no channel", riff(chunk("fmt ", format(1, 0, 8000, 16)), data), audio.ErrFormat},
		{"many channels", riff(chunk("fmt ", format(1, 9, 8000, 16)), data), audio.ErrFormat},
		{"no rate", riff(chunk("fmt ", format(1, 1, 0, 16)), data), audio.ErrFormat},
		{"great rate", riff(chunk("fmt ", format(1, 1, math.MaxUint32, 16)), data), audio.ErrFormat},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := audio.Open(bytes.NewReader(tt.file), int64(len(tt.file)))
			if !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

// sparse is a file of a given size that holds only its beginning.
type sparse struct {
	head []byte
	size int64
}

func (s sparse) ReadAt(p []byte, at int64) (int, error) {
	clear(p)
	if at < int64(len(s.head)) {
		copy(p, s.head[at:])
	}
	if left := s.size - at; int64(len(p)) > left {
		return int(max(left, 0)), io.EOF
	}
	return len(p), nil
}

func TestFourGigabytes(t *testing.T) {
	head := riff(chunk("fmt ", format(1, 1, 8000, 16)), sizedChunk("data", math.MaxUint32, nil))
	for _, tt := range []struct {
		size int64
		want error
	}{
		{math.MaxUint32 - 40, nil},
		{math.MaxUint32 + 44, audio.ErrTooLong},
		{20 << 30, audio.ErrTooLong},
	} {
		if _, err := audio.Open(sparse{head, tt.size}, tt.size); !errors.Is(err, tt.want) {
			t.Errorf("%d bytes: %v, want %v", tt.size, err, tt.want)
		}
	}
	if _, err := audio.Header(8000, 1, math.MaxUint32-1); !errors.Is(err, audio.ErrTooLong) {
		t.Errorf("a header for 4 GiB: %v", err)
	}
}

func TestHeaderRefuses(t *testing.T) {
	for _, tt := range []struct {
		rate, channels int
		bytes          int64
	}{{0, 1, 0}, {8000, 0, 0}, {8000, 9, 0}, {8000, 1, -2}, {8000, 1, 3}, {8000, 2, 6}} {
		if _, err := audio.Header(tt.rate, tt.channels, tt.bytes); !errors.Is(err, audio.ErrFormat) {
			t.Errorf("Header(%d, %d, %d): %v", tt.rate, tt.channels, tt.bytes, err)
		}
	}
}

// TestHeaderBytes holds the header as the captured files of Asterisk and the
// old Recorder have it.
func TestHeaderBytes(t *testing.T) {
	got, err := audio.Header(8000, 1, 16000)
	if err != nil {
		t.Fatal(err)
	}
	want := "RIFF\xa4\x3e\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x80\x3e\x00\x00\x02\x00\x10\x00data\x80\x3e\x00\x00"
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
}

func TestDuration(t *testing.T) {
	w := open(t, audiotest.Tone(400, 2.5))
	if got := w.Duration(); got != 2500*time.Millisecond {
		t.Errorf("duration is %v", got)
	}
}

// TestShrunk: a file that is cut while it is read must not pass for whole.
func TestShrunk(t *testing.T) {
	tone := audiotest.Tone(400, 1)
	w, err := audio.Open(bytes.NewReader(tone[:len(tone)-10]), int64(len(tone)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, w.Clean()); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("reading it gave %v", err)
	}
	mixed, err := audio.Mix(audio.Input{WAV: w}, audio.Input{WAV: open(t, tone)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, mixed); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("mixing it gave %v", err)
	}
}

type broken struct{ err error }

func (b broken) ReadAt([]byte, int64) (int, error) { return 0, b.err }

func TestReadError(t *testing.T) {
	disk := errors.New("the disk is on fire")
	if _, err := audio.Open(broken{disk}, 100); !errors.Is(err, disk) {
		t.Errorf("got %v", err)
	}
}

// TestWhatLeavesIsClean: whatever opens comes out complete, with the same
// samples, and comes out the same again.
func TestWhatLeavesIsClean(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		channels := rapid.IntRange(1, 8).Draw(t, "channels")
		rate := rapid.IntRange(1, 384000).Draw(t, "rate")
		sound := rapid.SliceOf(rapid.Byte()).Draw(t, "sound")
		size := rapid.OneOf(rapid.Just(uint32(0)), rapid.Just(uint32(math.MaxUint32)),
			rapid.Just(uint32(len(sound))), rapid.Uint32()).Draw(t, "size")
		junk := chunk("junk", rapid.SliceOfN(rapid.Byte(), 0, 9).Draw(t, "junk"))
		file := riff(junk, chunk("fmt ", format(1, uint16(channels), uint32(rate), 16)), sizedChunk("data", size, sound))
		checkClean(t, file)
	})
}

// checkClean fails unless the file, once opened, leaves as a good WAV.
func checkClean(t interface{ Fatalf(string, ...any) }, file []byte) {
	w, err := audio.Open(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return
	}
	clean, err := io.ReadAll(w.Clean())
	if err != nil {
		t.Fatalf("read what was opened: %v", err)
	}
	again, err := audio.Open(bytes.NewReader(clean), int64(len(clean)))
	if err != nil {
		t.Fatalf("what left does not open: %v", err)
	}
	if !again.Complete || again.Rate != w.Rate || again.Channels != w.Channels || again.DataBytes != w.DataBytes {
		t.Fatalf("left %+v, opened %+v", again, w)
	}
	if got := int64(binary.LittleEndian.Uint32(clean[4:])) + 8; got != int64(len(clean)) {
		t.Fatalf("the RIFF size says %d of %d bytes", got, len(clean))
	}
	if samples := file[w.DataOffset : w.DataOffset+w.DataBytes]; !bytes.Equal(samples, clean[audio.HeaderBytes:]) {
		t.Fatalf("the samples changed")
	}
}

// FuzzWAV: no file makes Open panic, read beyond its size or let anything
// but a good WAV out.
func FuzzWAV(f *testing.F) {
	tone := audiotest.Tone(400, 0.01)
	f.Add(tone)
	f.Add(audiotest.Unclosed(tone))
	f.Add(tone[:50])
	f.Add(riff(chunk("LIST", []byte("odd")), chunk("fmt ", extensibleFormat(1, guidTail)), chunk("data", []byte("1234")), chunk("id3 ", nil)))
	f.Fuzz(func(t *testing.T, file []byte) { checkClean(t, file) })
}

func BenchmarkClean(b *testing.B) {
	tone := audiotest.Tone(400, 600)
	b.SetBytes(int64(len(tone)))
	b.ReportAllocs()
	for b.Loop() {
		w, err := audio.Open(bytes.NewReader(tone), int64(len(tone)))
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, w.Clean()); err != nil {
			b.Fatal(err)
		}
	}
}
