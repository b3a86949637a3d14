package recordingtest

import (
	"context"
	"fmt"

	"recgate/recording"
)

var errAway = recording.Errorf(recording.Unavailable, "the PBX is not connected")

// Record begins a file.
func (p taps) Record(ctx context.Context, c recording.Channel, id recording.ID) (recording.Capture, error) {
	p.mu.Lock()
	hold := p.hold
	p.records++
	p.mu.Unlock()
	if hold != nil {
		select {
		case <-hold:
		case <-ctx.Done():
			return recording.Capture{}, &recording.Error{Code: recording.Unavailable, Msg: "the PBX did not answer in time", Err: recording.ErrUncertain}
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.refuse; err != nil {
		p.refuse = nil
		return recording.Capture{}, err
	}
	if !p.up {
		return recording.Capture{}, errAway
	}
	if len(p.where(func(d recording.Channel) bool { return d.UniqueID == c.UniqueID })) == 0 {
		return recording.Capture{}, recording.Errorf(recording.NotFound, "the channel %q is gone", c.Name)
	}
	p.running[id] = &run{uniqueID: c.UniqueID, file: p.spool.create(recording.MixedFile(id))}
	return capture(id), nil
}

func capture(id recording.ID) recording.Capture {
	return recording.Capture{
		Recorder: "mixmonitor", Handle: fmt.Sprintf("0x%.8s", id.Hex()[24:]),
		Tracks: []recording.Track{{File: recording.MixedFile(id), Voice: recording.Mixed, Party: "mixed"}},
	}
}

// Stop ends a recording by its handle.
func (p taps) Stop(_ context.Context, r recording.Recording) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.up {
		return errAway
	}
	run := p.running[r.ID]
	if run == nil || r.Handle != capture(r.ID).Handle {
		return recording.Errorf(recording.NotFound, "nothing is recorded on %q", r.Channel)
	}
	run.file.close()
	delete(p.running, r.ID)
	p.stops = append(p.stops, r.ID)
	return nil
}

// Reclaim finds a recording that runs.
func (p taps) Reclaim(_ context.Context, r recording.Recording) (recording.Capture, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.up {
		return recording.Capture{}, errAway
	}
	if len(p.where(func(d recording.Channel) bool { return d.UniqueID == r.UniqueID })) == 0 {
		return recording.Capture{}, recording.Errorf(recording.NotFound, "the channel %q is gone", r.Channel)
	}
	if p.running[r.ID] == nil {
		return recording.Capture{}, nil
	}
	return capture(r.ID), nil
}
