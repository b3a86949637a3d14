package spool

import (
	"context"
	"slices"
	"time"

	"recgate/recording"
)

// Leftover is what one recording has in a spool although it is settled.
type Leftover struct {
	Rec   recording.Recording
	Names []string // in order
}

// Tracks are the row's, or what the names of the files say.
func (l *Leftover) Tracks() []recording.Track {
	likely := append([][]recording.Track{l.Rec.Tracks}, recording.LikelyTracks(l.Rec)...)
	for _, tracks := range likely {
		if slices.ContainsFunc(tracks, func(t recording.Track) bool { return slices.Contains(l.Names, t.File) }) {
			return tracks
		}
	}
	return nil
}

// emptyFor is for how long after its end a recording is waited for whose file
// has no sound although it talked.
const emptyFor = 90 * time.Second

// StillOpen finds a leftover of a recording that is settled to which a PBX may
// still write: its header is not complete, or it has no sound yet, and nobody
// can see that the PBX has let go of it. It stays until somebody explains it by
// deleting it, or the PBX closes it. Else the finding has no What.
func (r Reader) StillOpen(ctx context.Context, p recording.PBX, l *Leftover) recording.Finding {
	files, err := Open(p, l.Tracks())
	defer func() { files.Close(ctx, r.Log) }()
	if err != nil || (l.Rec.State != recording.Ready && l.Rec.State != recording.Empty) {
		return recording.Finding{}
	}
	ended := r.Now().Sub(l.Rec.StoppedAt)
	for _, f := range files {
		if f.Body == nil {
			continue
		}
		complete, length, err := r.Sound.Check(f.Body, f.Size)
		open := !complete || (length == 0 && l.Rec.State == recording.Empty && ended < emptyFor)
		if err == nil && open && f.Body.Held() != recording.HeldByNobody {
			return recording.Finding{
				What: "the PBX did not close it, and the archive may lack its end", Open: true,
				Do: "compare it with the recording in the archive; to accept the archive's version, delete this file",
			}
		}
	}
	return recording.Finding{}
}
