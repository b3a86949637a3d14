package recording

import "io"

// StartRequest asks for a recording. The texts are as the caller sent them,
// decoded but not checked.
type StartRequest struct {
	Actor  Actor
	Target string // extenOrUniqueId
	PBX    string // name of the PBX; empty: the one that has the channel
	Tag    string // may be empty
}

// StopRequest asks for the end of a recording. The texts are as the caller
// sent them, decoded but not checked.
type StopRequest struct {
	Actor  Actor
	Target string // extenOrUniqueId
	PBX    string // name of the PBX; empty: the one that has the channel
}

// RetrieveRequest asks for the audio of a recording. The texts are as the
// caller sent them, decoded but not checked.
type RetrieveRequest struct {
	Actor Actor  // with a Username
	Key   string // the tag, or the unique id
}

// Audio is a recording's WAV. The caller closes it.
type Audio struct {
	Recording ID
	Bytes     int64 // exactly what can be read
	io.ReadSeekCloser
}
