package chaos

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"recgate/recording"
)

// longestTidying is how long what is left of settled recordings may stay in the
// spool: it is looked after each minute.
const longestTidying = 130 * time.Second

// checkFiles looks for files that belong to no row, and rows without their file. It
// returns where each archived file is, by its key.
func (r *verifier) checkFiles(ctx context.Context, all []row) map[string]string {
	for limit := time.Now().Add(longestTidying); ; sleep(ctx, time.Second) {
		left := r.listOrphans(r.spool.dir, all)
		if len(left) == 0 {
			break
		}
		if time.Now().After(limit) {
			r.report.Violations = append(r.report.Violations, left...)
			break
		}
	}
	known, paths := map[string]bool{}, map[string]string{}
	for _, rec := range all {
		if rec.state == recording.Ready {
			known[rec.key], known[rec.source] = true, true
		}
	}
	delete(known, "")
	walk := func(path string, entry fs.DirEntry, err error) error {
		if err == nil && known[entry.Name()] {
			paths[entry.Name()] = path
		}
		return err
	}
	if err := filepath.WalkDir(r.archive.dir, walk); err != nil {
		r.addViolation("the archive cannot be listed: %v", err)
	}
	for key := range known {
		if paths[key] == "" {
			r.addViolation("the archive has no file %s, which a row names", key)
		}
	}
	r.report.Violations = append(r.report.Violations, r.listOrphans(r.archive.dir, all)...)
	return paths
}

// listOrphans describes the files on a disk that no row explains.
func (r *verifier) listOrphans(dir string, all []row) []string {
	var left []string
	r.report.Kept = 0
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) || err == nil && entry.IsDir() {
			return nil
		}
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return nil //nolint:nilerr // it has gone meanwhile
		}
		rec, known := rowOf(all, entry.Name())
		switch {
		case known && dir == r.archive.dir && (entry.Name() == rec.key || entry.Name() == rec.source):
		case dir == r.archive.dir && entry.Name() == ".recgate-archive": // the archive's own mark
		case known && dir == r.spool.dir && info.Size() > 0 && recording.Reason{Code: recording.ReasonCode(rec.codes)}.Unusable():
			r.report.Kept++ // for a person to look at, and recgate ledger --unexplained says so
		case r.isHalfPut(path, info):
		default:
			head, _ := os.ReadFile(path)
			left = append(left, fmt.Sprintf("an orphan file of %d bytes, written %s: %s begins %q\n      %s\n%s", info.Size(),
				info.ModTime().Format("15:04:05.000"), path, head[:min(len(head), 48)], rec, r.describeCallOf(rec)))
		}
		return nil
	})
	if err != nil {
		left = append(left, fmt.Sprintf("the files cannot be listed: %v", err))
	}
	return left
}

// rowOf finds the row that a file is named by.
func rowOf(all []row, name string) (row, bool) {
	i := slices.IndexFunc(all, func(rec row) bool { return strings.HasPrefix(name, recording.ID(rec.id).Hex()) })
	if i < 0 {
		return row{}, false
	}
	return all[i], true
}

// isHalfPut reports whether a file was on its way into the archive when recgate was
// killed: such files are swept at a later start, when nobody can still write.
func (r *verifier) isHalfPut(path string, info fs.FileInfo) bool {
	return filepath.Base(filepath.Dir(path)) == ".incoming" && slices.ContainsFunc(r.notes.spans, func(s Span) bool {
		return s.Kind == KillGateway && s.touches(info.ModTime(), info.ModTime().Add(5*time.Second), time.Second)
	})
}
