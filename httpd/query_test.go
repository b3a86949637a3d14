package httpd_test

import (
	"net/url"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"

	"recgate/httpd"
	"recgate/recording"
)

func TestQueryValues(t *testing.T) {
	for _, tt := range []struct{ raw, want string }{
		{"22", "22"},
		{"", ""},
		{"a+b", "a b"},
		{"a%20b", "a b"},
		{"a%2Bb", "a+b"},
		{"a;b=c", "a;b=c"}, // net/url drops the argument
		{"a=b=c", "a=b=c"},
		{"a#b", "a#b"},
		{"%C3%A9%E2%82%AC", "é€"},
		{"%E9", "é"},
		{"\xe9", "é"},
		{"\xc3\xa9", "é"},
		{"%u00e9", "é"},
		{"%U00E9x", "éx"},
		{"%u20AC%C3%A9", "€é"},
		{"%uD83D%uDE00", "\U0001F600"},
		{"%00", "\x00"}, // the core refuses it
		{"O%27Brien%2C+22+%3C%C3%A9%3E", "O'Brien, 22 <é>"},
		{"<b>&amp;", "<b>"}, // & always separates
	} {
		t.Run(tt.raw, func(t *testing.T) {
			args, err := httpd.ParseQuery("method=start&tag=" + tt.raw)
			if tag, _ := args.First("TAG"); err != nil || tag != tt.want {
				t.Errorf("tag %q and %v, want %q", tag, err, tt.want)
			}
		})
	}
}

// FuzzQuery: a query is read within its limits or refused, and any bytes come
// back as what they mean.
func FuzzQuery(f *testing.F) {
	for _, seed := range []string{"method=start&tag=22", "%u", "%", "a=b=c&&=", "tag=%u20AC&x=%zz", "\r\na=1;b=2\r\n"} {
		f.Add(seed, "O'Brien, 22 <é>", "windows-1251")
	}
	f.Fuzz(func(t *testing.T, query, value, charset string) {
		args, err := httpd.ParseForm(query, charset)
		if len(args) > httpd.MaxArguments {
			t.Errorf("%d arguments", len(args))
		}
		if err != nil && recording.CodeOf(err) != recording.Invalid {
			t.Errorf("refused with %v", err)
		}
		args, err = httpd.ParseQuery("tag=" + url.QueryEscape(value))
		if tag, _ := args.First("tag"); len(value) < 16<<10 && (err != nil || tag != describeArguments(value)) {
			t.Errorf("tag %q and %v, want %q", tag, err, value)
		}
	})
}

// describeArguments is what bytes mean as a value: UTF-8, else windows-1252.
func describeArguments(s string) string {
	if strings.ToValidUTF8(s, "") == s {
		return s
	}
	var out strings.Builder
	for i := range len(s) {
		out.WriteRune(charmap.Windows1252.DecodeByte(s[i]))
	}
	return out.String()
}
