package recording_test

import (
	"testing"

	"recgate/recording"
)

// words are what each code says, to the letter: rows of former versions have
// nothing else.
var words = map[recording.ReasonCode]struct{ detail, text string }{
	recording.ReasonAsked:          {"", "asked for"},
	recording.ReasonRecording:      {"", "recording"},
	recording.ReasonTakenOver:      {"", "taken over after an interrupted start"},
	recording.ReasonTagged:         {"O'Brien \"22\" <é>", `tag "O'Brien \"22\" <é>" added`},
	recording.ReasonMoved:          {"SIP/410-1 to SIP/411-2", "moved from SIP/410-1 to SIP/411-2"},
	recording.ReasonStopped:        {"", "stopped by request"},
	recording.ReasonMaxLength:      {"", "reached max_seconds"},
	recording.ReasonHungUp:         {"", "the channel hung up"},
	recording.ReasonHungUpUnseen:   {"", "the channel hung up unseen"},
	recording.ReasonEndedByPBX:     {"", "ended by the PBX"},
	recording.ReasonEndedElsewhere: {"", "ended on the PBX, not by recgate"},
	recording.ReasonHungUpAtStart:  {"", "the channel hung up while the start was under way"},
	recording.ReasonInterrupted:    {"", "the start was interrupted"},
	recording.ReasonFileGrew:       {"", "the PBX wrote on after its file was taken"},
	recording.ReasonSoundAppeared:  {"", "it was empty, and its file has sound now"},
	recording.ReasonFileAppeared:   {"", "it had failed, and its file appeared"},
	recording.ReasonFileCameBack:   {"", "it was lost, and its file came back"},
	recording.ReasonRefused:        {`the PBX "pbx1" is not connected`, `the PBX "pbx1" is not connected`},
	recording.ReasonNoFile:         {"", "the PBX left no file in the spool"},
	recording.ReasonNothingWritten: {"", "the PBX could write nothing into its file in the spool"},
	recording.ReasonNotWAV:         {"", "what the PBX left in the spool is not a WAV"},
	recording.ReasonOtherFormat:    {"a WAV of µ-law", "what the PBX left in the spool is not a WAV of 16 bit PCM but a WAV of µ-law"},
	recording.ReasonNotFile:        {"", "what has the name of its file in the spool is not a file"},
	recording.ReasonOther:          {"it was like that", "it was like that"},
}

// added are the words of each note.
var added = []struct {
	note recording.Notes
	text string
}{
	{recording.NoteNotBegun, " before the PBX recorded"},
	{recording.NoteUnconfirmed, ", and the PBX did not confirm it"},
	{recording.NoteNoAudio, "; the PBX heard no audio"},
	{recording.NoteIncomplete, "; the PBX left its file incomplete"},
	{recording.NoteNeverClosed, "; the PBX did not close its file, whose end may be missing"},
	{recording.NoteOneOfTwo, "; one of its two files is missing or is not a WAV"},
}

// TestEveryReasonComesBack: every code with every set of notes is told in the
// same words as ever, and is found again by its codes, and by its words alone.
func TestEveryReasonComesBack(t *testing.T) {
	if len(recording.ReasonCodes()) != len(words) {
		t.Errorf("%d codes, and the words of %d", len(recording.ReasonCodes()), len(words))
	}
	for _, code := range recording.ReasonCodes() {
		for notes := range recording.Notes(1) << len(added) {
			r := recording.Reason{Code: code, Detail: words[code].detail, Notes: notes}
			want := words[code].text
			for _, a := range added {
				if r.Has(a.note) {
					want += a.text
				}
			}
			if r.String() != want {
				t.Errorf("%s says %q, want %q", r.Codes(), r, want)
			}
			if got := recording.StoredReason(recording.Running, want, r.Codes(), r.Detail); got != r {
				t.Errorf("%q with the codes %s comes back as %+v", want, r.Codes(), got)
			}
			own := code == recording.ReasonRefused || code == recording.ReasonOther // which have no words of their own
			if got := recording.StoredReason(recording.Running, want, "", ""); got != r && !own || got.String() != want {
				t.Errorf("%q without codes comes back as %+v", want, got)
			}
		}
	}
	if got := recording.StoredReason(recording.Failed, "", "", ""); got != (recording.Reason{}) || got.String() != "" || got.Codes() != "" || got.Full() != "" {
		t.Errorf("no reason comes back as %+v", got)
	}
}

// TestStoredReason is about rows that a gateway of another version wrote.
func TestStoredReason(t *testing.T) {
	for name, tt := range map[string]struct {
		in                  recording.State
		text, codes, detail string
		want                recording.Reason
	}{
		"a former version changed the words alone": {
			recording.Running, "stopped by request, and the PBX did not confirm it", "stopped", "",
			recording.Reason{Code: recording.ReasonStopped, Notes: recording.NoteUnconfirmed},
		},
		"it left a detail": {
			recording.Lost, "the PBX left no file in the spool", "other_format", "a WAV of µ-law",
			recording.Reason{Code: recording.ReasonNoFile},
		},
		"it wrote a refusal": {
			recording.Failed, "the PBX is away", "asked", "",
			recording.Reason{Code: recording.ReasonRefused, Detail: "the PBX is away"},
		},
		"it wrote another refusal": {
			recording.Failed, "the PBX is away", "refused", "the disk is full",
			recording.Reason{Code: recording.ReasonRefused, Detail: "the PBX is away"},
		},
		"words that nobody knows": {
			recording.Lost, "the dog ate it", "", "",
			recording.Reason{Code: recording.ReasonOther, Detail: "the dog ate it"},
		},
		"a later version has other words": {
			recording.Ready, "the caller hung up; silence", "hung_up+no_audio", "",
			recording.Reason{Code: recording.ReasonHungUp, Notes: recording.NoteNoAudio},
		},
		"a later version has more codes": {
			recording.Ready, "the moon is full", "full_moon", "",
			recording.Reason{Code: recording.ReasonOther, Detail: "the moon is full"},
		},
		"and more notes": {
			recording.Ready, "the channel hung up; the moon is full", "hung_up+full_moon", "",
			recording.Reason{Code: recording.ReasonOther, Detail: "the channel hung up; the moon is full"},
		},
	} {
		if got := recording.StoredReason(tt.in, tt.text, tt.codes, tt.detail); got != tt.want {
			t.Errorf("%s: %+v, want %+v", name, got, tt.want)
		}
	}
}

// TestReasonsFitStates: a recording in any state can tell why.
func TestReasonsFitStates(t *testing.T) {
	for _, state := range recording.States() {
		n := 0
		for _, code := range recording.ReasonCodes() {
			if code.In(state) && code != recording.ReasonOther {
				n++
			}
		}
		if n == 0 || !recording.ReasonOther.In(state) || recording.ReasonTagged.In(state) || recording.ReasonMoved.In(state) {
			t.Errorf("%d codes of state %s", n, state)
		}
	}
	if recording.ReasonCode("full_moon").In(recording.Ready) {
		t.Error("an unknown code fits a state")
	}
}
