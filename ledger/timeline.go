package ledger

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"recgate/recording"
)

// Line is one line of the story of a recording.
type Line struct {
	At   time.Time
	What string
}

// Timeline tells the story of a recording, the oldest line first: what was
// asked for and by whom, what the PBX said, what was decided and why, and who
// retrieved it. past is its history, and retrieved its lines of the access
// log. The history keeps its order, whatever a clock did meanwhile.
func Timeline(r recording.Recording, past []recording.Past, retrieved []recording.Access) []Line {
	var s story
	s.tell(r.Call.StartedAt, "the call %s begins, as far as recgate knows", r.Call.LinkedID)
	s.tell(r.Call.AnsweredAt, "the call is answered")
	s.tell(r.AnsweredAt, "the channel is answered")
	s.history(r, past)
	s.tell(r.ChannelEndedAt, "the channel hangs up")
	s.tell(r.Call.EndedAt, "the call ends: its last channel has hung up")
	for _, a := range retrieved {
		s.tell(a.At, "%s requests it from %s with %s %q: %s", orSomebody(a.Username), orNowhere(a.Remote), a.Method, a.Key, a.Outcome)
	}
	slices.SortStableFunc(s, func(a, b placed) int { return a.place.Compare(b.place) })
	var lines []Line
	for _, l := range s {
		lines = append(lines, l.Line)
	}
	return lines
}

// placed is a line of the story, and the time that it is sorted by.
type placed struct {
	Line
	place time.Time
}

type story []placed

// tell adds what happened at a time that is known.
func (s *story) tell(at time.Time, format string, args ...any) {
	if !at.IsZero() {
		*s = append(*s, placed{Line{at, fmt.Sprintf(format, args...)}, at})
	}
}

// history adds the steps. The first one is the request.
func (s *story) history(r recording.Recording, past []recording.Past) {
	var last, stopped time.Time
	for i, p := range past {
		if p.At.After(last) {
			last = p.At
		}
		what := fmt.Sprintf("%s: %s", p.To, p.Reason)
		if i == 0 && p.To == recording.Starting {
			what = fmt.Sprintf("%s: %s by %s, for the extension %q on the PBX %s%s", p.To, p.Reason, orSomebody(r.AskedBy), r.Extension, r.PBX, firstTags(r, past))
		}
		if p.Said != "" {
			what += " (" + p.Said + ")"
		}
		what += p.Reason.Brackets()
		*s = append(*s, placed{Line{p.At, what}, last})
		if p.To == recording.Collecting {
			stopped = p.At
		}
	}
	if !r.StoppedAt.Equal(stopped) {
		s.tell(r.StoppedAt, "the recording ends here, according to the event or its file")
	}
}

// firstTags are the tags that the start itself brought: the history does not say
// that they were added.
func firstTags(r recording.Recording, past []recording.Past) string {
	var first []string
	for _, tag := range r.Tags {
		added := recording.Reason{Code: recording.ReasonTagged, Detail: tag}
		if !slices.ContainsFunc(past, func(p recording.Past) bool { return p.Reason == added }) {
			first = append(first, strconv.Quote(tag))
		}
	}
	if len(first) == 0 {
		return ""
	}
	return ", with the tag " + strings.Join(first, ", ")
}

func orSomebody(name string) string {
	if name == "" {
		return "somebody"
	}
	return name
}

func orNowhere(remote string) string {
	if remote == "" {
		return "an unknown address"
	}
	return remote
}
