package soap

import (
	"strconv"
	"strings"
)

// wishes are what an Accept header holds, by media range in lower case: how
// much it is wanted, from 0 (not at all) to 1 (RFC 9110, section 12.5.1).
type wishes map[string]float64

// mediaOf are the media types by which a form is asked for.
var mediaOf = map[form][]string{
	formEnvelope: {"text/xml", "application/xml", "application/soap+xml"},
	formText:     {"text/plain"},
	formWAV:      {"audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave"},
}

// accepted reads the values of the Accept header. Of a range that is repeated
// the greatest weight counts.
func accepted(values []string) wishes {
	if len(values) == 0 {
		return nil
	}
	all := wishes{}
	for item := range strings.SplitSeq(strings.Join(values, ","), ",") {
		name, params, _ := strings.Cut(item, ";")
		name = strings.ToLower(strings.TrimSpace(name))
		if name == "*" { // as Java writes it
			name = "*/*"
		}
		if name != "" {
			all[name] = max(all[name], weight(params))
		}
	}
	return all
}

// weight reads q among the parameters of a range. One that cannot be read
// counts as none.
func weight(params string) float64 {
	for param := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(param, "=")
		if !strings.EqualFold(strings.TrimSpace(name), "q") {
			continue
		}
		if q, err := strconv.ParseFloat(strings.TrimSpace(value), 64); err == nil && q >= 0 && q <= 1 {
			return q
		}
	}
	return 1
}

// form returns the form that is wanted most, or the one of the setting where
// that is wanted as much, or where others are wanted alike. A browser, which
// takes text/html, says nothing about programs.
func (w wishes) form(setting form) form {
	if w["text/html"] > 0 {
		return setting
	}
	chosen, alone := setting, true
	for _, f := range []form{formEnvelope, formText, formWAV} {
		switch q, most := w.of(f), w.of(chosen); {
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

// of returns how much a form is wanted: by the names of its media types, else
// by the ranges that they are in. */* does not mean audio, which nobody gets
// who does not ask for it.
func (w wishes) of(f form) float64 {
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
