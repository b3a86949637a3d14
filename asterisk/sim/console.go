package sim

import (
	"fmt"
	"strings"
)

// runConsole answers the few console commands that a recorder may ask.
func runConsole(s *Server, c *session, req message) {
	line := req.get("Command")
	response, output := "Success", []string(nil)
	switch {
	case line == "core show version":
		output = []string{"Asterisk " + s.world.release(s.o.Version).asterisk + " built by nobody @ builder.example on a unknown running Linux"}
	case line == "core show uptime":
		up := int(s.o.Now().Sub(s.world.started).Seconds())
		output = []string{fmt.Sprintf("System uptime: %d seconds", up), fmt.Sprintf("Last reload: %d seconds", up)}
	case line == "core show channels concise":
		for _, ch := range s.world.sorted() {
			output = append(output, concise(ch))
		}
	case strings.HasPrefix(line, "mixmonitor list "):
		output = s.world.listMixes(strings.TrimPrefix(line, "mixmonitor list "))
	default:
		response = "Error"
		words := strings.Fields(line)
		output = []string{fmt.Sprintf("No such command '%s' (type 'core show help %s' for other possible commands)",
			line, strings.Join(words[:min(2, len(words))], " "))}
	}
	answer := reply(req, response).with("Message", "Command output follows")
	for _, text := range output {
		answer = answer.with("Output", text)
	}
	c.send(answer)
}

// concise is a line of "core show channels concise".
func concise(ch *channel) string {
	return strings.Join([]string{
		ch.name, ch.context, ch.exten, fmt.Sprint(ch.priority), ch.state.String(), ch.app, ch.data,
		ch.caller.number, "", "", "3", fmt.Sprint(int(ch.w.s.o.Now().Sub(ch.created).Seconds())), ch.bridgeID(), ch.uniqueID,
	}, "!")
}

// listMixes lists the MixMonitors of a channel, newest first.
func (w *world) listMixes(name string) []string {
	ch := w.find(name)
	if ch == nil {
		return []string{"No channel matches '" + name + "'"}
	}
	output := []string{"MixMonitor ID\tFile\tReceive File\tTransmit File", strings.Repeat("=", 73)}
	for i := len(ch.mixes) - 1; i >= 0; i-- {
		columns := []string{ch.mixes[i].id, strings.TrimSuffix(ch.mixes[i].shown, ".wav"), "", ""}
		for _, t := range ch.mixes[i].tapes {
			if t.voice != mixed {
				columns[1+int(t.voice)] = strings.TrimSuffix(t.name, ".wav")
			}
		}
		output = append(output, strings.Join(columns, "\t"))
	}
	return output
}
