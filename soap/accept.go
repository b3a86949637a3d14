package soap

import "strings"

// preferences are the media ranges of an Accept header: see httpd.ParseAccept.
type preferences map[string]float64

// mediaOf lists the media types that ask for a form.
var mediaOf = map[form][]string{
	formEnvelope: {"text/xml", "application/xml", "application/soap+xml"},
	formText:     {"text/plain"},
	formWAV:      {"audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave"},
}

// chooseForm returns the form that is wanted most, or the one of the setting where
// that is wanted as much, or where others are wanted alike. A browser, which
// takes text/html, says nothing about programs.
func (w preferences) chooseForm(setting form) form {
	if w["text/html"] > 0 {
		return setting
	}
	chosen, alone := setting, true
	for _, f := range []form{formEnvelope, formText, formWAV} {
		switch q, most := w.weightOf(f), w.weightOf(chosen); {
		case q > most:
			chosen, alone = f, true
		case q == most && f != chosen && chosen != setting:
			alone = false
		}
	}
	if !alone {
		return setting
	}
	return chosen
}

// weightOf returns how much a form is wanted: by the names of its media types, else
// by the ranges that they are in. */* does not mean audio: only callers who ask for
// audio get it.
func (w preferences) weightOf(f form) float64 {
	named, most := false, 0.0
	for _, media := range mediaOf[f] {
		if q, ok := w[media]; ok {
			named, most = true, max(most, q)
		}
	}
	if named {
		return most
	}
	for _, media := range mediaOf[f] {
		kind, _, _ := strings.Cut(media, "/")
		q, ok := w[kind+"/*"]
		if !ok && f != formWAV {
			q = w["*/*"]
		}
		most = max(most, q)
	}
	return most
}
