package asterisk

import (
	"context"
	"regexp"
	"strings"

	"recgate/ami"
	"recgate/recording"
)

// mixMonitor records both directions into one file. Several recordings of one
// channel are independent of each other, so each is stopped by its own id: a
// stop without an id ends whichever began last, which may be the PBX's own.
type mixMonitor struct{ *recorders }

// idText is a MixMonitorID: a pointer, as Asterisk prints it.
var idText = regexp.MustCompile(`^(0x)?[0-9a-fA-F]{1,16}$`)

func (mixMonitor) name() string { return MixMonitor }

// variable is the channel variable into which Asterisk puts the MixMonitorID.
func variable(id recording.ID) string { return "RECGATE_" + id.Hex() }

func (mixMonitor) tracks(_ recording.Channel, id recording.ID) []recording.Track {
	return []recording.Track{{File: recording.MixedFile(id), Voice: recording.Mixed, Party: string(recording.Mixed)}}
}

func (r mixMonitor) start(ctx context.Context, c recording.Channel, id recording.ID) (string, error) {
	answer, err := r.server.do(ctx, ami.NewAction("MixMonitor", "Channel", c.UniqueID,
		"File", r.folder+"/"+recording.MixedFile(id), "Options", "i("+variable(id)+")"))
	if err != nil {
		return "", err
	}
	if handle := answer.Get("MixMonitorID"); idText.MatchString(handle) {
		return handle, nil
	}
	return r.handle(ctx, c.UniqueID, id)
}

// handle asks the channel for the id of our recording; empty when it has none
// or the user may not ask.
func (r mixMonitor) handle(ctx context.Context, uniqueID string, id recording.ID) (string, error) {
	value, err := r.server.getvar(ctx, uniqueID, variable(id))
	if err != nil || !idText.MatchString(value) {
		return "", err
	}
	return value, nil
}

// reclaim asks the channel whether the MixMonitor of this id is there and
// writes our file. Ids are addresses, and after a restart of the PBX even
// unique ids can be those of older channels: only the file name is ours alone.
// Where the user may not ask, the file must do for an answer.
func (r mixMonitor) reclaim(ctx context.Context, uniqueID string, rec recording.Recording, seen bool) (handle string, runs bool, err error) {
	if handle = rec.Handle; handle == "" {
		handle, err = r.handle(ctx, uniqueID, rec.ID)
	}
	switch {
	case err != nil:
		return "", false, err
	case !r.server.session.may("Getvar") && (seen || handle != ""):
		return handle, true, nil
	case handle == "":
		return "", false, nil
	}
	file, err := r.server.getvar(ctx, uniqueID, "MIXMONITOR("+handle+",filename)")
	if err != nil {
		return "", false, err
	}
	if !strings.HasSuffix(file, recording.MixedFile(rec.ID)) {
		return "", false, nil
	}
	r.confirmed.note(rec.ID, handle)
	return handle, true, nil
}

func (r mixMonitor) stop(ctx context.Context, uniqueID string, rec recording.Recording) error {
	handle := rec.Handle
	if handle == "" {
		var err error
		if handle, err = r.handle(ctx, uniqueID, rec.ID); err != nil {
			return err
		}
	}
	if !idText.MatchString(handle) {
		return recording.Errorf(recording.Conflict,
			"the PBX %q did not say how to stop this recording: it ends when the channel hangs up", r.account.pbx)
	}
	// The id is an address, which may later be given to another recording.
	if !r.confirmed.take(rec.ID, handle) {
		file, err := r.server.getvar(ctx, uniqueID, "MIXMONITOR("+handle+",filename)")
		if err != nil {
			return err
		}
		if file != "" && !strings.HasSuffix(file, recording.MixedFile(rec.ID)) {
			return errEnded
		}
	}
	_, err := r.server.do(ctx, ami.NewAction("StopMixMonitor", "Channel", uniqueID, "MixMonitorID", handle))
	if answerOf(err) == isNotRecorded {
		return errEnded
	}
	return err
}
