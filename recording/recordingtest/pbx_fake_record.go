package recordingtest

import (
	"context"
	"fmt"
	"strings"

	"recgate/recording"
)

var errAway = recording.Errorf(recording.Unavailable, "the PBX is not connected")

// Find looks the target up.
func (p phones) Find(_ context.Context, t recording.Target) ([]recording.Channel, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	found := p.where(func(c recording.Channel) bool { return c.UniqueID == t.Text })
	switch {
	case !p.up && len(found) > 0:
		return nil, fmt.Errorf("%w (%w)", errAway, recording.ErrLastSeen)
	case !p.up:
		return nil, errAway
	case len(found) > 0:
		return found, nil
	}
	found = p.where(func(c recording.Channel) bool {
		tech, _ := recording.SplitChannel(c.Name)
		return strings.EqualFold(c.Extension, t.Name) && (t.Tech == "" || strings.EqualFold(tech, t.Tech))
	})
	if len(found) == 0 {
		found = p.where(func(c recording.Channel) bool { return c.Name == t.Text })
	}
	return found, nil
}

// Peers returns the channels of the call.
func (p phones) Peers(_ context.Context, c recording.Channel) ([]recording.Channel, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.up {
		return nil, errAway
	}
	return p.where(func(d recording.Channel) bool {
		return d.LinkedID == c.LinkedID || (c.Bridge != "" && d.Bridge == c.Bridge)
	}), nil
}

func (p *exchange) where(is func(recording.Channel) bool) []recording.Channel {
	var found []recording.Channel
	for _, c := range p.channels {
		if is(c) {
			found = append(found, c)
		}
	}
	return found
}

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
