package recorder

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"recgate/recording"
)

// enough is how many recordings of one tag or unique id are looked at.
const enough = 1000

// Retrieve returns the newest recording with the tag that may be retrieved.
// If there is none, the refusal tells the state of the newest. Every call
// leaves a line in the access log. Errors: Forbidden, Invalid, NotFound (no
// such tag), NotReady (the call is in progress), Conflict (deleted, private,
// empty, failed, lost), Unavailable.
func (s *Service) Retrieve(ctx context.Context, r recording.RetrieveRequest) (*recording.Audio, error) {
	return s.retrieve(ctx, r, recording.MethodRetrieve, s.byTag)
}

// RetrieveByUniqueID returns the newest recording of the channel with the
// unique id, else of a call that it took part in. Otherwise as Retrieve.
func (s *Service) RetrieveByUniqueID(ctx context.Context, r recording.RetrieveRequest) (*recording.Audio, error) {
	return s.retrieve(ctx, r, recording.MethodRetrieveByUniqueID, s.byUniqueID)
}

// Refused writes the access-log line of a retrieval that a door refused
// itself, because it could not even be decoded.
func (s *Service) Refused(ctx context.Context, r recording.RetrieveRequest, method string, cause error) {
	_ = s.logAccess(ctx, r, method, "", cause) // it has told its failure to the log
}

func (s *Service) byTag(ctx context.Context, key string) ([]recording.Candidate, error) {
	tag, err := recording.NeedText("tag", key, "give the tag that start was given")
	if err != nil {
		return nil, err
	}
	found, err := s.store.ByTag(ctx, tag, enough)
	if err == nil && len(found) == 0 {
		return nil, recording.Errorf(recording.NotFound, "no recording carries the tag %q", tag)
	}
	return found, err
}

func (s *Service) byUniqueID(ctx context.Context, key string) ([]recording.Candidate, error) {
	if !recording.CanName(key) {
		return nil, recording.UnknownUniqueID(key)
	}
	found, err := s.store.ByUniqueID(ctx, key, enough)
	if err == nil && len(found) == 0 {
		err = recording.UnknownUniqueID(key)
	}
	return found, err
}

type finder func(ctx context.Context, key string) ([]recording.Candidate, error)

func (s *Service) retrieve(ctx context.Context, r recording.RetrieveRequest, method string, find finder) (*recording.Audio, error) {
	if err := r.Actor.May(method); err != nil {
		s.Refused(ctx, r, method, err)
		return nil, err
	}
	var audio *recording.Audio
	rec, err := s.choose(ctx, r, find)
	if err == nil {
		audio, err = s.open(ctx, rec)
	}
	// The line is written before the first byte leaves: no line, no audio.
	if logErr := s.logAccess(ctx, r, method, rec.ID, err); logErr != nil && err == nil {
		err = logErr
		if closeErr := audio.Close(); closeErr != nil {
			s.o.Log.WarnContext(ctx, "archive file not closed", slog.Any("err", closeErr))
		}
	}
	s.o.Happened(recording.Happening{Kind: recording.Retrieved, Recording: recording.Recording{ID: rec.ID, State: rec.State}, Err: err})
	if err != nil {
		return nil, err
	}
	return audio, nil
}

// choose finds the recording to give back.
func (s *Service) choose(ctx context.Context, r recording.RetrieveRequest, find finder) (recording.Candidate, error) {
	if _, err := recording.NeedText("username", r.Actor.Username, "say on whose behalf"); err != nil {
		return recording.Candidate{}, err
	}
	found, err := find(ctx, strings.Trim(r.Key, " "))
	if err != nil {
		return recording.Candidate{}, err
	}
	patient := time.Now().Add(s.o.Patience) // with all of them together
	heard := false
	for i, rec := range found {
		if !heard && recording.CodeOf(rec.Refusal(s.o.RetrieveDuringCall)) == recording.NotReady {
			heard = true
			rec = s.overByNow(ctx, rec, patient)
			found[i] = rec
		}
		if rec.Refusal(s.o.RetrieveDuringCall) != nil {
			continue
		}
		if rec.State != recording.Ready {
			if rec, err = s.awaitCollected(ctx, rec, patient); err != nil {
				return rec, err
			}
			found[i] = rec
		}
		if rec.State == recording.Ready && rec.Refusal(s.o.RetrieveDuringCall) == nil {
			return rec, nil
		}
	}
	if err := found[0].Refusal(s.o.RetrieveDuringCall); err != nil {
		return found[0], err
	}
	return found[0], s.notYet(found[0].ID)
}

// notYet is the refusal of a recording that is still on its way to the archive:
// with what stands in its way, if a caller may be told.
func (s *Service) notYet(id recording.ID) error {
	if why := s.book.WhyDelayed(id); recording.CodeOf(why) == recording.Unavailable {
		return &recording.Error{Code: recording.Unavailable, Msg: "the recording is kept but cannot be collected for now: " + recording.Message(why), Err: why}
	}
	return recording.Errorf(recording.NotReady, "the recording is still being collected: try again in a moment")
}

// lastLooks is how long it may take, when the patience is over, to see which
// of the others has been collected meanwhile.
const lastLooks = 500 * time.Millisecond

// awaitCollected waits a little for a recording that is on its way to the
// archive, since many callers retrieve at once after the stop. It looks once
// when the patience is over already, and no more soon after that.
func (s *Service) awaitCollected(ctx context.Context, rec recording.Candidate, patient time.Time) (recording.Candidate, error) {
	ctx, cancel := context.WithDeadline(ctx, patient.Add(lastLooks))
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		late := !time.Now().Before(patient)
		if !late {
			select {
			case <-ctx.Done():
			case <-tick.C:
			}
		}
		if ctx.Err() != nil {
			return rec, nil
		}
		now, err := s.store.Get(ctx, rec.ID)
		if err != nil && ctx.Err() == nil {
			return rec, err
		}
		if err == nil {
			rec = now.Candidate()
		}
		if late || rec.State.Final() {
			return rec, nil
		}
	}
}

// open opens the archived WAV and checks that it is whole.
func (s *Service) open(ctx context.Context, rec recording.Candidate) (*recording.Audio, error) {
	body, size, err := s.blobs.Open(ctx, rec.Key)
	if err != nil {
		if recording.CodeOf(err) == recording.NotFound {
			err = &recording.Error{Code: recording.Unavailable, Msg: "the archive does not hold the recording any more: see the log", Err: err}
		}
		return nil, err
	}
	if size != rec.Bytes {
		err := recording.Errorf(recording.Unavailable, "the archive holds %d bytes of the recording instead of %d: see the log", size, rec.Bytes)
		if closeErr := body.Close(); closeErr != nil {
			s.o.Log.WarnContext(ctx, "archive file not closed", slog.Any("err", closeErr))
		}
		return nil, err
	}
	return &recording.Audio{Recording: rec.ID, Bytes: size, ReadSeekCloser: body}, nil
}

func (s *Service) logAccess(ctx context.Context, r recording.RetrieveRequest, method string, id recording.ID, cause error) error {
	outcome := "ok"
	if cause != nil {
		outcome = recording.Message(cause)
	}
	ctx, cancel := s.own(ctx)
	defer cancel()
	a := recording.Access{
		At: s.now(), Method: method, Key: forLog(r.Key), Username: forLog(r.Actor.Username),
		Remote: r.Actor.Remote, APIKey: r.Actor.KeyName(), Recording: id, Outcome: forLog(outcome),
	}
	err := s.store.LogAccess(ctx, a)
	if err != nil {
		s.o.Log.ErrorContext(ctx, "access log not written", slog.String("method", method),
			slog.String("username", a.Username), slog.String("remote", a.Remote), slog.String("outcome", outcome), slog.Any("err", err))
	}
	return err
}

// forLog cuts what goes into the access log as it was sent.
func forLog(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if r := []rune(s); len(r) > recording.MaxText {
		return string(r[:recording.MaxText])
	}
	return s
}
