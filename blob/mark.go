package blob

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"

	"recgate/recording"
)

// markName is the file, or the object behind the prefix, that says which
// archive this is. No key begins with a dot. Every copy of the archive needs it.
const markName = ".recgate-archive"

// longestMark is how much of it is read, in bytes.
const longestMark = 4096

// goodMark is the first line of a mark: an id as crypto/rand.Text makes it.
var goodMark = regexp.MustCompile(`^recgate archive ([0-9A-Z]{26})$`)

// KnownID returns the id of the archive that the database knows: nothing is
// written to any other archive. Its error says why the id is not known now. An
// empty id means that no archive was created yet: then reading is allowed and
// writing is not.
type KnownID func(ctx context.Context) (id string, err error)

var (
	errNoMark = errors.New("there is no file " + markName)
	errBroken = errors.New("the file " + markName + " contains no id")
)

// markText returns the content of a mark.
func markText(id string) []byte {
	return []byte("recgate archive " + id + "\n" +
		"recgate writes recordings here only while this file exists. Keep it, and copy it together with the recordings.\n")
}

// parseMark reads what markText wrote.
func parseMark(text []byte) (id string, err error) {
	line, _, _ := bytes.Cut(text, []byte("\n"))
	found := goodMark.FindSubmatch(bytes.TrimSuffix(line, []byte("\r")))
	if found == nil {
		return "", errBroken
	}
	return string(found[1]), nil
}

// wrongMarkError says that a place is not the archive. what is "folder" or "bucket".
func wrongMarkError(what string, err error) error {
	msg := "the " + what + " of the archive is not the archive that the database knows: mount the archive, or correct the key archive; " +
		"docs/operations.md says what to do if it is lost"
	return &recording.Error{Code: recording.Unavailable, Msg: msg, Err: err}
}

// compareMarks returns nil when the mark that was found is the one that is known.
// err is the error of reading the mark, what is "folder" or "bucket".
func compareMarks(what, known, found string, err error) error {
	switch {
	case recording.CodeOf(err) == recording.NotFound:
		return wrongMarkError(what, err)
	case err != nil:
		return err
	case found != known:
		return wrongMarkError(what, fmt.Errorf("it has the id %s, but the database knows %s", found, known))
	}
	return nil
}

// hasMarkAlready reports whether a place that is to get a mark has it already.
// found and err are the result of reading the mark there. The error says why the
// place may not get one.
func hasMarkAlready(id, found string, err error) (bool, error) {
	switch {
	case err == nil && found == id:
		return true, nil
	case err == nil:
		return false, recording.Errorf(recording.Conflict, "the place has the mark of another archive, with the id %s", found)
	case recording.CodeOf(err) != recording.NotFound:
		return false, err
	}
	return false, nil
}

// errNotBegun refuses writes while no archive was created yet.
var errNotBegun = &recording.Error{Code: recording.Unavailable, Msg: "the archive does not exist yet: recgate serve creates it"}

func notFoundError(key string, err error) error {
	return &recording.Error{Code: recording.NotFound, Msg: fmt.Sprintf("the archive holds nothing under %q", key), Err: err}
}

// errEnough ends a listing.
var errEnough = errors.New("that is enough")

// foundAny reports whether a listing that stops at the first key found one. err is
// the error of the listing.
func foundAny(err error) (bool, error) {
	if errors.Is(err, errEnough) {
		return true, nil
	}
	return false, err
}
