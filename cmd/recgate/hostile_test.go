package main

import (
	"encoding/xml"
	"fmt"
	"html"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"recgate/config"
	"recgate/recording"
)

// door is one of the ways to call the endpoint.
type door struct {
	name string
	// call makes a request of a method with arguments, whose values are as
	// the door's caller writes them.
	call func(t *testing.T, o *office, method string, args [][2]string) answer
	// encode writes a text for this door.
	encode func(string) string
	soap   bool
}

func doors() []door {
	return []door{
		{"GET", func(t *testing.T, o *office, method string, args [][2]string) answer {
			return o.send(t, http.MethodGet, path+"?method="+method+pairs(args), "", nil)
		}, percent, false},
		{"form", func(t *testing.T, o *office, method string, args [][2]string) answer {
			return o.send(t, http.MethodPost, path, "application/x-www-form-urlencoded", strings.NewReader("method="+method+pairs(args)))
		}, percent, false},
		{"SOAP 1.1", func(t *testing.T, o *office, method string, args [][2]string) answer {
			return o.send(t, http.MethodPost, path, "text/xml; charset=utf-8", strings.NewReader(envelope("http://schemas.xmlsoap.org/soap/envelope/", method, args)))
		}, escapeXML, true},
		{"SOAP 1.2", func(t *testing.T, o *office, method string, args [][2]string) answer {
			return o.send(t, http.MethodPost, path, "application/soap+xml; charset=utf-8", strings.NewReader(envelope("http://www.w3.org/2003/05/soap-envelope", method, args)))
		}, escapeXML, true},
	}
}

func pairs(args [][2]string) string {
	var b strings.Builder
	for _, a := range args {
		b.WriteString("&" + a[0] + "=" + a[1])
	}
	return b.String()
}

func envelope(space, method string, args [][2]string) string {
	var b strings.Builder
	for _, a := range args {
		fmt.Fprintf(&b, "<%s>%s</%s>", a[0], a[1], a[0])
	}
	return fmt.Sprintf(`<e:Envelope xmlns:e="%s"><e:Body><r:%s xmlns:r="urn:r">%s</r:%s></e:Body></e:Envelope>`, space, method, b.String(), method)
}

// percent encodes every byte.
func percent(s string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, "%%%02X", s[i])
	}
	return b.String()
}

func escapeXML(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a Builder does not fail
	return b.String()
}

// before is how everything was before a request.
type before struct {
	actions, accesses, lines int
	sums                     []recording.Sum
	spool                    []string
}

func (o *office) stateNow(t *testing.T) before {
	t.Helper()
	return before{len(o.actions()), len(o.accesses(t)), len(o.journal.lines(t, 0)), o.sums(t), o.spool(t)}
}

func (o *office) accesses(t *testing.T) []recording.Access {
	t.Helper()
	all, err := o.db.Accesses(t.Context(), 1_000_000)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// wantNothingDone demands that since then nothing was done for a request that was
// refused: only its line of the log was written and, when it was a retrieval,
// that of the access log.
func (o *office) wantNothingDone(t *testing.T, was before, retrieval bool) {
	t.Helper()
	if all := o.actions(); len(all) != was.actions {
		t.Errorf("the PBX was asked %v", all[was.actions:])
	}
	if diff := cmp.Diff(was.sums, o.sums(t)); diff != "" {
		t.Errorf("rows changed:\n%s", diff)
	}
	if diff := cmp.Diff(was.spool, o.spool(t)); diff != "" {
		t.Errorf("the spool changed:\n%s", diff)
	}
	want := was.accesses
	if retrieval {
		want++
	}
	accesses := o.accesses(t)
	if len(accesses) != want {
		t.Errorf("%d lines in the access log, want %d", len(accesses)-was.accesses, want-was.accesses)
	} else if retrieval && (accesses[0].Outcome == "ok" || accesses[0].Outcome == "" || accesses[0].Remote != "127.0.0.1") {
		t.Errorf("the access log has %+v", accesses[0])
	}
	// The line of the HTTP server is written after the answer has left.
	var lines []map[string]any
	await(t, "the line of the request", func() bool {
		lines = o.journal.lines(t, was.lines)
		return slices.ContainsFunc(lines, func(l map[string]any) bool { return l["msg"] == "request" })
	})
	lines = slices.DeleteFunc(lines, func(l map[string]any) bool { return l["msg"] == "request" })
	if len(lines) != 1 || lines[0]["msg"] != "request refused" || lines[0]["level"] != "INFO" && lines[0]["level"] != "WARN" {
		t.Errorf("the log says %v, want one line that a request was refused", lines)
	}
	if i := strings.IndexFunc(strings.ReplaceAll(o.journal.String(), "\n", ""), unicode.IsControl); i >= 0 {
		t.Error("the log holds a control character")
	}
}

// wantRefusal checks the answer itself.
func wantRefusal(t *testing.T, d door, got answer, status int, names string) {
	t.Helper()
	if d.soap && status != http.StatusUnauthorized {
		status = http.StatusInternalServerError
	}
	if got.status != status {
		t.Errorf("status %d, want %d: %.300s", got.status, status, got.body)
	}
	if !strings.Contains(html.UnescapeString(got.body), names) {
		t.Errorf("the answer does not say %q: %.600s", names, got.body)
	}
	if len(got.body) > 3000 {
		t.Errorf("the answer has %d bytes", len(got.body))
	}
	if strings.ContainsFunc(strings.ReplaceAll(got.body, "\n", ""), unicode.IsControl) {
		t.Errorf("the answer holds a control character: %q", got.body)
	}
	if strings.Contains(got.header.Get("Content-Type"), "xml") && xml.Unmarshal([]byte(got.body), new(struct{})) != nil {
		t.Errorf("the answer is not XML: %s", got.body)
	}
}

// hostileTargets are values that no extension, channel or unique id can hold.
func hostileTargets() map[string]string {
	return map[string]string{
		"CR LF":             "410\r\nAction: Command\r\nCommand: core stop now\r\n\r\n",
		"LF":                "410\nAction: Hangup",
		"CR":                "410\rx",
		"NUL":               "410\x00",
		"comma":             "410,411",
		"a command":         "x.wav,,/usr/bin/touch /tmp/x",
		"quotes":            `"410"`,
		"single quotes":     "'; DROP TABLE recordings; --",
		"backticks":         "`id`",
		"dollar":            "$(id)",
		"dots":              "../../etc/passwd",
		"percent":           "%s%n",
		"less than":         "<410>",
		"10,000 characters": strings.Repeat("4", 10000),
		"not ASCII":         "４１０",
		"escape":            "\x1b[2J410",
		"line separator":    "410\u2028",
	}
}

// forEachDoor runs a test in front of both versions of Asterisk, over every door.
func forEachDoor(t *testing.T, test func(t *testing.T, o *office, d door)) {
	for _, version := range []int{16, 22} {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, version, func(c *config.Config) {
				if version == 16 {
					c.PBX[0].Recorder = "monitor"
				}
			})
			o.call(t, "410", "411")
			for _, d := range doors() {
				t.Run(d.name, func(t *testing.T) { test(t, o, d) })
			}
		})
	}
}

func TestHostileKeys(t *testing.T) {
	t.Parallel()
	forEachDoor(t, func(t *testing.T, o *office, d door) {
		for name, value := range hostileTargets() {
			for _, m := range []struct {
				method, arg string
				more        [][2]string
			}{
				{"start", "extenOrUniqueId", [][2]string{{"tag", "22"}}},
				{"stop", "extenOrUniqueId", nil},
				{"retrieveByUniqueId", "uniqueId", [][2]string{{"username", "fred"}}},
			} {
				t.Run(name+" in "+m.method, func(t *testing.T) {
					was, says, retrieval := o.stateNow(t), m.arg, m.method == "retrieveByUniqueId"
					text := d.encode(value)
					if d.soap && strings.ContainsAny(value, "\x00\x1b") { // which XML cannot hold: try it raw
						text, says = value, "inside of "+m.arg
					}
					wantRefusal(t, d, d.call(t, o, m.method, append([][2]string{{m.arg, text}}, m.more...)), http.StatusBadRequest, says)
					o.wantNothingDone(t, was, retrieval)
				})
			}
		}
	})
}

func TestMissingAndUnknown(t *testing.T) {
	t.Parallel()
	forEachDoor(t, func(t *testing.T, o *office, d door) {
		for _, tt := range []struct {
			name, method string
			args         [][2]string
			status       int
			says         string
			retrieval    bool
		}{
			{"no extenOrUniqueId", "start", nil, 400, "extenOrUniqueId is missing", false},
			{"empty extenOrUniqueId", "start", [][2]string{{"extenOrUniqueId", ""}, {"tag", "22"}}, 400, "extenOrUniqueId is missing", false},
			{"blank extenOrUniqueId", "stop", [][2]string{{"extenOrUniqueId", d.encode("  ")}}, 400, "extenOrUniqueId is missing", false},
			{"unknown method", "record", [][2]string{{"extenOrUniqueId", "410"}}, 400, "No such operation 'record'", false},
			{"unknown extension", "start", [][2]string{{"extenOrUniqueId", "999"}}, 404, `no live call on extension "999"`, false},
			{"part of an extension", "start", [][2]string{{"extenOrUniqueId", "41"}}, 404, `"41"`, false},
			{"unknown unique id", "stop", [][2]string{{"extenOrUniqueId", "12347811.214"}}, 404, `no live call has the unique id "12347811.214"`, false},
			{"nothing to stop", "stop", [][2]string{{"extenOrUniqueId", "410"}}, 404, `nothing is being recorded on "410"`, false},
			{"unknown PBX", "start", [][2]string{{"extenOrUniqueId", "410"}, {"pbx", "nope"}}, 400, `no PBX is named "nope"`, false},
			{"a misspelt argument", "start", [][2]string{{"extension", "410"}}, 400, `extenOrUniqueId is missing, and "extension" is not an argument`, false},
			{"no tag", "retrieve", [][2]string{{"username", "fred"}}, 400, "tag is missing", true},
			{"empty tag", "retrieve", [][2]string{{"tag", ""}, {"username", "fred"}}, 400, "tag is missing", true},
			{"unknown tag", "retrieve", [][2]string{{"tag", "nobody"}, {"username", "fred"}}, 404, `no recording carries the tag "nobody"`, true},
			{"no username", "retrieve", [][2]string{{"tag", "22"}}, 400, "username is missing or empty: say on whose behalf", true},
			{"no uniqueId", "retrieveByUniqueId", [][2]string{{"username", "fred"}}, 400, "uniqueId is missing or empty: give a unique id such as 12347811.214", true},
			{"unknown uniqueId", "retrieveByUniqueId", [][2]string{{"uniqueId", "1.1"}, {"username", "fred"}}, 404, `"1.1"`, true},
		} {
			t.Run(tt.name, func(t *testing.T) {
				was := o.stateNow(t)
				wantRefusal(t, d, d.call(t, o, tt.method, tt.args), tt.status, tt.says)
				o.wantNothingDone(t, was, tt.retrieval)
			})
		}
	})
}

// TestBadText puts what is not printable text into every argument that takes
// text.
func TestBadText(t *testing.T) {
	t.Parallel()
	bad := map[string]string{
		"CR LF": "22\r\nAction: Command", "LF at the end": "22\n", "TAB": "2\t2", "DEL": "22\x7f", "C1": "22\u0085",
		"line separator": "22\u2028", "256 characters": strings.Repeat("é", 256), "10,000 characters": strings.Repeat("x", 10000),
	}
	forEachDoor(t, func(t *testing.T, o *office, d door) {
		for name, value := range bad {
			if d.soap && name == "LF at the end" {
				continue // there it is how the message is laid out
			}
			for _, m := range []struct {
				method, arg string
				more        [][2]string
				retrieval   bool
			}{
				{"start", "tag", [][2]string{{"extenOrUniqueId", "410"}}, false},
				{"start", "pbx", [][2]string{{"extenOrUniqueId", "410"}}, false},
				{"retrieve", "tag", [][2]string{{"username", "fred"}}, true},
				{"retrieve", "username", [][2]string{{"tag", "22"}}, true},
				{"retrieveByUniqueId", "username", [][2]string{{"uniqueId", "1.1"}}, true},
			} {
				t.Run(name+" in "+m.arg+" of "+m.method, func(t *testing.T) {
					was := o.stateNow(t)
					wantRefusal(t, d, d.call(t, o, m.method, append([][2]string{{m.arg, d.encode(value)}}, m.more...)), http.StatusBadRequest, m.arg+" ")
					o.wantNothingDone(t, was, m.retrieval)
				})
			}
		}
		undecodable := []string{"%", "%2", "%zz", "%u12", "%uD800", "22%"}
		says := "tag"
		if d.soap {
			undecodable, says = []string{"\xff\xfe", "22\xe9", "&bad;", "&#0;", "<b>22</b>", "&#xD800;"}, ""
		}
		for _, raw := range undecodable {
			t.Run(fmt.Sprintf("%q", raw), func(t *testing.T) {
				was := o.stateNow(t)
				wantRefusal(t, d, d.call(t, o, "start", [][2]string{{"extenOrUniqueId", "410"}, {"tag", raw}}), http.StatusBadRequest, says)
				o.wantNothingDone(t, was, false)
			})
		}
	})
}

// TestXMLBombs: messages that are small and would become large, or reach out.
func TestXMLBombs(t *testing.T) {
	t.Parallel()
	good := envelope("http://schemas.xmlsoap.org/soap/envelope/", "start", [][2]string{{"extenOrUniqueId", "410"}})
	var laughs strings.Builder
	laughs.WriteString(`<!DOCTYPE e [<!ENTITY a0 "ha">`)
	for i := range 20 {
		fmt.Fprintf(&laughs, `<!ENTITY a%d "%s">`, i+1, strings.Repeat(fmt.Sprintf("&a%d;", i), 10))
	}
	laughs.WriteString("]>")
	o := newOffice(t, 22, nil)
	o.call(t, "410", "411")
	for name, tt := range map[string]struct{ message, says string }{
		"billion laughs":     {laughs.String() + strings.Replace(good, ">410<", ">&a20;<", 1), "DOCTYPE"},
		"an external entity": {`<!DOCTYPE e [<!ENTITY x SYSTEM "file:///etc/passwd">]>` + strings.Replace(good, ">410<", ">&x;<", 1), "DOCTYPE"},
		"an external DTD":    {`<!DOCTYPE e SYSTEM "http://127.0.0.1:1/x.dtd">` + good, "DOCTYPE"},
		"a style sheet":      {`<?xml-stylesheet href="file:///etc/passwd"?>` + good, "processing instructions"},
		"deep nesting":       {strings.Repeat("<a>", 20000), "nested deeper"},
		"many attributes":    {"<a " + strings.Repeat("b='' ", 12000) + "/>", "SOAP envelope"},
		"many arguments":     {strings.Replace(good, "</r:start>", strings.Repeat("<a/>", 200)+"</r:start>", 1), "more than 100 arguments"},
		"two operations":     {strings.Replace(good, "</e:Body>", "<r:stop xmlns:r='urn:r'><extenOrUniqueId>410</extenOrUniqueId></r:stop></e:Body>", 1), "two operations"},
		"cut off":            {good[:len(good)-20], "not well-formed"},
		"nothing":            {"", "envelope"},
	} {
		for _, contentType := range []string{"text/xml", "application/soap+xml"} {
			t.Run(name+" as "+contentType, func(t *testing.T) {
				was := o.stateNow(t)
				got := o.send(t, http.MethodPost, path, contentType, strings.NewReader(tt.message))
				wantRefusal(t, door{soap: true}, got, 500, tt.says)
				o.wantNothingDone(t, was, false)
			})
		}
	}
}

// endless is a body that counts what is taken of it, which goes on while the
// answer is there already.
type endless struct {
	left int
	read atomic.Int64
}

func (e *endless) Read(p []byte) (int, error) {
	if e.left == 0 {
		return 0, io.EOF
	}
	n := min(len(p), e.left)
	for i := range n {
		p[i] = 'x'
	}
	e.left -= n
	e.read.Add(int64(n))
	return n, nil
}

// TestEnormousBodies: of 100 MB no more is taken than the sockets hold.
func TestEnormousBodies(t *testing.T) {
	t.Parallel()
	const size = 100 << 20
	o := newOffice(t, 22, nil)
	o.call(t, "410", "411")
	for _, tt := range []struct{ name, method, contentType, head, says string }{
		{"form", http.MethodPost, "application/x-www-form-urlencoded", "method=start&extenOrUniqueId=410&tag=", "longer than 65536 bytes"},
		{"SOAP 1.1", http.MethodPost, "text/xml", "<a>", "longer than 65536 bytes"},
		{"SOAP 1.2", http.MethodPost, "application/soap+xml", "<a>", "longer than 65536 bytes"},
		{"GET", http.MethodGet, "", "", "method is missing"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			was := o.stateNow(t)
			body := &endless{left: size}
			target := path
			if tt.method == http.MethodGet {
				target += "?tag=22"
			}
			got := o.send(t, tt.method, target, tt.contentType, io.MultiReader(strings.NewReader(tt.head), body))
			wantRefusal(t, door{soap: strings.Contains(tt.contentType, "xml")}, got, http.StatusBadRequest, tt.says)
			if taken := body.read.Load(); taken > size/4 {
				t.Errorf("%d bytes were taken", taken)
			}
			o.wantNothingDone(t, was, false)
		})
	}
	t.Run("GET that makes sense", func(t *testing.T) {
		body := &endless{left: size}
		got := o.send(t, http.MethodGet, path+"?method=start&extenOrUniqueId=410&tag=get", "", body)
		if taken := body.read.Load(); got.status != http.StatusOK || taken > size/4 {
			t.Errorf("status %d, and %d bytes were taken", got.status, taken)
		}
		if rec, _ := o.byTag(t, "get"); rec.State != recording.Running {
			t.Errorf("it is %q", rec.State)
		}
		o.want(t, http.StatusOK, nil, "stop", "extenOrUniqueId", "410")
		o.inState(t, "get", recording.Ready) // what follows looks for changes
		await(t, "the file in the spool to be deleted", func() bool { return len(o.spool(t)) == 0 })
	})
	t.Run("query", func(t *testing.T) {
		was := o.stateNow(t)
		got := o.send(t, http.MethodGet, path+"?method=start&extenOrUniqueId=410&tag="+strings.Repeat("x", 60<<10), "", nil)
		wantRefusal(t, door{}, got, http.StatusBadRequest, "tag")
		o.wantNothingDone(t, was, false)
		got = o.send(t, http.MethodGet, path+"?method=start&extenOrUniqueId=410&tag="+strings.Repeat("x", 1<<20), "", nil)
		if got.status != http.StatusRequestHeaderFieldsTooLarge || len(o.actions()) != was.actions {
			t.Errorf("status %d for a query of 1 MB", got.status)
		}
	})
}
