package lab

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Call is a bridged call, as the pbx sees it.
type Call struct {
	CallerChannel, CallerUniqueID string // e.g. PJSIP/410-00000000 and 1763719200.0
	CalleeChannel, CalleeUniqueID string
	Bridge                        string // unique id
	LinkedID                      string
}

// Channel is a live channel of the pbx.
type Channel struct {
	Name, UniqueID, LinkedID, Bridge, State string // State as in "Up", "Ringing"
}

// maxBridge is how long a call may take until both sides are bridged; a queue
// whose first member does not answer needs some seconds.
const maxBridge = 30 * time.Second

// Call lets from call to, both telephones or queues, and returns when the two
// are bridged. The caller hangs up after so many seconds. tech is "pjsip" (also
// when empty) or, where the version has it, "sip".
func (l *Lab) Call(from, to string, seconds int, tech string) Call {
	l.t.Helper()
	c, err := l.TryCall(from, to, seconds, tech)
	if err != nil {
		l.t.Fatalf("call from %s to %s: %v", from, to, err)
	}
	return c
}

// CallAs is Call as a program makes it (click to dial): the pbx calls from, by
// a channel whose unique id is the program's, and then has it call to. The
// call lasts until it is hung up.
func (l *Lab) CallAs(from, to, uniqueID, tech string) Call {
	l.t.Helper()
	c, err := l.callBy(from, tech, func(m *amiConn) error {
		_, err := m.do("Originate", "Channel", strings.ToUpper(techOrPJSIP(tech))+"/"+from, "Context", "internal", "Exten", to,
			"Priority", "1", "Async", "true", "ChannelId", uniqueID)
		return err
	})
	if err != nil {
		l.t.Fatalf("call from %s to %s as %q: %v", from, to, uniqueID, err)
	}
	return c
}

// callBy has a call made, and waits until it is bridged.
func (l *Lab) callBy(from, tech string, make func(*amiConn) error) (Call, error) {
	l.calling.Lock()
	defer l.calling.Unlock()
	m, err := l.accountOf(l.pbx).login(l.t.Context(), "call")
	if err != nil {
		return Call{}, err
	}
	defer m.close()
	if err := make(m); err != nil {
		return Call{}, err
	}
	prefix := strings.ToUpper(techOrPJSIP(tech)) + "/" + from + "-"
	caller, err := m.await(maxAnswer, "the caller's channel", func(e message) bool {
		return e["Event"] == "Newchannel" && strings.HasPrefix(e["Channel"], prefix)
	})
	if err != nil {
		return Call{}, err
	}
	c := Call{CallerChannel: caller["Channel"], CallerUniqueID: caller["Uniqueid"], LinkedID: caller["Linkedid"]}
	bridge := map[string]string{} // the bridge that each channel of the call is in
	_, err = m.await(maxBridge, "the bridge", func(e message) bool {
		if e["Event"] != "BridgeEnter" || e["Linkedid"] != c.LinkedID {
			return false
		}
		bridge[e["Uniqueid"]] = e["BridgeUniqueid"]
		if e["Uniqueid"] != c.CallerUniqueID {
			c.CalleeChannel, c.CalleeUniqueID = e["Channel"], e["Uniqueid"]
		}
		c.Bridge = bridge[c.CallerUniqueID]
		return c.Bridge != "" && c.Bridge == bridge[c.CalleeUniqueID]
	})
	return c, err
}

// Dial is Call without the waiting: for calls that ring, park, pick up or
// reach a dialplan extension such as echo.
func (l *Lab) Dial(from, to string, seconds int, tech string) {
	l.t.Helper()
	if err := l.dial(from, to, seconds, tech); err != nil {
		l.t.Fatalf("dial from %s to %s: %v", from, to, err)
	}
}

// dial tells the phones to call.
func (l *Lab) dial(from, to string, seconds int, tech string) error {
	port := portPJSIP
	if techOrPJSIP(tech) == "sip" {
		port = portSIP
		if !HasMonitor(l.Version) {
			return fmt.Errorf("version %d has no chan_sip", l.Version)
		}
	}
	m, err := l.accountOf(l.phones).login(l.t.Context(), "off")
	if err != nil {
		return err
	}
	defer m.close()
	_, err = m.do("Originate", "Channel", fmt.Sprintf("PJSIP/%s/sip:%s@%s", from, to, l.ports.address(port)),
		"Context", "phones", "Exten", from+"-"+strconv.Itoa(seconds), "Priority", "1", "Async", "true")
	return err
}

func techOrPJSIP(tech string) string {
	if tech == "" {
		return "pjsip"
	}
	return strings.ToLower(tech)
}

// Hangup ends all calls, and returns when no channel is left.
func (l *Lab) Hangup() {
	l.t.Helper()
	l.CLI("channel request hangup all")
	for end := time.Now().Add(maxAnswer); ; {
		left := l.Channels()
		if len(left) == 0 {
			return
		}
		if time.Now().After(end) {
			l.t.Fatalf("channels that do not hang up: %v", left)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// HangupChannel ends one channel, by name or unique id.
func (l *Lab) HangupChannel(channel string) {
	l.t.Helper()
	m := l.loginToPBX()
	defer m.close()
	if _, err := m.do("Hangup", "Channel", channel); err != nil {
		l.t.Fatalf("hang up %s: %v", channel, err)
	}
}

// Channels returns the live channels of the pbx.
func (l *Lab) Channels() []Channel {
	l.t.Helper()
	m := l.loginToPBX()
	defer m.close()
	if _, err := m.do("CoreShowChannels"); err != nil {
		l.t.Fatalf("list the channels: %v", err)
	}
	var all []Channel
	_, err := m.await(maxAnswer, "the list of channels", func(e message) bool {
		if e["Event"] == "CoreShowChannel" {
			all = append(all, Channel{e["Channel"], e["Uniqueid"], e["Linkedid"], e["BridgeId"], e["ChannelStateDesc"]})
		}
		return e["Event"] == "CoreShowChannelsComplete"
	})
	if err != nil {
		l.t.Fatalf("list the channels: %v", err)
	}
	return all
}

// loginToPBX opens a connection to the pbx that gets the events of calls.
func (l *Lab) loginToPBX() *amiConn {
	l.t.Helper()
	m, err := l.accountOf(l.pbx).login(l.t.Context(), "call")
	if err != nil {
		l.t.Fatalf("log in at the pbx: %v", err)
	}
	return m
}
