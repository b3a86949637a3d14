// Package auth knows who is asking. Today that is an API key: a long random
// text with a name, which may use some methods of the recording API or all of
// them. New makes one; the database keeps its hash; a Ring holds all keys in
// memory for the door, and reads them again each second, so that a key that is
// made or revoked counts in every process almost at once. Keys that stand in
// the configuration are on the Ring too, and may do everything.
//
// Ring.Actor makes a recording.Actor of a key; the core decides what it may use.
// Start reading at New and Ring.Find.
package auth

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"recgate/recording"
)

// Prefix begins every key, so that people and scanners know one when it turns
// up where it should not be.
const Prefix = "rgk_"

// keyBytes is what is random in a key.
const keyBytes = 32

// Sum is the SHA-256 of a key. That is enough, where a password would need a
// slow hash with a salt: a password is guessed from a list, but nobody can
// try 2^256 keys, no two keys are alike, and there is no list of their hashes.
// Being quick, it can be asked for at each request.
type Sum = [sha256.Size]byte

// Key is what is kept of an API key. The key itself is not.
type Key struct {
	Name       string    // see New
	Methods    []string  // what it may use, in the order of recording.Methods
	Sum        Sum       // of the whole text, prefix included
	CreatedAt  time.Time // whole milliseconds
	LastUsedAt time.Time // zero: never; may lag by a minute
	RevokedAt  time.Time // zero: it is good
}

// IsGood reports whether the key opens anything.
func (k Key) IsGood() bool { return k.RevokedAt.IsZero() }

// letters write a key: lower case and digits, which a URL, a shell and a
// telephone call leave as they are.
var letters = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// goodName leaves out the dot, which the names of the configuration's keys have.
var goodName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`)

// New makes a key and its text, which is to be shown once and is not kept. No
// methods means all. An Invalid error says what is wrong with the name or with a
// method.
func New(name string, methods []string, now time.Time, random io.Reader) (Key, string, error) {
	if !goodName.MatchString(name) {
		return Key{}, "", recording.Errorf(recording.Invalid, "%q is not a valid name for a key: use up to 64 of A-Z, a-z, 0-9, _ and -, such as crm", name)
	}
	k := Key{Name: name, CreatedAt: now.Truncate(time.Millisecond)}
	for _, m := range methods {
		if !slices.Contains(recording.Methods(), m) {
			return Key{}, "", recording.Errorf(recording.Invalid, "%q is not a method: use %s", m, strings.Join(recording.Methods(), ", "))
		}
	}
	for _, m := range recording.Methods() {
		if len(methods) == 0 || slices.Contains(methods, m) {
			k.Methods = append(k.Methods, m)
		}
	}
	var secret [keyBytes]byte
	if _, err := io.ReadFull(random, secret[:]); err != nil {
		return Key{}, "", fmt.Errorf("make a key: %w", err)
	}
	text := Prefix + letters.EncodeToString(secret[:])
	k.Sum = sha256.Sum256([]byte(text))
	return k, text, nil
}
