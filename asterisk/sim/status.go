package sim

import (
	"fmt"
	"strconv"
	"strings"
)

// ping answers with the time.
func ping(s *Server, c *session, req message) {
	now := s.o.Now()
	c.send(success(req).with("Ping", "Pong").
		with("Timestamp", fmt.Sprintf("%d.%06d", now.Unix(), now.Nanosecond()/1000)))
}

// coreSettings tells versions and limits.
func coreSettings(s *Server, c *session, req message) {
	r := s.world.release(s.o.Version)
	answer := append(success(req), message{
		{"AMIversion", r.ami},
		{"AsteriskVersion", r.asterisk},
		{"SystemName", ""},
		{"CoreMaxCalls", "0"},
		{"CoreMaxLoadAvg", "0.000000"},
		{"CoreRunUser", ""},
		{"CoreRunGroup", ""},
		{"CoreMaxFilehandles", "0"},
		{"CoreRealTimeEnabled", "No"},
		{"CoreCDRenabled", "Yes"},
		{"CoreHTTPenabled", "No"},
	}...)
	if s.o.Version == 22 {
		answer = answer.with("SoundsSearchCustomDir", "No")
	}
	c.send(answer)
}

// coreStatus tells since when the server runs, and how many calls it has.
func coreStatus(s *Server, c *session, req message) {
	day, clock := s.world.started.UTC().Format("2006-01-02"), s.world.started.UTC().Format("15:04:05")
	answer := append(success(req), message{
		{"CoreStartupDate", day},
		{"CoreStartupTime", clock},
		{"CoreReloadDate", day},
		{"CoreReloadTime", clock},
		{"CoreCurrentCalls", strconv.Itoa(s.world.calls)},
	}...)
	if s.o.Version == 22 {
		answer = answer.with("CoreProcessedCalls", strconv.Itoa(s.world.processed))
	}
	c.send(answer)
}

// moduleCheck knows the modules that a recorder asks for.
func moduleCheck(s *Server, c *session, req message) {
	switch module := strings.TrimSuffix(req.get("Module"), ".so"); {
	case s.fault.unloaded[module]:
		c.send(failure(req, "Module not loaded"))
	case module == "app_mixmonitor", module == "format_wav", module == "res_monitor" && s.o.Version == 16, module == "chan_pjsip":
		c.send(success(req).with("Version", ""))
	default:
		c.send(failure(req, "Module not loaded"))
	}
}

// listStart and listEnd are what stands before and after the items of a list.
func listStart(req message, text string) message {
	return success(req).with("EventList", "start").with("Message", text)
}

func listEnd(req message, name string, items int) message {
	return item(req, name).with("EventList", "Complete").with("ListItems", strconv.Itoa(items))
}

// item begins an event that belongs to the answer of a request.
func item(req message, name string) message {
	m := message{{"Event", name}}
	if id := req.get("ActionID"); id != "" {
		m = m.with("ActionID", id)
	}
	return m
}

// coreShowChannels lists the live channels.
func coreShowChannels(s *Server, c *session, req message) {
	now := s.o.Now()
	list := s.world.sorted()
	answer := listStart(req, "Channels will follow").encode(nil)
	for _, ch := range list {
		m := append(item(req, "CoreShowChannel").snapshot("", ch), message{
			{"Application", ch.app},
			{"ApplicationData", ch.data},
			{"Duration", hhmmss(now.Sub(ch.created))},
			{"BridgeId", ch.bridgeID()},
		}...)
		answer = m.encode(answer)
	}
	c.queue(listEnd(req, "CoreShowChannelsComplete", len(list)).encode(answer))
}

func (ch *channel) bridgeID() string {
	if ch.bridge == nil {
		return ""
	}
	return ch.bridge.id
}

// status describes all channels, or the one that is named.
func status(s *Server, c *session, req message) {
	list := s.world.sorted()
	if name := req.get("Channel"); name != "" {
		ch := s.world.find(name)
		if ch == nil {
			c.send(failure(req, "No such channel"))
			return
		}
		list = []*channel{ch}
	}
	answer := listStart(req, "Channel status will follow").encode(nil)
	for _, ch := range list {
		answer = s.world.statusOf(ch, req).encode(answer)
	}
	n := strconv.Itoa(len(list))
	c.queue(listEnd(req, "StatusComplete", len(list)).with("Items", n).encode(answer))
}

// statusOf is the long description of one channel.
func (w *world) statusOf(ch *channel, req message) message {
	m := append(message{{"Event", "Status"}, {"Privilege", "Call"}}.snapshot("", ch), message{
		{"Type", ch.tech},
		{"DNID", ch.dialed},
		{"EffectiveConnectedLineNum", ch.connected.number},
		{"EffectiveConnectedLineName", ch.connected.name},
		{"TimeToHangup", "0"},
		{"BridgeID", ch.bridgeID()},
		{"Application", ch.app},
		{"Data", ch.data},
		{"Nativeformats", "(ulaw)"},
		{"Readformat", "ulaw"},
		{"Readtrans", ""},
		{"Writeformat", "ulaw"},
		{"Writetrans", ""},
		{"Callgroup", "0"},
		{"Pickupgroup", "0"},
		{"Seconds", strconv.Itoa(int(w.s.o.Now().Sub(ch.created).Seconds()))},
	}...)
	for name := range strings.SplitSeq(req.get("Variables"), ",") {
		if name == "" {
			continue
		}
		value, set := w.variable(ch, name)
		if !set {
			value = "(null)"
		}
		m = m.with("Variable", name+"="+value)
	}
	if id := req.get("ActionID"); id != "" {
		m = m.with("ActionID", id)
	}
	return m
}

// bridgeInfo describes a bridge and who is in it.
func bridgeInfo(s *Server, c *session, req message) {
	b := s.world.bridges[req.get("BridgeUniqueid")]
	if b == nil {
		c.send(failure(req, "Where is the bridge?"))
		return
	}
	c.send(listStart(req, "Bridge channel listing will follow"))
	for _, ch := range b.members {
		c.send(item(req, "BridgeInfoChannel").snapshot("", ch))
	}
	c.send(listEnd(req, "BridgeInfoComplete", len(b.members)).bridgeHeaders("", b))
}
