package recording_test

import (
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"recgate/audio"
	"recgate/recording"
	"recgate/recording/recordingtest"
)

// FuzzText: a tag is refused exactly when it is empty, too long or not
// printable text, and no message that quotes it has a control character.
func FuzzText(f *testing.F) {
	for _, tag := range []string{"22", "O'Brien, 22 <é>", " ", "a\r\nb", "\x00", "\u0085", "\u2028", "\xff", "'; DROP TABLE recordings; --", strings.Repeat("é", 255), "\uFFFD"} {
		f.Add(tag)
	}
	service := recording.NewService([]recording.PBX{recordingtest.NewPBX("pbx1")}, recordingtest.NewStore(), recordingtest.NewBlobs(), audio.Files{}, recording.Options{})
	f.Fuzz(func(t *testing.T, tag string) {
		_, err := service.Retrieve(t.Context(), recording.RetrieveRequest{Key: tag, Actor: recording.Actor{Username: "fred", Remote: "192.0.2.7"}})
		trimmed := strings.Trim(tag, " ")
		good := trimmed != "" && utf8.ValidString(tag) && utf8.RuneCountInString(trimmed) <= 255 &&
			!strings.ContainsFunc(trimmed, func(r rune) bool {
				return unicode.Is(unicode.Cc, r) || unicode.In(r, unicode.Zl, unicode.Zp) || r == utf8.RuneError
			})
		want := recording.Invalid
		if good {
			want = recording.NotFound
		}
		if recording.CodeOf(err) != want {
			t.Errorf("%q: %v, want the code %d", tag, err, want)
		}
		if strings.ContainsFunc(recording.Message(err), unicode.IsControl) {
			t.Errorf("the message holds a control character: %q", recording.Message(err))
		}
	})
}

// FuzzParseID: what passes is the canonical form, and its digits are all that
// a file name is made of.
func FuzzParseID(f *testing.F) {
	for _, id := range []string{"0198c0de-0000-7000-8000-000000000001", "0198C0DE000070008000000000000001", "----", "../", "0198c0de00007000800000000000000g"} {
		f.Add(id)
	}
	canonical := regexp.MustCompile(`\A[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\z`)
	f.Fuzz(func(t *testing.T, text string) {
		id, err := recording.ParseID(text)
		if err != nil {
			return
		}
		again, err := recording.ParseID(id.Hex())
		if !canonical.MatchString(string(id)) || len(id.Hex()) != 32 || again != id || err != nil {
			t.Errorf("ParseID(%q) = %q, %q again (%v)", text, id, again, err)
		}
	})
}
