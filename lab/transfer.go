package lab

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Transfer kinds.
const (
	Blind    = "blind"    // the channel leaves, its partner goes to the target
	Attended = "attended" // the channel consults the target for a second, then leaves
	Refused  = "refused"  // the target (420) does not answer, and the call is as before
	Refer    = "refer"    // the telephone itself does it: a second call, then REFER with Replaces
)

// consultation is how long the parties of an attended transfer talk. It is
// part of the scene and not a wait for something to become true.
const consultation = time.Second

// Target is the channel that a transfer or a retrieval brought in.
type Target struct {
	Channel, UniqueID string
}

// Transfer transfers a call to an extension, and returns when it is done.
// channel is the pbx channel that transfers and leaves; for Refer it is the
// extension of the telephone that does.
func (l *Lab) Transfer(kind, channel, to string) Target {
	l.t.Helper()
	m := l.loginToPBX()
	defer m.close()
	var got Target
	var err error
	switch kind {
	case Blind:
		got, err = m.transferTo("BlindTransfer", channel, to)
	case Attended:
		got, err = m.transferAttended(channel, to)
	case Refused:
		err = m.transferRefused(channel, to)
	case Refer:
		got, err = l.transferByRefer(m, channel, to)
	default:
		err = errors.New("no such kind of transfer")
	}
	if err != nil {
		l.t.Fatalf("%s transfer of %s to %s: %v", kind, channel, to, err)
	}
	return got
}

// transferTo asks for a transfer and waits until the target is in a bridge.
func (m *amiConn) transferTo(action, channel, to string) (Target, error) {
	if _, err := m.do(action, "Channel", channel, "Context", "internal", "Exten", to); err != nil {
		return Target{}, err
	}
	e, err := m.awaitEntered(to)
	return Target{e["Channel"], e["Uniqueid"]}, err
}

// awaitEntered waits until a telephone's channel enters a bridge.
func (m *amiConn) awaitEntered(extension string) (message, error) {
	return m.await(maxBridge, extension+" in a bridge", func(e message) bool {
		_, name, _ := strings.Cut(e["Channel"], "/")
		return e["Event"] == "BridgeEnter" && strings.HasPrefix(name, extension+"-") && !strings.HasPrefix(e["Channel"], "Local/")
	})
}

func (m *amiConn) transferAttended(channel, to string) (Target, error) {
	got, err := m.transferTo("Atxfer", channel, to)
	if err != nil {
		return got, err
	}
	time.Sleep(consultation)
	if _, err := m.do("Hangup", "Channel", channel); err != nil {
		return got, err
	}
	_, err = m.await(maxBridge, "the end of the transfer", func(e message) bool { return e["Event"] == "AttendedTransfer" })
	if err != nil {
		return got, err
	}
	// The Local channel between the two goes when it is optimised away.
	_, err = m.await(maxBridge, "the end of the Local channel", func(e message) bool {
		return e["Event"] == "Hangup" && strings.HasPrefix(e["Channel"], "Local/") && strings.HasSuffix(e["Channel"], ";1")
	})
	return got, err
}

// transferRefused waits until the transferer has left its bridge and is back in it.
func (m *amiConn) transferRefused(channel, to string) error {
	if _, err := m.do("Atxfer", "Channel", channel, "Context", "internal", "Exten", to); err != nil {
		return err
	}
	left, err := m.await(maxBridge, "the consultation", func(e message) bool {
		return e["Event"] == "BridgeLeave" && e["Channel"] == channel
	})
	if err != nil {
		return err
	}
	_, err = m.await(maxBridge, "the way back", func(e message) bool {
		return e["Event"] == "BridgeEnter" && e["Channel"] == channel && e["BridgeUniqueid"] == left["BridgeUniqueid"]
	})
	return err
}

// transferByRefer lets the telephone from, which is in a call, call to and then join the
// two. All of it happens on the phones; the pbx sees a second call and a REFER.
func (l *Lab) transferByRefer(pbx *amiConn, from, to string) (Target, error) {
	phones, err := l.accountOf(l.phones).login(l.t.Context(), "call")
	if err != nil {
		return Target{}, err
	}
	defer phones.close()
	first, err := phones.channelOf(from)
	if err != nil {
		return Target{}, err
	}
	if err := l.dial(from, to, 60, "pjsip"); err != nil {
		return Target{}, err
	}
	target, err := pbx.awaitEntered(to)
	if err != nil {
		return Target{}, err
	}
	up, err := phones.await(maxAnswer, "the answer", func(e message) bool {
		return e["Event"] == "Newstate" && e["ChannelStateDesc"] == "Up" && strings.HasPrefix(e["Channel"], "PJSIP/"+from+"-")
	})
	if err != nil {
		return Target{}, err
	}
	time.Sleep(consultation)
	uri, err := phones.replacesURI(up["Channel"], to, l.ports.address(portPJSIP))
	if err != nil {
		return Target{}, err
	}
	if _, err := phones.do("Setvar", "Channel", first, "Variable", "REFER_TO", "Value", uri); err != nil {
		return Target{}, err
	}
	if _, err := phones.do("Redirect", "Channel", first, "Context", "phones", "Exten", "refer", "Priority", "1"); err != nil {
		return Target{}, err
	}
	_, err = pbx.await(maxBridge, "the end of the transfer", func(e message) bool { return e["Event"] == "AttendedTransfer" })
	return Target{target["Channel"], target["Uniqueid"]}, err
}

// channelOf returns the channel on which a telephone is in a call.
func (m *amiConn) channelOf(extension string) (string, error) {
	if _, err := m.do("CoreShowChannels"); err != nil {
		return "", err
	}
	var name string
	_, err := m.await(maxAnswer, "the list of channels", func(e message) bool {
		if e["Event"] == "CoreShowChannel" && e["Exten"] == extension {
			name = e["Channel"]
		}
		return e["Event"] == "CoreShowChannelsComplete"
	})
	if err == nil && name == "" {
		err = fmt.Errorf("telephone %s is in no call", extension)
	}
	return name, err
}

// replacesURI returns the URI that refers to the dialog of channel (RFC 3891).
func (m *amiConn) replacesURI(channel, to, address string) (string, error) {
	part := map[string]string{}
	for _, name := range []string{"call-id", "local_tag", "remote_tag"} {
		got, err := m.do("Getvar", "Channel", channel, "Variable", "CHANNEL(pjsip,"+name+")")
		if err != nil {
			return "", err
		}
		part[name] = got["Value"]
	}
	return fmt.Sprintf("<sip:%s@%s?Replaces=%s%%3Bto-tag%%3D%s%%3Bfrom-tag%%3D%s>", to, address,
		strings.ReplaceAll(part["call-id"], "@", "%40"), part["remote_tag"], part["local_tag"]), nil
}

// Park parks the partner of a channel, which leaves, and returns the parked
// channel and its space.
func (l *Lab) Park(channel string) (parked Target, space string) {
	l.t.Helper()
	m := l.loginToPBX()
	defer m.close()
	if _, err := m.do("BlindTransfer", "Channel", channel, "Context", "internal", "Exten", "700"); err != nil {
		l.t.Fatalf("park the partner of %s: %v", channel, err)
	}
	e, err := m.await(maxAnswer, "ParkedCall", func(e message) bool { return e["Event"] == "ParkedCall" })
	if err != nil {
		l.t.Fatalf("park the partner of %s: %v", channel, err)
	}
	return Target{e["ParkeeChannel"], e["ParkeeUniqueid"]}, e["ParkingSpace"]
}

// Retrieve lets a telephone call a parking space, and returns its channel when
// it is bridged with the parked one.
func (l *Lab) Retrieve(from, space string, seconds int) Target {
	l.t.Helper()
	m := l.loginToPBX()
	defer m.close()
	l.Dial(from, space, seconds, "pjsip")
	e, err := m.await(maxBridge, "the parked call", func(e message) bool {
		return e["Event"] == "BridgeEnter" && e["BridgeNumChannels"] == "2" && strings.HasPrefix(e["Channel"], "PJSIP/"+from+"-")
	})
	if err != nil {
		l.t.Fatalf("retrieve from space %s: %v", space, err)
	}
	return Target{e["Channel"], e["Uniqueid"]}
}
