package recording

// The names of spool files: the 32 hex digits of the recording's id and a
// fixed ending. All of one recording have the same length, and no name
// begins with another's name.

// MixedFile is the file that holds both directions.
func MixedFile(id ID) string { return id.Hex() + ".wav" }

// SpokenFile is the leg that holds what the recorded channel says.
func SpokenFile(id ID) string { return id.Hex() + "-in.wav" }

// HeardFile is the leg that holds what the recorded channel hears.
func HeardFile(id ID) string { return id.Hex() + "-out.wav" }

// AudioKey is what the archive keeps the audio of a recording under.
func AudioKey(id ID) string { return id.Hex() + ".wav" }

// StereoKey is what the archive keeps its two legs side by side under, if it
// has two: what the audio was mixed from.
func StereoKey(id ID) string { return id.Hex() + "-stereo.wav" }

// LikelyTracks are the tracks of a recording of which the PBX's answer was
// lost: both kinds of recorder are tried.
func LikelyTracks(rec Recording) [][]Track {
	at := rec.AskedAt
	return [][]Track{
		{{File: MixedFile(rec.ID), Voice: Mixed, Party: string(Mixed), StartedAt: at}},
		{
			{File: SpokenFile(rec.ID), Voice: Spoken, Party: rec.Extension, StartedAt: at},
			{File: HeardFile(rec.ID), Voice: Heard, Party: "others", StartedAt: at},
		},
	}
}
