package asterisk

import (
	"errors"
	"fmt"
	"io/fs"

	"recgate/ami"
	"recgate/recording"
)

// account is the user that recgate logs in as, on one PBX. It says in words what
// is wrong there.
type account struct {
	pbx     string // its name in the configuration
	address string // of AMI
	user    string
}

// writeClass names the class that each action needs on the "write" line of
// manager.conf (measured on Asterisk 16 and 22).
var writeClass = map[string]string{
	"MixMonitor": "system", "StopMixMonitor": "system", "CoreShowChannels": "system", "CoreSettings": "system",
	"Monitor": "call", "StopMonitor": "call", "Getvar": "call", "Status": "call",
}

// lacks says which right is missing for an action, and where to write it.
func (a account) lacks(action string) string {
	class := writeClass[action]
	if class == "" {
		return fmt.Sprintf("the user %q of the PBX %q may not use %s", a.user, a.pbx, action)
	}
	return fmt.Sprintf("the user %q of the PBX %q may not use %s: add %q to its write line in manager.conf, and reload: recgate notices it within 15 s",
		a.user, a.pbx, action, class)
}

// loading is the refusal while the channels are not known yet.
func (a account) loading(cause error) error {
	return a.unavailable(cause, "still loading the channel list from PBX %q: try again in a moment", a.pbx)
}

// mayNotList is the trouble of a login that may not list the channels.
func (a account) mayNotList() error {
	return a.unavailable(nil, "%s (or %q for Status)", a.lacks("CoreShowChannels"), writeClass["Status"])
}

// tooMany is the trouble of a PBX whose list of channels has no end.
func (a account) tooMany(cause error) error {
	return a.unavailable(cause, "the PBX %q lists more than %d channels, which is more than recgate can follow: check the number on its console (\"core show channels count\")", a.pbx, maxChannels)
}

// noEvents is the trouble of a login that hears no events.
func (a account) noEvents() error {
	return a.unavailable(nil, "the PBX %q sends no events: add \"call\" to the read line of the user %q in manager.conf, remove its eventfilter lines, and reload: recgate notices it within 15 s", a.pbx, a.user)
}

// missingEvents is the trouble of a login that hears events of some channels
// only.
func (a account) missingEvents(channel string) error {
	return a.unavailable(nil, "the PBX %q sends no events of some channels, such as %q: remove the eventfilter lines of the user %q in manager.conf, and reload: recgate notices it with the next call",
		a.pbx, ami.Shorten(channel), a.user)
}

// noFile says why a start failed whose file was not seen, and what to look at.
func (a account) noFile(cause error) error {
	cause = errors.Join(recording.ErrNoFile, cause)
	if errors.Is(cause, fs.ErrPermission) {
		return a.unavailable(cause, "the PBX %q records, but recgate cannot read the file: give the recgate user read permission on the folder in the key mount", a.pbx)
	}
	if errors.Is(cause, errEmpty) {
		return a.unavailable(cause, "the PBX %q was asked to record, but its file stays empty: check whether the disk of the folder in the key spool is full", a.pbx)
	}
	return a.unavailable(cause, "the PBX %q was asked to record, but its file did not appear: check that Asterisk may write to the folder in the key spool, "+
		"and that the key mount is the same folder as seen by recgate", a.pbx)
}
