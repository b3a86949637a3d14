package soap_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"recgate/recording"
	"recgate/soap"
)

func TestQueryBadEscapes(t *testing.T) {
	e := newEndpoint(t, soap.Legacy{})
	for _, bad := range []string{"%", "%2", "%zz", "100%", "%u12", "%uZZZZ", "%uD83D", "%uD83Dx", "%uD83D%u0041", "%uDE00%uD83D"} {
		for _, method := range []string{"start", "retrieve"} {
			t.Run(method+bad, func(t *testing.T) {
				w := e.get("method=" + method + "&extenOrUniqueId=410&username=fred&tag=" + bad)
				wantStatus(t, w, http.StatusBadRequest)
				wantText(t, w, "tag ", "bad escape")
				calls, refused, _ := e.rec.takeCalls()
				if len(calls) > 0 {
					t.Errorf("called %q", calls)
				}
				if (method == "retrieve") != (len(refused) == 1) {
					t.Errorf("access log lines %q", refused)
				}
			})
		}
	}
	w := e.get("method=start&extenOrUniqueId=410&ta%g=1")
	wantStatus(t, w, http.StatusBadRequest)
	wantText(t, w, "name of an argument", "ta%g")
}

func TestQueryArguments(t *testing.T) {
	for _, tt := range []struct {
		name, query, want string
		status            int
	}{
		{"order", "tag=22&extenOrUniqueId=410&method=start", "start [410] [22]", 200},
		{"case", "METHOD=START&EXTENORUNIQUEID=410&Tag=22", "start [410] [22]", 200},
		{"first of repeated", "method=start&method=stop&extenOrUniqueId=410&extenoruniqueid=411&tag=1&tag=2", "start [410] [1]", 200},
		{"in", "method=start&in0=410&in1=22", "start [410] [22]", 200},
		{"arg, other order", "method=start&arg1=22&arg0=410", "start [410] [22]", 200},
		{"param", "method=retrieve&param0=21&param1=fred", "retrieve [21] [fred]", 200},
		{"a name beats a position", "method=start&in0=411&extenOrUniqueId=410", "start [410] []", 200},
		{"position out of range", "method=stop&in7=410", "", 400},
		{"no tag", "method=start&extenOrUniqueId=410", "start [410] []", 200},
		{"cache buster", "method=stop&extenOrUniqueId=410&_=1234", "stop [410]", 200},
		{"a letter that folds to ASCII in the method", "method=%C5%BFtop&extenOrUniqueId=410", "", 400},
		{"and in the name of an argument", "method=retrieve&tag=21&u%C5%BFername=fred", "", 400},
		{"empty pieces", "&&method=stop&&extenOrUniqueId=410&", "stop [410]", 200},
		{"misspelt", "method=stop&exten=410", "", 400},
		{"misspelt user", "method=retrieve&tag=21&user=fred", "", 400},
		{"missing is for the core", "method=stop", "stop []", 400},
		{"unknown method", "method=delete&tag=1", "", 400},
		{"no method", "extenOrUniqueId=410", "", 400},
		{"empty method", "method=&extenOrUniqueId=410", "", 400},
		{"wsdl is no excuse", "wsdl&method=stop&extenOrUniqueId=410", "stop [410]", 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := newEndpoint(t, soap.Legacy{})
			wantStatus(t, e.get(tt.query), tt.status)
			var want []string
			if tt.want != "" {
				want = []string{tt.want}
			}
			e.wantCalls(t, want...)
		})
	}
}

// TestQueryPlus: a caller who sends +49 unescaped learns why nobody is found.
func TestQueryPlus(t *testing.T) {
	const hint = "a + in a query is a blank: send %2B for a plus sign"
	for query, want := range map[string]bool{
		"method=start&extenOrUniqueId=+999": true, "method=stop&ExtenOrUniqueId=%2b49+30": true, "method=retrieveByUniqueId&uniqueId=a+b&username=fred": true,
		"method=start&extenOrUniqueId=%20999": false, "method=stop&extenOrUniqueId=%2B999": false, "method=start&extenOrUniqueId=999&tag=a+b": false,
	} {
		e := newEndpoint(t, soap.Legacy{})
		e.rec.fail = recording.Errorf(recording.NotFound, "no live call")
		if w := e.get(query); w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), "no live call") || strings.Contains(w.Body.String(), hint) != want {
			t.Errorf("%s: %d %s", query, w.Code, w.Body)
		}
		e.rec.fail = recording.Errorf(recording.Unavailable, "away")
		if w := e.get(query); w.Code != http.StatusServiceUnavailable || strings.Contains(w.Body.String(), hint) {
			t.Errorf("%s while the PBX is away: %d %s", query, w.Code, w.Body)
		}
	}
	form := newEndpoint(t, soap.Legacy{})
	form.rec.fail = recording.Errorf(recording.Invalid, "no")
	wantText(t, form.do(http.MethodPost, soap.Path, "method=start&extenOrUniqueId=+999", "Content-Type", "application/x-www-form-urlencoded"), hint)
}

func TestQueryOptions(t *testing.T) {
	e := newEndpoint(t, soap.Legacy{})
	wantStatus(t, e.get("method=start&extenOrUniqueId=410&tag=1&PBX=north&apiKey=k&format=text"), http.StatusOK)
	if _, _, last := e.rec.takeCalls(); last.pbx != "north" || last.remote != "192.0.2.1" {
		t.Errorf("pbx %q, remote %q", last.pbx, last.remote)
	}
	if e.log.Len() > 0 {
		t.Errorf("known options leave a line: %s", e.log)
	}
	wantStatus(t, e.get("method=stop&extenOrUniqueId=410&pbx=south&later=1"), http.StatusOK)
	if _, _, last := e.rec.takeCalls(); last.pbx != "south" {
		t.Errorf("pbx %q", last.pbx)
	}
	if !strings.Contains(e.log.String(), `level=DEBUG msg="unknown arguments ignored" method=stop names=later`) {
		t.Errorf("an unknown argument leaves no line: %s", e.log)
	}
}

func TestQueryLimits(t *testing.T) {
	e := newEndpoint(t, soap.Legacy{})
	w := e.get("method=retrieve&username=fred&tag=" + strings.Repeat("x", 64<<10))
	wantStatus(t, w, http.StatusBadRequest)
	wantText(t, w, "longer than 65536 bytes")
	if calls, refused, _ := e.rec.takeCalls(); len(calls) > 0 || len(refused) != 1 {
		t.Errorf("called %q, refused %.100q", calls, refused)
	}
	w = e.get("method=start&extenOrUniqueId=410" + strings.Repeat("&a=1", 200))
	wantStatus(t, w, http.StatusBadRequest)
	wantText(t, w, "more than 100 arguments")
	e.wantCalls(t)
	e.get("method=start&extenOrUniqueId=410&tag=" + strings.Repeat("x", 60<<10))
	if _, _, last := e.rec.takeCalls(); len(last.tag) != 60<<10 {
		t.Errorf("a tag of %d bytes reached the core", len(last.tag))
	}
}

func TestForm(t *testing.T) {
	const form = "application/x-www-form-urlencoded"
	for _, tt := range []struct {
		name, query, contentType, body, want string
		status                               int
	}{
		{"body", "", form, "method=start&extenOrUniqueId=410&tag=a%20b", "start [410] [a b]", 200},
		{"charset", "", form + "; charset=utf-8", "method=stop&extenOrUniqueId=410", "stop [410]", 200},
		{"query and body", "?method=start", form, "extenOrUniqueId=410&tag=22", "start [410] [22]", 200},
		{"query wins", "?method=stop&extenOrUniqueId=410", form, "method=start&extenOrUniqueId=411", "stop [410]", 200},
		{"query alone", "?method=stop&extenOrUniqueId=410", "", "", "stop [410]", 200},
		{"query under a form", "?method=stop&extenOrUniqueId=410", form, "", "stop [410]", 200},
		{"semicolon", "", form, "method=start&extenOrUniqueId=410&tag=a;b", "start [410] [a;b]", 200},
		{"bad escape", "", form, "method=start&extenOrUniqueId=410&tag=%zz", "", 400},
		{"nothing", "", form, "", "", 400},
		{"nothing at all", "", "", "", "", 500}, // SOAP without a message
		{"too long", "", form, "method=stop&extenOrUniqueId=410&x=" + strings.Repeat("y", 64<<10), "", 400},
		{"too many", "?method=stop" + strings.Repeat("&a=1", 60), form, "extenOrUniqueId=410" + strings.Repeat("&b=1", 60), "", 400},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := newEndpoint(t, soap.Legacy{})
			var header []string
			if tt.contentType != "" {
				header = []string{"Content-Type", tt.contentType}
			}
			wantStatus(t, e.do(http.MethodPost, soap.Path+tt.query, tt.body, header...), tt.status)
			var want []string
			if tt.want != "" {
				want = []string{tt.want}
			}
			e.wantCalls(t, want...)
		})
	}
}

// TestQueryRoundTrip sends any text as a tag and a username, percent-encoded
// as clients do it.
func TestQueryRoundTrip(t *testing.T) {
	e := newEndpoint(t, soap.Legacy{})
	rapid.Check(t, func(t *rapid.T) {
		tag, user := rapid.String().Draw(t, "tag"), rapid.StringN(1, -1, -1).Draw(t, "user")
		encode := rapid.SampledFrom([]func(string) string{url.QueryEscape, url.PathEscape, everyByte}).Draw(t, "encode")
		tagArg := encode(tag)
		if strings.Contains(tagArg, "&") || strings.Contains(tagArg, "+") && strings.Contains(tag, "+") {
			tagArg = everyByte(tag) // PathEscape leaves both
		}
		e.get("method=retrieve&username=" + everyByte(user) + "&tag=" + tagArg)
		calls, _, last := e.rec.takeCalls()
		if want := fmt.Sprintf("retrieve [%s] [%s]", tag, user); !slices.Equal(calls, []string{want}) || last.key != tag {
			t.Fatalf("called %q, want %q", calls, want)
		}
	})
}

func everyByte(s string) string {
	var out strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&out, "%%%02x", s[i])
	}
	return out.String()
}

func FuzzQuery(f *testing.F) {
	for _, seed := range []string{
		"method=start&extenOrUniqueId=410&tag=22", "wsdl", "?WSDL=rpc", "method=retrieve&tag=%u20AC&username=%zz",
		"in0=1&method=stop", "%u", "%", "method=stop&extenOrUniqueId=410;tag=1", "a=b=c&&=", "list", "method=start&format=wav",
	} {
		f.Add(seed, "O'Brien, 22 <é>")
	}
	f.Fuzz(func(t *testing.T, query, value string) {
		e := newEndpoint(t, soap.Legacy{})
		e.serve(requestWith(query))
		calls, refused, _ := e.rec.takeCalls()
		if len(calls) > 1 || len(refused) > 1 || len(calls)+len(refused) > 1 {
			t.Errorf("one request became %q and %q", calls, refused)
		}
		e.serve(requestWith("method=start&extenOrUniqueId=410&tag=" + url.QueryEscape(value)))
		if _, _, last := e.rec.takeCalls(); len(value) < 16<<10 && utf8.ValidString(value) && last.tag != value {
			t.Errorf("tag %q, want %q", last.tag, value)
		}
	})
}
