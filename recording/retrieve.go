package recording

import (
	"context"
	"io"
	"log/slog"
	"strings"
	"time"
)

// RetrieveRequest asks for the audio of a recording. The texts are as the
// caller sent them, decoded but not checked.
type RetrieveRequest struct {
	Actor Actor  // with a Username
	Key   string // the tag, or the unique id
}

// Audio is a recording's WAV. The caller closes it.
type Audio struct {
	Recording ID
	Bytes     int64 // exactly what can be read
	io.ReadSeekCloser
}

// enough is how many recordings of one tag or unique id are looked at.
const enough = 1000

// Retrieve returns the newest recording with the tag that may be retrieved.
// If there is none, the refusal tells the state of the newest. Every call
// leaves a line in the access log. Errors: Forbidden, Invalid, NotFound (no
// such tag), NotReady (the call is in progress), Conflict (deleted, private,
// empty, failed, lost), Unavailable.
func (s *Service) Retrieve(ctx context.Context, r RetrieveRequest) (*Audio, error) {
	return s.retrieve(ctx, r, MethodRetrieve, s.byTag)
}

// RetrieveByUniqueID returns the newest recording of the channel with the
// unique id, else of a call that it took part in. Otherwise as Retrieve.
func (s *Service) RetrieveByUniqueID(ctx context.Context, r RetrieveRequest) (*Audio, error) {
	return s.retrieve(ctx, r, MethodRetrieveByUniqueID, s.byUniqueID)
}

// Refused writes the access-log line of a retrieval that a door refused
// itself, because it could not even be decoded.
func (s *Service) Refused(ctx context.Context, r RetrieveRequest, method string, cause error) {
	_ = s.logAccess(ctx, r, method, "", cause) // it has told its failure to the log
}

func (s *Service) byTag(ctx context.Context, key string) ([]Candidate, error) {
	tag, err := needText("tag", key, "give the tag that start was given")
	if err != nil {
		return nil, err
	}
	found, err := s.store.ByTag(ctx, tag, enough)
	if err == nil && len(found) == 0 {
		return nil, Errorf(NotFound, "no recording carries the tag %q", tag)
	}
	return found, err
}

func (s *Service) byUniqueID(ctx context.Context, key string) ([]Candidate, error) {
	if !canName(key) {
		return nil, badKey(argUniqueID, key)
	}
	found, err := s.store.ByUniqueID(ctx, key, enough)
	if err == nil && len(found) == 0 {
		err = badKey(argUniqueID, key)
		if err == nil {
			err = Errorf(NotFound, "no recording belongs to the unique id %q", key)
		}
	}
	return found, err
}

type finder func(ctx context.Context, key string) ([]Candidate, error)

func (s *Service) retrieve(ctx context.Context, r RetrieveRequest, method string, find finder) (*Audio, error) {
	if err := r.Actor.May(method); err != nil {
		s.Refused(ctx, r, method, err)
		return nil, err
	}
	var audio *Audio
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
	s.o.Happened(Happening{Kind: Retrieved, Recording: Recording{ID: rec.ID, State: rec.State}, Err: err})
	if err != nil {
		return nil, err
	}
	return audio, nil
}

// choose finds the recording to give back.
func (s *Service) choose(ctx context.Context, r RetrieveRequest, find finder) (Candidate, error) {
	if _, err := needText("username", r.Actor.Username, "say on whose behalf"); err != nil {
		return Candidate{}, err
	}
	found, err := find(ctx, strings.Trim(r.Key, " "))
	if err != nil {
		return Candidate{}, err
	}
	patient := time.Now().Add(s.o.Patience) // with all of them together
	heard := false
	for i, rec := range found {
		if !heard && CodeOf(s.refusal(rec)) == NotReady {
			heard = true
			rec = s.overByNow(ctx, rec, patient)
			found[i] = rec
		}
		if s.refusal(rec) != nil {
			continue
		}
		if rec.State != Ready {
			if rec, err = s.awaitCollected(ctx, rec, patient); err != nil {
				return rec, err
			}
			found[i] = rec
		}
		if rec.State == Ready && s.refusal(rec) == nil {
			return rec, nil
		}
	}
	if err := s.refusal(found[0]); err != nil {
		return found[0], err
	}
	return found[0], s.notYet(found[0].ID)
}

// refusal tells why a recording may not be retrieved; nil for one that is
// ready, or will be once it is collected: its call is over, or it was stopped.
func (s *Service) refusal(rec Candidate) error {
	switch {
	case rec.Deleted:
		return Errorf(Conflict, "the recording is deleted")
	case rec.Private:
		return Errorf(Conflict, "the recording is private")
	case rec.State == Failed, rec.State == Lost, rec.State == Empty:
		return Errorf(Conflict, "the recording is %s, there is no audio: %s", rec.State, rec.Reason)
	case rec.InProgress() && !s.o.RetrieveDuringCall:
		return Errorf(NotReady, "the call is still in progress: retrieve it after the hangup")
	case rec.InProgress() && (rec.State == Starting || rec.State == Running):
		return Errorf(NotReady, "the recording is still running: stop it first")
	}
	return nil
}

// notYet is the refusal of a recording that is still on its way to the archive:
// with what stands in its way, if a caller may be told.
func (s *Service) notYet(id ID) error {
	if why := s.book.WhyDelayed(id); CodeOf(why) == Unavailable {
		return &Error{Code: Unavailable, Msg: "the recording is kept but cannot be collected for now: " + Message(why), Err: why}
	}
	return Errorf(NotReady, "the recording is still being collected: try again in a moment")
}

// lastLooks is how long it may take, when the patience is over, to see which
// of the others has been collected meanwhile.
const lastLooks = 500 * time.Millisecond

// awaitCollected waits a little for a recording that is on its way to the
// archive, since many callers retrieve at once after the stop. It looks once
// when the patience is over already, and no more soon after that.
func (s *Service) awaitCollected(ctx context.Context, rec Candidate, patient time.Time) (Candidate, error) {
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
func (s *Service) open(ctx context.Context, rec Candidate) (*Audio, error) {
	body, size, err := s.blobs.Open(ctx, rec.Key)
	if err != nil {
		if CodeOf(err) == NotFound {
			err = &Error{Code: Unavailable, Msg: "the archive does not hold the recording any more: see the log", Err: err}
		}
		return nil, err
	}
	if size != rec.Bytes {
		err := Errorf(Unavailable, "the archive holds %d bytes of the recording instead of %d: see the log", size, rec.Bytes)
		if closeErr := body.Close(); closeErr != nil {
			s.o.Log.WarnContext(ctx, "archive file not closed", slog.Any("err", closeErr))
		}
		return nil, err
	}
	return &Audio{Recording: rec.ID, Bytes: size, ReadSeekCloser: body}, nil
}

func (s *Service) logAccess(ctx context.Context, r RetrieveRequest, method string, id ID, cause error) error {
	outcome := "ok"
	if cause != nil {
		outcome = Message(cause)
	}
	ctx, cancel := s.own(ctx)
	defer cancel()
	a := Access{
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
