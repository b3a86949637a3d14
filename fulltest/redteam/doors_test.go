//go:build full

package redteam_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

const (
	endpoint = "/servicemanager/services/njadmin-api-recording"
	apiKey   = "a-key-of-red" // of whom recgate lets in
)

// arg is one argument of a method.
type arg struct{ name, value string }

// door is one way to call a method.
type door struct {
	name string
	soap bool
	// request makes the request from a base address.
	request func(base, method string, args []arg) (*http.Request, error)
}

var doors = []door{
	{"GET", false, func(base, method string, args []arg) (*http.Request, error) {
		return http.NewRequest(http.MethodGet, base+endpoint+"?"+query(method, args, percent), nil)
	}},
	{"GET with %u", false, func(base, method string, args []arg) (*http.Request, error) {
		return http.NewRequest(http.MethodGet, base+endpoint+"?"+query(method, args, percentU), nil)
	}},
	{"form", false, func(base, method string, args []arg) (*http.Request, error) {
		return post(base, "application/x-www-form-urlencoded", query(method, args, percent))
	}},
	{"SOAP 1.1", true, func(base, method string, args []arg) (*http.Request, error) {
		return post(base, "text/xml; charset=utf-8", message("http://schemas.xmlsoap.org/soap/envelope/", method, args))
	}},
	{"SOAP 1.2", true, func(base, method string, args []arg) (*http.Request, error) {
		return post(base, "application/soap+xml; charset=utf-8", message("http://www.w3.org/2003/05/soap-envelope", method, args))
	}},
}

func post(base, mediaType, body string) (*http.Request, error) {
	r, err := http.NewRequest(http.MethodPost, base+endpoint, strings.NewReader(body))
	if err == nil {
		r.Header.Set("Content-Type", mediaType)
		r.Header.Set("SOAPAction", `""`)
	}
	return r, err
}

func query(method string, args []arg, escape func(string) string) string {
	pieces := []string{"method=" + escape(method)}
	for _, a := range args {
		pieces = append(pieces, a.name+"="+escape(a.value))
	}
	return strings.Join(pieces, "&")
}

// percent escapes every byte that is not a letter or digit.
func percent(s string) string {
	var out strings.Builder
	for i := range len(s) {
		if c := s[i]; c < utf8.RuneSelf && (unicode.IsLetter(rune(c)) || unicode.IsDigit(rune(c))) {
			out.WriteByte(c)
		} else {
			fmt.Fprintf(&out, "%%%02X", c)
		}
	}
	return out.String()
}

// percentU escapes every character as scripts of old browsers do.
func percentU(s string) string {
	if !utf8.ValidString(s) {
		return percent(s)
	}
	var out strings.Builder
	for _, u := range utf16.Encode([]rune(s)) {
		fmt.Fprintf(&out, "%%u%04X", u)
	}
	return out.String()
}

// message is a SOAP message. What XML can name only by its number is named
// so, what it cannot hold at all is sent as it is.
func message(envelope, method string, args []arg) string {
	var out strings.Builder
	name := strings.Map(func(r rune) rune { // a method that is not a name would only be bad XML
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return '_'
	}, method)
	fmt.Fprintf(&out, `<e:Envelope xmlns:e="%s"><e:Body><%s>`, envelope, name)
	for _, a := range args {
		fmt.Fprintf(&out, "<%[1]s>%[2]s</%[1]s>", a.name, references(a.value))
	}
	fmt.Fprintf(&out, "</%s></e:Body></e:Envelope>", name)
	return out.String()
}

func references(s string) string {
	var out strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && n == 1:
			out.WriteByte(s[0])
		case r < ' ' || strings.ContainsRune(`<>&"'`, r) || unicode.IsControl(r):
			fmt.Fprintf(&out, "&#%d;", r)
		default:
			out.WriteRune(r)
		}
		s = s[n:]
	}
	return out.String()
}

// asReceived returns the text that a value means when it comes by this door,
// and whether it is a good tag there.
func (d door) asReceived(value string) (text string, good bool) {
	if utf8.ValidString(value) {
		inXML := !strings.ContainsFunc(value, func(r rune) bool { return r == 0xfffe || r == 0xffff })
		if d.soap { // white space around a value is how the message is laid out
			value = strings.Trim(value, " \t\r\n")
		}
		return strings.Trim(value, " "), isGood(value) && (inXML || !d.soap)
	}
	if d.soap {
		return "", false // a message is UTF-8 or says what else it is
	}
	var text1252 strings.Builder
	for i := range len(value) {
		r := rune(value[i])
		if r >= 0x80 && r < 0xa0 {
			r = windows1252[r-0x80]
		}
		text1252.WriteRune(r)
	}
	return strings.Trim(text1252.String(), " "), isGood(text1252.String())
}

// windows1252 are the characters of the bytes from 0x80 to 0x9f.
var windows1252 = []rune("€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ")

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// ask sends a request. The key is left out where the request brings one.
func ask(client *http.Client, r *http.Request, key bool) (answer, error) {
	if key {
		r.Header.Set("Authorization", "Bearer "+apiKey)
	}
	response, err := client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, response.Header, body}, err
}

// checkRefused says what is wrong with an answer that must be a refusal.
func (d door) checkRefused(a answer) error {
	switch {
	case d.soap && (a.status != http.StatusInternalServerError && a.status != http.StatusUnauthorized || !bytes.Contains(a.body, []byte(":Fault>"))):
		return fmt.Errorf("status %d, want a fault", a.status)
	case !d.soap && (a.status < 400 || a.status > 409):
		return fmt.Errorf("status %d, want a refusal by its cause", a.status)
	case bytes.Contains(a.body, []byte("internal error")):
		return errors.New("an internal error")
	}
	return a.checkSound()
}

// checkSound says what is wrong with the shape of any answer.
func (a answer) checkSound() error {
	for name, values := range a.header {
		for _, v := range values {
			if strings.Contains(v, mark) || strings.ContainsFunc(v, unicode.IsControl) {
				return fmt.Errorf("the header %s is %q", name, v)
			}
		}
	}
	mediaType := a.header.Get("Content-Type")
	switch {
	case strings.Contains(mediaType, "xml"):
		d := xml.NewDecoder(bytes.NewReader(a.body))
		for {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				return fmt.Errorf("not well-formed: %w", err)
			}
		}
	case strings.HasPrefix(mediaType, "text/plain"):
		if text := strings.TrimSuffix(string(a.body), "\n"); strings.ContainsFunc(text, unicode.IsControl) {
			return fmt.Errorf("control characters in %.200q", text)
		}
	case strings.Contains(mediaType, "html"):
		if bytes.Contains(a.body, []byte("<script")) || bytes.Contains(a.body, []byte("<img")) {
			return errors.New("markup of the caller's in a page")
		}
	}
	return nil
}
