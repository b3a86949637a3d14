package soap

import (
	"net/http"
	"strings"

	"recgate/recording"
)

// form is what an answer to a GET or a form POST looks like.
type form int

const (
	formEnvelope form = iota // the SOAP envelope of Axis
	formText                 // text/plain: base64, or 200
	formWAV                  // the WAV itself
)

// formOf chooses the form: the format argument first, then an Accept header
// that names exactly one that we have, then the setting, which is about
// audio alone. Next to an error it returns the form for the refusal.
func formOf(c call, r *http.Request, getBody string) (form, error) {
	setting := formEnvelope
	if c.op != nil && c.op.get && getBody != GetEnvelope {
		setting = formText
	}
	chosen, err := setting, error(nil)
	if value, ok := c.args[argFormat]; ok {
		chosen, err = formNamed(value, setting)
	} else if accepted, ok := formAccepted(r.Header.Values("Accept")); ok {
		chosen = accepted
	}
	if chosen == formWAV && (c.op == nil || !c.op.get) {
		chosen = formEnvelope // start and stop have no audio to give
	}
	return chosen, err
}

func formNamed(value string, setting form) (form, error) {
	switch strings.ToLower(value) {
	case "base64", "text":
		return formText, nil
	case "envelope":
		return formEnvelope, nil
	case "wav":
		return formWAV, nil
	}
	return setting, refuse(recording.Invalid, "format %q is not known: use base64, envelope, text or wav", shorten(value))
}

// formAccepted reads the Accept header. A list with text/html in it is a
// browser's and says nothing about programs.
func formAccepted(accept []string) (form, bool) {
	var chosen form
	found := false
	for _, one := range strings.Split(strings.Join(accept, ","), ",") {
		name, _, _ := strings.Cut(one, ";")
		var f form
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "text/html":
			return 0, false
		case "text/xml", "application/soap+xml":
			f = formEnvelope
		case "text/plain":
			f = formText
		case "audio/wav", "audio/x-wav":
			f = formWAV
		default:
			continue
		}
		if found && f != chosen {
			return 0, false
		}
		chosen, found = f, true
	}
	return chosen, found
}
