package recorder

import (
	"context"
	"errors"
	"slices"
	"strings"

	"recgate/recording"
)

// live is a channel together with the PBX that has it.
type live struct {
	recording.Channel
	on *pbx
}

// target reads extenOrUniqueId and the choice of a PBX, which is given as an
// argument of its own or in front of a slash (pbx2/410).
func (r *Recorder) target(text, pbxName string) (recording.Target, error) {
	t, err := recording.ParseTarget(text)
	if err != nil {
		return t, err
	}
	if _, configured := r.PBXs.Named(t.Tech); configured {
		name := t.Tech
		if t, err = recording.ParseTarget(t.Name); err != nil {
			return t, err
		}
		t.PBX = name
	}
	if pbxName, err = recording.CheckText("pbx", pbxName); err != nil {
		return t, err
	}
	if pbxName != "" {
		if _, configured := r.PBXs.Named(pbxName); !configured {
			return t, recording.Errorf(recording.Invalid, "no PBX is named %q", recording.Shorten(pbxName))
		}
		t.PBX = pbxName
	}
	return t, nil
}

// find returns the live channels that t means, the winner first. All are on
// one PBX; a target that lives on two is a Conflict that names both.
func (r *Recorder) find(ctx context.Context, t recording.Target) ([]live, error) {
	var found []live
	var away error
	for _, p := range r.pbxs {
		if t.PBX != "" && t.PBX != p.Name {
			continue
		}
		channels, err := p.Switch.Find(ctx, t)
		// Two PBXs may give the same unique id: the one that is away is not
		// to be taken for the one that is there. An extension may have moved.
		if errors.Is(err, recording.ErrLastSeen) {
			return nil, err
		}
		if err != nil {
			away = err
			continue
		}
		for _, c := range channels {
			found = append(found, live{c, p})
		}
	}
	byID := slices.DeleteFunc(slices.Clone(found), func(l live) bool { return l.UniqueID != t.Text })
	if len(byID) > 0 {
		found = byID
	}
	switch {
	case len(found) == 0 && away != nil:
		return nil, away
	case len(found) == 0:
		return nil, t.Unknown()
	}
	if err := onOnePBX(found, t); err != nil {
		return nil, err
	}
	slices.SortStableFunc(found, func(a, b live) int { return before(a.Channel, b.Channel) })
	return found, nil
}

func onOnePBX(found []live, t recording.Target) error {
	var names []string
	for _, l := range found {
		if !slices.Contains(names, l.on.Name) {
			names = append(names, l.on.Name)
		}
	}
	if len(names) == 1 {
		return nil
	}
	return recording.Errorf(recording.Conflict, "%q is live on the PBXs %s: choose one with pbx=NAME or NAME/%s",
		t.Text, strings.Join(names, " and "), t.Text)
}

// before orders the channels of one extension, the one to record first: up
// and bridged before up before ringing; then not on hold before on hold;
// then a device channel before half of a Local channel; then the newest answer.
func before(a, b recording.Channel) int {
	for _, by := range []func(recording.Channel) int{rank, hold, half} {
		if d := by(a) - by(b); d != 0 {
			return d
		}
	}
	if d := b.AnsweredAt.Compare(a.AnsweredAt); d != 0 {
		return d
	}
	if d := b.CreatedAt.Compare(a.CreatedAt); d != 0 {
		return d
	}
	return strings.Compare(b.UniqueID, a.UniqueID)
}

func rank(c recording.Channel) int {
	switch {
	case c.State == recording.Up && c.Bridge != "":
		return 0
	case c.State == recording.Up:
		return 1
	case c.State == recording.Ringing:
		return 2
	}
	return 3
}

func hold(c recording.Channel) int { return one(c.OnHold) }

func half(c recording.Channel) int { return one(recording.IsLocalHalf(c.Name)) }

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}
