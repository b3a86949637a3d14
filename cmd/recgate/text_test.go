package main

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"recgate/config"
	"recgate/recording"
)

// goodTexts are texts that a tag and a username may be. Each is distinct enough to
// be looked for in what the PBX was asked.
func goodTexts() []string {
	return []string{
		"O'Brien", "22 <é>", "☎ emoji 🎧", `"double quotes"`, "semi;colon; here", "100%25 %zz %s", "A&B Ltd. & Sons", "a+b=c?d#e",
		"<![CDATA[x]]>", "&amp;&lt;", "`id` $(id) ${EXTEN}", "../../etc/passwd", "x.wav,,touch /tmp/x", "'; DROP TABLE recordings; --",
		"CaseSensitive", "casesensitive", "two  blanks within", "日本語のタグ", "تسجيل", "nfc-\u00e9", "nfd-e\u0301", "no-break\u00a0space",
		strings.Repeat("𝕏", 255), "Action: Command",
	}
}

// TestGoodText: every printable text is found as it was sent, over every
// door, and never reaches the PBX.
func TestGoodText(t *testing.T) {
	t.Parallel()
	for _, version := range []int{16, 22} {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, version, func(c *config.Config) {
				if version == 16 {
					c.PBX[0].Recorder = "monitor"
				}
			})
			call := o.call(t, "410", "411")
			id := call.Caller().UniqueID
			for i, text := range goodTexts() {
				d := doors()[i%len(doors())]
				got := d.call(t, o, "start", [][2]string{{"extenOrUniqueId", "410"}, {"tag", d.encode(" " + text + " ")}})
				if got.status != http.StatusOK {
					t.Fatalf("%s start with %.60q: %d %.300s", d.name, text, got.status, got.body)
				}
				rec, _ := o.byTag(t, text)
				if rec.State != recording.Running || rec.Tag() != text {
					t.Errorf("%s: the tag %.60q is found as %.60q, %s", d.name, text, rec.Tag(), rec.State)
				}
			}
			o.want(t, http.StatusOK, nil, "stop", "extenOrUniqueId", id)
			call.Hangup()
			rec := o.awaitSettled(t, goodTexts()[0])
			if len(rec.Tags) != len(goodTexts()) {
				t.Errorf("tags %q", rec.Tags)
			}
			o.retrieveAll(t, id)
			for _, a := range o.sim.Actions() {
				for _, h := range a.Headers {
					if i := slices.IndexFunc(goodTexts(), func(text string) bool { return strings.Contains(h.Name+": "+h.Value, text) }); i >= 0 && a.Get("Action") != "Command" {
						t.Errorf("the PBX was sent %q in %v", goodTexts()[i], a)
					}
				}
				if a.Get("Action") == "Command" {
					t.Errorf("the PBX was asked for %v", a)
				}
			}
			if ran := o.sim.CommandsRun(); len(ran) > 0 {
				t.Errorf("the PBX ran %q", ran)
			}
		})
	}
}

// awaitSettled waits until a recording is final and its call is over.
func (o *office) awaitSettled(t *testing.T, tag string) (rec recording.Recording) {
	t.Helper()
	await(t, tag+" to be settled", func() bool {
		rec, _ = o.byTag(t, tag)
		return rec.State.Final() && !rec.InProgress()
	})
	return rec
}

// retrieveAll retrieves by every text, and in the name of every text.
func (o *office) retrieveAll(t *testing.T, uniqueID string) {
	t.Helper()
	for i, text := range goodTexts() {
		for _, d := range doors() {
			user := goodTexts()[(i+1)%len(goodTexts())]
			method, arg, key := "retrieve", "tag", text
			if i%2 == 1 {
				method, arg, key = "retrieveByUniqueId", "uniqueId", uniqueID
			}
			got := d.call(t, o, method, [][2]string{{arg, d.encode(key)}, {"username", d.encode(user)}})
			if audio := got.audio(t, d); got.status != http.StatusOK || !strings.HasPrefix(audio, "RIFF") {
				t.Fatalf("%s %s of %.60q: %d %.300s", d.name, method, key, got.status, got.body)
			}
			line := o.accesses(t)[0]
			if line.Username != user || line.Key != key || line.Method != method || line.Outcome != "ok" || line.Recording == "" {
				t.Errorf("%s: the access log has %+v, want user %.60q and key %.60q", d.name, line, user, key)
			}
		}
	}
}

// audio decodes what a retrieval gave.
func (a answer) audio(t *testing.T, d door) string {
	t.Helper()
	text := a.body
	if d.soap {
		_, text, _ = strings.Cut(text, "Return")
		_, text, _ = strings.Cut(text, ">")
		text, _, _ = strings.Cut(text, "<")
	}
	wav, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Errorf("%s: %v in %.300s", d.name, err, a.body)
	}
	return string(wav)
}
