package sim

import (
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"time"
)

// monitor is a run of Monitor: two tapes, which a real server may mix later.
type monitor struct {
	ch      *channel
	base    string // name in the spool, without -in.wav
	rename  string // the name it gets at the end, if it was changed
	mix     bool
	in, out *tape
}

// monitorAction starts a Monitor, or renames the one that runs.
func monitorAction(_ *Server, c *session, req message) {
	ch := c.channelOf(req)
	if ch == nil {
		return
	}
	base, format := req.get("File"), req.get("Format")
	if base == "" {
		base = strings.ReplaceAll(ch.name, "/", "-")
	}
	if format == "" {
		format = "wav"
	}
	c.send(success(req).with("Message", "Started monitoring channel"))
	switch {
	case ch.mon != nil:
		ch.mon.rename = base
	case format == "wav": // any other is not simulated: no file and no event
		ch.startMonitor(base, isTrue(req.get("Mix")))
	}
}

func (ch *channel) startMonitor(base string, mix bool) {
	m := &monitor{ch: ch, base: base, mix: mix}
	m.in = &tape{ch: ch, voice: spoken, gapless: true, name: ch.w.shownName(base + "-in.wav")}
	m.out = &tape{ch: ch, voice: heard, gapless: true, name: ch.w.shownName(base + "-out.wav")}
	ch.mon = m
	m.in.start()
	m.out.start()
	ch.w.setVariable(ch, "MONITORED", "true")
	ch.tell("MonitorStart")
}

func isTrue(text string) bool {
	switch strings.ToLower(text) {
	case "1", "true", "yes", "on", "y", "t":
		return true
	}
	return false
}

// stopMonitor ends the Monitor of a channel, and says so also when there is
// none.
func stopMonitor(_ *Server, c *session, req message) {
	if ch := c.channelOf(req); ch != nil {
		stopped := ch.closeMonitor()
		c.send(success(req).with("Message", "Stopped monitoring channel"))
		if stopped {
			ch.tell("MonitorStop")
		}
	}
}

// closeMonitor completes both legs. The mix, if there is to be one, comes a
// little later, as it does with sox.
func (ch *channel) closeMonitor() bool {
	m := ch.mon
	if m == nil {
		return false
	}
	ch.mon = nil
	delete(ch.vars, "MONITORED")
	m.in.finish()
	m.out.finish()
	if m.rename != "" {
		m.renameLegs()
	}
	if m.mix {
		ch.w.later(mixTime, m.mixLegs)
	}
	return true
}

// mixTime is how long after its end a Monitor's legs are mixed.
const mixTime = 50 * time.Millisecond

// renameLegs gives the legs the name that was asked for while they ran.
func (m *monitor) renameLegs() {
	w, spool := m.ch.w, m.ch.w.s.spool
	for _, leg := range []struct {
		t   *tape
		end string
	}{{m.in, "-in.wav"}, {m.out, "-out.wav"}} {
		name, err := w.spoolName(w.shownName(m.rename + leg.end))
		if err == nil {
			err = spool.MkdirAll(filepath.Dir(name), 0o755)
		}
		if err == nil {
			err = spool.Rename(leg.t.name, name)
		}
		if err != nil {
			w.s.o.Log.Warn("recording not renamed", slog.Any("err", err))
			continue
		}
		leg.t.name = name
	}
	m.base = m.rename
}

// mixLegs makes BASE.wav of the legs and removes whatever begins with BASE-.
func (m *monitor) mixLegs() {
	w := m.ch.w
	in, err1 := w.samples(m.in.name)
	out, err2 := w.samples(m.out.name)
	base, err3 := w.spoolName(w.shownName(m.base + ".wav"))
	if err1 != nil || err2 != nil || err3 != nil {
		return
	}
	sum := make([]byte, max(len(in), len(out)))
	for i := 0; i+1 < len(sum); i += 2 {
		v := max(-32768, min(32767, sampleAt(in, i)+sampleAt(out, i)))
		sum[i], sum[i+1] = byte(v), byte(v>>8)
	}
	if err := w.s.spool.WriteFile(base, append(wavHeader(int64(len(sum))), sum...), 0o644); err != nil {
		w.s.o.Log.Warn("legs not mixed", slog.Any("err", err))
		return
	}
	w.removeAll(strings.TrimSuffix(base, ".wav") + "-")
}

func sampleAt(b []byte, i int) int {
	if i+1 >= len(b) {
		return 0
	}
	return int(int16(uint16(b[i]) | uint16(b[i+1])<<8))
}

// samples reads a WAV file without its header.
func (w *world) samples(name string) ([]byte, error) {
	b, err := w.s.spool.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return b[min(headerSize, len(b)):], nil
}

// removeAll removes every file whose name begins so, as rm -f "BASE-"* does.
func (w *world) removeAll(prefix string) {
	dir, err := w.s.spool.Open(filepath.Dir(prefix))
	if err != nil {
		return
	}
	defer func() { _ = dir.Close() }()
	for {
		entries, err := dir.ReadDir(100)
		for _, e := range entries {
			if name := filepath.Join(filepath.Dir(prefix), e.Name()); strings.HasPrefix(name, prefix) {
				_ = w.s.spool.Remove(name)
			}
		}
		if err == io.EOF || err != nil {
			return
		}
	}
}

// pauseMonitor leaves out what follows.
func pauseMonitor(_ *Server, c *session, req message) { pause(c, req, true) }

// unpauseMonitor records again.
func unpauseMonitor(_ *Server, c *session, req message) { pause(c, req, false) }

func pause(c *session, req message, on bool) {
	ch := c.channelOf(req)
	if ch == nil {
		return
	}
	if ch.mon != nil {
		ch.mon.in.paused, ch.mon.out.paused = on, on
	}
	text := "Unpaused monitoring of the channel"
	if on {
		text = "Paused monitoring of the channel"
	}
	c.send(success(req).with("Message", text))
}

// changeMonitor gives the running Monitor the name it will have at its end.
func changeMonitor(_ *Server, c *session, req message) {
	ch := c.channelOf(req)
	if ch == nil {
		return
	}
	name := req.get("File")
	if name == "" {
		c.send(failure(req, "No filename specified"))
		return
	}
	if ch.mon != nil {
		ch.mon.rename = name
	}
	c.send(success(req).with("Message", "Changed monitor filename"))
}

// endRecordings completes whatever records a channel that ends: its Monitor
// with an event, its MixMonitors without one.
func (ch *channel) endRecordings() {
	if ch.closeMonitor() {
		ch.tell("MonitorStop")
	}
	for len(ch.mixes) > 0 {
		m := ch.mixes[0]
		m.end()
		m.tellEnd()
	}
}
