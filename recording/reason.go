package recording

import (
	"log/slog"
	"slices"
	"strconv"
	"strings"
)

// Reason says why a recording is in its state. Programs go by Code and Notes;
// String is the one place that puts a reason into words. The zero value is no
// reason.
type Reason struct {
	Code   ReasonCode
	Detail string // what belongs to the code, see there; else empty
	Notes  Notes
}

// ReasonCode names a reason for programs. The codes are kept in databases and
// shown in metrics: they never change.
type ReasonCode string

// The codes, in the order of a recording's life.
const (
	ReasonAsked          ReasonCode = "asked"
	ReasonRecording      ReasonCode = "recording"
	ReasonTakenOver      ReasonCode = "taken_over"
	ReasonTagged         ReasonCode = "tagged" // in the history alone; Detail is the tag
	ReasonMoved          ReasonCode = "moved"  // in the history alone; Detail names both channels
	ReasonStopped        ReasonCode = "stopped"
	ReasonMaxLength      ReasonCode = "max_seconds"
	ReasonHungUp         ReasonCode = "hung_up"
	ReasonHungUpUnseen   ReasonCode = "hung_up_unseen"
	ReasonEndedByPBX     ReasonCode = "ended_by_pbx"
	ReasonEndedElsewhere ReasonCode = "ended_elsewhere"
	ReasonHungUpAtStart  ReasonCode = "hung_up_at_start"
	ReasonInterrupted    ReasonCode = "start_interrupted"
	ReasonFileGrew       ReasonCode = "file_grew"
	ReasonSoundAppeared  ReasonCode = "sound_appeared"
	ReasonFileAppeared   ReasonCode = "file_appeared"
	ReasonFileCameBack   ReasonCode = "file_came_back"
	ReasonRefused        ReasonCode = "refused" // Detail is the refusal
	ReasonNoFile         ReasonCode = "no_file"
	ReasonNothingWritten ReasonCode = "nothing_written"
	ReasonNotWAV         ReasonCode = "not_wav"
	ReasonOtherFormat    ReasonCode = "other_format" // Detail is the kind of file
	ReasonNotFile        ReasonCode = "not_a_file"
	ReasonOther          ReasonCode = "other" // Detail is the text, which no code stands for
)

// reasonForm is what belongs to a code.
type reasonForm struct {
	code ReasonCode
	text string  // in front of the detail, if there is one
	in   []State // in which a recording may be for this reason
}

// reasonForms is the table of all codes.
var reasonForms = []reasonForm{
	{ReasonAsked, "asked for", []State{Starting}},
	{ReasonRecording, "recording", []State{Running}},
	{ReasonTakenOver, "taken over after an interrupted start", []State{Running}},
	{ReasonTagged, "tag ", nil},
	{ReasonMoved, "moved from ", nil},
	{ReasonStopped, "stopped by request", []State{Running, Collecting, Ready, Empty}},
	{ReasonMaxLength, "reached max_seconds", []State{Running, Collecting, Ready, Empty}},
	{ReasonHungUp, "the channel hung up", []State{Collecting, Ready, Empty}},
	{ReasonHungUpUnseen, "the channel hung up unseen", []State{Collecting, Ready, Empty}},
	{ReasonEndedByPBX, "ended by the PBX", []State{Collecting, Ready, Empty}},
	{ReasonEndedElsewhere, "ended on the PBX, not by recgate", []State{Collecting, Ready, Empty}},
	{ReasonHungUpAtStart, "the channel hung up while the start was under way", []State{Collecting, Ready, Empty, Failed}},
	{ReasonInterrupted, "the start was interrupted", []State{Collecting, Ready, Empty, Failed}},
	{ReasonFileGrew, "the PBX wrote on after its file was taken", []State{Collecting, Ready, Empty}},
	{ReasonSoundAppeared, "it was empty, and its file has sound now", []State{Collecting, Ready, Empty}},
	{ReasonFileAppeared, "it had failed, and its file appeared", []State{Collecting, Ready, Empty}},
	{ReasonFileCameBack, "it was lost, and its file came back", []State{Collecting, Ready, Empty}},
	{ReasonRefused, "", []State{Failed}},
	{ReasonNoFile, "the PBX left no file in the spool", []State{Lost}},
	{ReasonNothingWritten, "the PBX could write nothing into its file in the spool", []State{Lost}},
	{ReasonNotWAV, "what the PBX left in the spool is not a WAV", []State{Lost}},
	{ReasonOtherFormat, "what the PBX left in the spool is not a WAV of 16 bit PCM but ", []State{Lost}},
	{ReasonNotFile, "what has the name of its file in the spool is not a file", []State{Lost}},
	{ReasonOther, "", States()},
}

// Notes is a set of what a reason adds to its code.
type Notes uint8

// The notes, in the order in which a reason tells them.
const (
	NoteNotBegun    Notes = 1 << iota // a start failed before the PBX recorded
	NoteUnconfirmed                   // the PBX was asked to stop, and may record on
	NoteNoAudio                       // the PBX heard nothing
	NoteIncomplete                    // the PBX left a file without its end
	NoteNeverClosed                   // the PBX did not close a file, which may lack its end
	NoteOneOfTwo                      // one of two files cannot be used
)

// noteForms is the table of all notes, in their order.
var noteForms = []struct {
	note       Notes
	code, text string
}{
	{NoteNotBegun, "not_begun", " before the PBX recorded"},
	{NoteUnconfirmed, "unconfirmed", ", and the PBX did not confirm it"},
	{NoteNoAudio, "no_audio", "; the PBX heard no audio"},
	{NoteIncomplete, "incomplete", "; the PBX left its file incomplete"},
	{NoteNeverClosed, "never_closed", "; the PBX did not close its file, whose end may be missing"},
	{NoteOneOfTwo, "one_of_two", "; one of its two files is missing or is not a WAV"},
}

// ReasonCodes returns all codes in the order of a recording's life.
func ReasonCodes() []ReasonCode {
	var all []ReasonCode
	for _, f := range reasonForms {
		all = append(all, f.code)
	}
	return all
}

// form returns what belongs to the code; the zero value when it is unknown.
func (c ReasonCode) form() reasonForm {
	for _, f := range reasonForms {
		if f.code == c {
			return f
		}
	}
	return reasonForm{}
}

// In reports whether a recording may be in the state for a reason of this code.
func (c ReasonCode) In(s State) bool { return slices.Contains(c.form().in, s) }

// Moved is the reason of a recording that goes on on another channel.
func Moved(from, to string) Reason {
	return Reason{Code: ReasonMoved, Detail: from + " to " + to}
}

// With returns the reason with more notes.
func (r Reason) With(n Notes) Reason {
	r.Notes |= n
	return r
}

// Without returns the reason without some notes.
func (r Reason) Without(n Notes) Reason {
	r.Notes &^= n
	return r
}

// Has reports whether the reason has all of these notes.
func (r Reason) Has(n Notes) bool { return r.Notes&n == n }

// Unusable reports whether the reason is a file of which no audio can be made.
func (r Reason) Unusable() bool { return r.Code == ReasonNotWAV || r.Code == ReasonOtherFormat }

// Attrs are what a log line says of a reason.
func (r Reason) Attrs() []any {
	return []any{slog.String("reason", r.String()), slog.String("reason_code", r.Codes())}
}

// Codes returns the code and those of the notes, such as "hung_up+no_audio".
func (r Reason) Codes() string {
	codes := string(r.Code)
	for _, f := range noteForms {
		if r.Has(f.note) {
			codes += "+" + f.code
		}
	}
	return codes
}

// String returns the reason in English.
func (r Reason) String() string {
	text := r.Code.form().text
	if r.Code == ReasonTagged {
		text += strconv.Quote(r.Detail) + " added"
	} else {
		text += r.Detail
	}
	for _, f := range noteForms {
		if r.Has(f.note) {
			text += f.text
		}
	}
	return text
}

// Full returns the reason in English, followed by its codes in brackets.
func (r Reason) Full() string { return r.String() + r.Brackets() }

// Brackets returns the codes of the reason in brackets, after a blank; "" for no
// reason.
func (r Reason) Brackets() string {
	if r == (Reason{}) {
		return ""
	}
	return " [" + r.Codes() + "]"
}

// StoredReason returns the reason of a recording in a state, or of a step to
// it, by the text, the codes and the detail that a Store keeps of it. A gateway
// of a version that knew no codes wrote the text alone, and left the codes of
// an earlier reason beside it: they count only if they give the text. Else the
// text says which code it is; and where it does not, codes that fit the state
// are those of a version that words them in another way.
func StoredReason(in State, text, codes, detail string) Reason {
	coded := reasonOfCodes(codes, detail)
	if coded.Code != "" && Cut(coded.String(), MaxReason) == text {
		return coded
	}
	if r, known := reasonOfText(text); known {
		return r
	}
	switch {
	case coded.Code != ReasonRefused && coded.Code != ReasonOther && coded.Code.In(in):
		return coded
	case in == Failed: // nothing else fails in words of its own
		return Reason{Code: ReasonRefused, Detail: text}
	}
	return Reason{Code: ReasonOther, Detail: text}
}

// reasonOfCodes reads what Codes wrote; the zero value when it is unknown.
func reasonOfCodes(codes, detail string) Reason {
	code, notes, _ := strings.Cut(codes, "+")
	r := Reason{Code: ReasonCode(code), Detail: detail}
	for note := range strings.SplitSeq(notes, "+") {
		for _, f := range noteForms {
			if f.code == note {
				r.Notes |= f.note
			}
		}
	}
	if r.Code.form().code == "" || r.Codes() != codes {
		return Reason{}
	}
	return r
}

// reasonOfText reads what String wrote, where a code stands for it.
func reasonOfText(text string) (r Reason, known bool) {
	rest := text
	for _, f := range slices.Backward(noteForms) {
		if before, has := strings.CutSuffix(rest, f.text); has {
			rest, r.Notes = before, r.Notes|f.note
		}
	}
	for _, f := range reasonForms {
		after, begins := strings.CutPrefix(rest, f.text)
		if !begins || f.text == "" {
			continue
		}
		r.Code, r.Detail = f.code, ""
		switch f.code {
		case ReasonOtherFormat, ReasonMoved:
			r.Detail = after
		case ReasonTagged:
			r.Detail, _ = strconv.Unquote(strings.TrimSuffix(after, " added"))
		}
		if r.String() == text {
			return r, true
		}
	}
	return Reason{}, text == ""
}
