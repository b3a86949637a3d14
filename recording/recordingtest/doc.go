// Package recordingtest holds the contracts of the recording package as
// code: TestStore, TestBlobs and TestPBX are passed by every implementation,
// fake or real. The fakes keep their state in memory: NewStore, NewBlobs and
// NewPBX serve tests of whatever stands on those ports.
package recordingtest

import "crypto/rand"

// random is where ids of tests come from.
var random = rand.Reader
