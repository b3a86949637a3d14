package soap

import (
	"net/http"
	"strings"

	"recgate/httpd"
	"recgate/recording"
)

// form is what an answer to a GET or a form POST looks like.
type form int

const (
	formEnvelope form = iota // the SOAP envelope of Axis
	formText                 // text/plain: base64, or 200
	formWAV                  // the WAV itself
)

// formOf chooses the form: by the format argument, else by what the Accept header
// prefers, else by the setting, which is only about audio. Next to an error it
// returns the form for the refusal.
func formOf(c call, r *http.Request, getBody string) (form, error) {
	setting := formEnvelope
	if c.op != nil && c.op.isRetrieval && getBody != GetEnvelope {
		setting = formText
	}
	chosen, err := setting, error(nil)
	if value, ok := c.args[argFormat]; ok {
		chosen, err = formNamed(value, setting)
	} else {
		chosen = preferences(httpd.ParseAccept(r.Header)).chooseForm(setting)
	}
	if chosen == formWAV && (c.op == nil || !c.op.isRetrieval) {
		chosen = formEnvelope // start and stop have no audio to give
	}
	return chosen, err
}

// formNamed reads the argument format. Next to an error it returns the setting.
func formNamed(value string, setting form) (form, error) {
	switch strings.ToLower(value) {
	case "base64", "text":
		return formText, nil
	case "envelope":
		return formEnvelope, nil
	case "wav":
		return formWAV, nil
	}
	return setting, refusal(recording.Invalid, "format %q is not known: use base64, envelope, text or wav", recording.Shorten(value))
}
