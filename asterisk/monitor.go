package asterisk

import (
	"context"
	"time"

	"recgate/ami"
	"recgate/recording"
)

// monitor records the two directions into two files, without the mixing of
// Asterisk, which needs a shell and deletes what it finds. A channel can have
// one Monitor at most, a second start renames the files of the first, and
// Asterisk answers Success to any stop. So recgate remembers what runs.
type monitor struct{ *recorders }

func (monitor) name() string { return Monitor }

func (r monitor) tracks(c recording.Channel, id recording.ID) []recording.Track {
	return []recording.Track{
		{File: recording.SpokenFile(id), Voice: recording.Spoken, Party: c.Extension},
		{File: recording.HeardFile(id), Voice: recording.Heard, Party: r.other(c)},
	}
}

// other names whom c hears: its peer, if all peers are one extension.
func (r monitor) other(c recording.Channel) string {
	name := ""
	for _, peer := range r.table.Peers(c) {
		if peer.UniqueID == c.UniqueID || peer.Extension == "" || recording.IsLocalHalf(peer.Name) {
			continue
		}
		if name != "" && name != peer.Extension {
			return "others"
		}
		name = peer.Extension
	}
	if name == "" {
		return "others"
	}
	return name
}

func (r monitor) start(ctx context.Context, c recording.Channel, id recording.ID) (string, error) {
	if !r.monitored.begin(c.UniqueID, id) {
		return "", errMonitored
	}
	busy, err := r.isMonitored(ctx, c.UniqueID)
	if err == nil && busy {
		err = errMonitored
	}
	if err == nil {
		_, err = r.server.do(ctx, ami.NewAction("Monitor", "Channel", c.UniqueID,
			"File", r.folder+"/"+id.Hex(), "Format", "wav"))
	}
	if err != nil {
		r.monitored.release(c.UniqueID, id)
	}
	return "", err
}

// isMonitored reports whether something monitors the channel. While it does, the
// variable MONITORED is "true" (Asterisk 16).
func (r monitor) isMonitored(ctx context.Context, uniqueID string) (bool, error) {
	value, err := r.server.getvar(ctx, uniqueID, "MONITORED")
	return value != "", err
}

// reclaim looks at what is remembered, and asks the channel where the user may.
// The channel says only that something monitors it, so the file must be ours as
// well. The files of Monitor are there before it answers.
func (r monitor) reclaim(ctx context.Context, uniqueID string, rec recording.Recording, seen bool) (handle string, runs bool, err error) {
	if !seen || r.monitored.hasEnded(uniqueID, rec.ID) {
		return "", false, nil
	}
	if r.server.session.may("Getvar") {
		busy, err := r.isMonitored(ctx, uniqueID)
		if err != nil || !busy {
			return "", false, err
		}
	}
	if !r.monitored.begin(uniqueID, rec.ID) {
		return "", false, nil
	}
	return "", true, nil
}

func (r monitor) stop(ctx context.Context, uniqueID string, rec recording.Recording) error {
	switch r.monitored.runningOn(uniqueID) {
	case rec.ID:
	case "": // of an earlier run of recgate, or ended
		if r.monitored.hasEnded(uniqueID, rec.ID) {
			return errEnded
		}
		busy, err := r.isMonitored(ctx, uniqueID)
		if err != nil {
			return err
		}
		if !busy && r.server.session.may("Getvar") {
			return errEnded
		}
	default:
		return errEnded
	}
	r.monitored.expectStop(uniqueID, time.Now().Add(echo)) // the machine's clock, which no step moves: this is waiting
	_, err := r.server.do(ctx, ami.NewAction("StopMonitor", "Channel", uniqueID))
	if err != nil {
		r.monitored.expectStop(uniqueID, time.Time{})
		return err
	}
	r.monitored.end(uniqueID, rec.ID)
	return nil
}

// errMonitored says that the one Monitor of a channel is in use, mostly by the
// PBX's own dialplan.
var errMonitored = recording.Errorf(recording.Conflict,
	"the channel is monitored already, and Asterisk can monitor a channel only once: stop that recording first, or use MixMonitor")
