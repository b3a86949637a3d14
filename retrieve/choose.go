package retrieve

import (
	"context"
	"strings"
	"time"

	"recgate/recording"
)

// enough is how many recordings of one tag or unique id are looked at.
const enough = 1000

// find returns the recordings that a key means to a method, the newest first and
// at least one.
func (r *Retriever) find(ctx context.Context, method, key string) ([]recording.Candidate, error) {
	if method == recording.MethodRetrieve {
		return r.byTag(ctx, key)
	}
	return r.byUniqueID(ctx, key)
}

func (r *Retriever) byTag(ctx context.Context, key string) ([]recording.Candidate, error) {
	tag, err := recording.NeedText("tag", key, "give the tag that start was given")
	if err != nil {
		return nil, err
	}
	found, err := r.Rows.ByTag(ctx, tag, enough)
	if err == nil && len(found) == 0 {
		return nil, recording.Errorf(recording.NotFound, "no recording carries the tag %q", tag)
	}
	return found, err
}

func (r *Retriever) byUniqueID(ctx context.Context, key string) ([]recording.Candidate, error) {
	if !recording.CanName(key) {
		return nil, recording.UnknownUniqueID(key)
	}
	found, err := r.Rows.ByUniqueID(ctx, key, enough)
	if err == nil && len(found) == 0 {
		err = recording.UnknownUniqueID(key)
	}
	return found, err
}

// choose finds the recording to give back.
func (r *Retriever) choose(ctx context.Context, q recording.RetrieveRequest, method string) (recording.Candidate, error) {
	if _, err := recording.NeedText("username", q.Actor.Username, "say on whose behalf"); err != nil {
		return recording.Candidate{}, err
	}
	found, err := r.find(ctx, method, strings.Trim(q.Key, " "))
	if err != nil {
		return recording.Candidate{}, err
	}
	until := time.Now().Add(patience)
	heard := false
	for i, rec := range found {
		if !heard && recording.CodeOf(rec.Refusal(r.DuringCall)) == recording.NotReady {
			heard = true
			rec = r.hear(ctx, rec, until)
			found[i] = rec
		}
		if rec.Refusal(r.DuringCall) != nil {
			continue
		}
		if rec.State != recording.Ready {
			if rec, err = r.awaitCollected(ctx, rec, until); err != nil {
				return rec, err
			}
			found[i] = rec
		}
		if rec.State == recording.Ready && rec.Refusal(r.DuringCall) == nil {
			return rec, nil
		}
	}
	if err := found[0].Refusal(r.DuringCall); err != nil {
		return found[0], err
	}
	return found[0], r.notYet(found[0].ID)
}
