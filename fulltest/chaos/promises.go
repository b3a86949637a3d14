package chaos

import (
	"context"
	"encoding/base64"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"recgate/recording"
)

// What is taken off what a promise owes.
const (
	worthRecording = time.Second             // calls that talked on for less may have no audio
	lateWrites     = 2200 * time.Millisecond // what a killed Asterisk had not written yet
	lateClose      = 6 * time.Second         // after a stop was asked for, until Asterisk has written the rest
	straggler      = 20 * time.Second        // how long a stop without an answer may still come into effect
)

// tolerance is how exact a PBX is: a real one on a machine that is busy with a
// chaos leaves out frames, up to 0.6 s of them in a call, as was seen.
func (r *verifier) tolerance(pbx int) time.Duration {
	if r.scene.PBXs[pbx].Real {
		return time.Second
	}
	return 100 * time.Millisecond
}

// checkPromises checks that each start that was answered with success has its
// recording, and that the recording lasts as long as the call talked on.
func (r *verifier) checkPromises(byTag map[string][]row) {
	for _, a := range r.notes.asks {
		if a.Method != "start" || !a.OK() {
			continue
		}
		r.report.Promised++
		m := r.notes.calls[a.Call]
		found := byTag[a.Tag]
		if len(found) == 0 {
			r.addViolation("a start was promised and no row carries its tag:\n      %s\n%s", a, r.notes.describeCall(a.Call))
			continue
		}
		owed := r.promisedUntil(a, m, r.firstAsked(a, found)).Sub(a.Done)
		if owed < worthRecording {
			continue
		}
		r.report.Owed++
		if longest(found) < owed-r.tolerance(m.PBX) {
			r.addViolation("a start was promised and its call talked on for %s, the recording has %s:\n      %s\n      %v\n%s", owed, longest(found), a, found, r.notes.describeCall(a.Call))
		}
	}
}

// longest returns the length of the longest recording that is ready.
func longest(found []row) time.Duration {
	var most int64
	for _, rec := range found {
		if rec.state == recording.Ready {
			most = max(most, rec.duration)
		}
	}
	return time.Duration(most) * time.Millisecond
}

// firstAsked is when the recordings of a start were first asked for: it may
// only have added its tag to them.
func (r *verifier) firstAsked(a Ask, found []row) time.Time {
	first := a.Sent
	for _, other := range r.notes.asksOf(a.Call) {
		same := func(rec row) bool { return slices.Contains(rec.tags, other.Tag) }
		if other.Method == "start" && other.Sent.Before(first) && slices.ContainsFunc(found, same) {
			first = other.Sent
		}
	}
	return first
}

// promisedUntil is how long the recording of a start that was first asked for
// at some time must have run at least: to the hangup, a stop that may have been
// done, the end of the PBX, or the moment at which the spool was full; less
// what Asterisk may not have written by then.
func (r *verifier) promisedUntil(a Ask, m Made, first time.Time) time.Time {
	until := m.HangUp
	if until.IsZero() {
		until = a.Done // it was never hung up: the run has ended
	}
	for _, stop := range r.notes.asksOf(a.Call) {
		if stop.Method != "stop" || stop.Refused {
			continue
		}
		done := stop.Done
		if !stop.OK() && !strings.Contains(stop.Said, "nothing is being recorded") {
			done = stop.Sent.Add(straggler)
		}
		if !done.Before(a.Sent) && stop.Sent.Before(until) {
			until = stop.Sent
		}
	}
	for _, s := range r.notes.spans {
		switch {
		case !s.touches(first, until.Add(lateClose), 0):
		case s.endedCall(m), s.Kind == FillSpool:
			if written := s.From.Add(-lateWrites); written.Before(until) {
				until = written
			}
		case (s.Kind == NoFile || s.Kind == SlowFile) && s.PBX == m.PBX && s.touches(first, a.Done, 0):
			until = a.Done
		}
	}
	return until
}

// checkSounds compares the sound of every recording with its call, and how long it
// lasts with how long it can last. It returns the files by key.
func (r *verifier) checkSounds(all []row, paths map[string]string) map[string][]byte {
	files := map[string][]byte{}
	for _, rec := range all {
		if rec.reason == "" {
			r.addViolation("a row without a reason: %s", rec)
		}
		m, ok := r.callOf(rec)
		if !ok {
			r.addViolation("a row of a channel that no call had: %s", rec)
			continue
		}
		if !r.isAskedForBy(rec, m) {
			r.addViolation("a row whose call was never asked for by its tags: %s\n%s", rec, r.notes.describeCall(m.Number))
		}
		if rec.state != recording.Ready {
			continue
		}
		r.report.Audio++
		wav, err := r.checkSound(rec, m, paths[rec.key])
		if err != nil {
			r.addViolation("a recording does not sound as its call: %v\n      %s\n%s", err, rec, r.notes.describeCall(m.Number))
		}
		files[rec.key] = wav
	}
	return files
}

// checkDoubles looks for channels that have more audio than their call had time:
// then something was recorded twice.
func (r *verifier) checkDoubles(all []row) {
	audio := map[int]time.Duration{}
	for _, rec := range all {
		if m, ok := r.callOf(rec); ok {
			audio[m.Number] += time.Duration(rec.duration) * time.Millisecond
		}
	}
	for number, had := range audio {
		m := r.notes.calls[number]
		end := m.Over
		for _, s := range r.notes.spans {
			if s.endedCall(m) && !r.hasStartAfter(number, s.Struck) {
				end = s.Struck
			}
		}
		var first time.Time
		for _, a := range r.notes.asksOf(number) {
			if a.Method == "start" && first.IsZero() {
				first = a.Sent
			}
		}
		if can := end.Sub(first); !end.IsZero() && had > can+2*r.tolerance(m.PBX) {
			r.addViolation("%s were recorded of a call that lasted %s:\n%s", had, can, r.notes.describeCall(number))
		}
	}
	r.checkStartedTwice(all)
}

// hasStartAfter reports whether a start in the call was promised later than that:
// then the PBX had started again before the call, and not ended it.
func (r *verifier) hasStartAfter(call int, at time.Time) bool {
	return slices.ContainsFunc(r.notes.asksOf(call), func(a Ask) bool { return a.Method == "start" && a.OK() && a.Done.After(at) })
}

// checkStartedTwice asks the simulated PBXs whether a second recording was begun on
// a channel that had one. A start that they refused began none.
func (r *verifier) checkStartedTwice(all []row) {
	for i, x := range r.exchanges {
		for _, life := range x.actions() {
			on := map[string]string{}
			for _, a := range life {
				channel := a.Get("Channel")
				switch a.Get("Action") {
				case "MixMonitor", "Monitor":
					if rec, known := rowOf(all, filepath.Base(a.Get("File"))); known && rec.state == recording.Failed {
						continue
					}
					if before := on[channel]; before != "" {
						r.addViolation("PBX %d was asked to record %s into %s while it recorded into %s", i, channel, a.Get("File"), before)
					}
					on[channel] = a.Get("File")
				case "StopMixMonitor", "StopMonitor":
					delete(on, channel)
				}
			}
		}
	}
}

// checkRefusals looks for answers that no fault explains.
func (r *verifier) checkRefusals() {
	for _, a := range r.notes.asks {
		m := r.notes.calls[a.Call]
		if a.Status == http.StatusInternalServerError && !a.SOAP || strings.Contains(a.Said, "internal error") {
			r.addViolation("an answer that says nothing: %s\n%s", a, r.notes.describeCall(a.Call))
		}
		lived := !m.HangUp.IsZero() && a.Done.Before(m.HangUp) && a.Sent.After(m.Began.Add(time.Second))
		denied := a.Method == "start" && strings.Contains(a.Said, "no live call")
		if lived && denied && !r.wasDisturbed(m.PBX, m.Began, a.Done) {
			r.addViolation("a call that lived was denied: %s\n%s", a, r.notes.describeCall(a.Call))
		}
	}
}

// wasDisturbed reports whether recgate may not have seen what happened on a PBX.
func (r *verifier) wasDisturbed(pbx int, from, to time.Time) bool {
	return slices.ContainsFunc(r.notes.spans, func(s Span) bool {
		return s.PBX == pbx && s.touches(from, to, 30*time.Second)
	})
}

// fetchAgain fetches every recording once more, by its tags.
func (r *verifier) fetchAgain(ctx context.Context, byTag map[string][]row, files map[string][]byte) {
	office := newCRM(r.gateway.base, r.notes)
	for tag, found := range byTag {
		rec := found[len(found)-1]
		if len(found) > 1 || rec.state != recording.Ready {
			continue // which of them is given back is another test's question
		}
		a, body := office.press(ctx, 30*time.Second, Ask{Method: "retrieve", Key: tag})
		if !a.OK() {
			r.addViolation("a recording that is ready is not given back: %s\n      %s", a, rec)
			continue
		}
		r.report.Retrieved++
		wav, err := base64.StdEncoding.DecodeString(body)
		if err != nil || string(wav) != string(files[rec.key]) {
			r.addViolation("a recording comes back with %d bytes other than those in the archive: %v\n      %s", len(wav), err, rec)
		}
	}
}
