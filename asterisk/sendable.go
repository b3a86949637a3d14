package asterisk

import (
	"recgate/ami"
	"recgate/recording"
)

// sendable refuses a unique id that Asterisk would not read back as it wrote it.
// How Asterisk, or the program that made the call, names a channel is not judged:
// Asterisk looks the header Channel up as it is, and reads nothing more into it.
func sendable(uniqueID string) error {
	why := ami.Header{Name: "Channel", Value: uniqueID}.Unsafe()
	switch {
	case uniqueID == "":
		why = "is empty"
	case uniqueID[0] <= ' ': // Asterisk passes over what is in front of a value
		why = "begins with a blank or a control character"
	}
	if why == "" {
		return nil
	}
	return recording.Errorf(recording.Invalid, "the unique id %q cannot be sent to the PBX: it %s", ami.Shorten(uniqueID), why)
}

// addressable refuses a channel that Asterisk would take for another one.
func (p *PBX) addressable(c recording.Channel) error {
	if err := sendable(c.UniqueID); err != nil {
		return err
	}
	if name, ok := p.table.Namesake(c.UniqueID); ok {
		return recording.Errorf(recording.Conflict,
			"the unique id %q is the name of another channel, %s, which the PBX %q would record instead: give the call another ChannelId",
			ami.Shorten(c.UniqueID), ami.Shorten(name), p.account.pbx)
	}
	return nil
}
