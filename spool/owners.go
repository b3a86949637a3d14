package spool

import (
	"context"
	"fmt"

	"recgate/recording"
)

// Owners finds the recordings that files belong to.
type Owners struct {
	Rows recording.Getter
	PBXs recording.PBXs
}

// KeepIt is what to do about audio without a row.
const KeepIt = "keep it and listen to it: somebody put it there, or the database was restored from a backup that is older than the recording"

// Of returns the recording that a file, or a key of the archive, belongs to by
// its name; or what is wrong with the name.
func (o Owners) Of(ctx context.Context, name string) (rec recording.Recording, wrong string, err error) {
	id, err := recording.ParseID(name[:min(32, len(name))])
	if err != nil {
		return rec, "its name is not the name of a recording", nil //nolint:nilerr // that is the finding
	}
	rec, err = o.Rows.Get(ctx, id)
	if recording.CodeOf(err) == recording.NotFound {
		return rec, "no recording has the id " + string(id), nil
	}
	return rec, "", err
}

// Verdict is what a file in a spool is.
type Verdict struct {
	Rec   recording.Recording
	Left  bool              // it is left over: its recording is settled, and it ought to be gone
	Wrong recording.Finding // of a file that has no such recording; else without a What
}

// Judge says what a file in the spool of a PBX is.
func (o Owners) Judge(ctx context.Context, p recording.PBX, name string) (Verdict, error) {
	rec, wrong, err := o.Of(ctx, name)
	v := Verdict{Rec: rec}
	_, configured := o.PBXs.Named(rec.PBX)
	switch {
	case err != nil:
	case wrong != "":
		v.Wrong = recording.Finding{What: wrong, Do: KeepIt}
	case !configured:
		v.Wrong = recording.Finding{What: fmt.Sprintf("its PBX %q is no longer configured", rec.PBX), Do: "configure it again: then the file is collected"}
	case rec.PBX != p.Name, !rec.State.Final(): // two PBXs that share a folder; the row is judged by itself
	case (rec.State == recording.Ready || rec.State == recording.Empty) && p.KeepSpool:
	default:
		v.Left = true
	}
	return v, err
}

// Away is what is said of a spool that cannot be looked through.
func Away(p recording.PBX, err error) recording.Finding {
	return recording.Finding{
		Place: recording.InSpool(p.Name), What: "it cannot be read: " + recording.Message(err),
		Do: "run this where the spool is mounted, as the user that recgate runs as",
	}
}
