package soap

import (
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"
	"unicode"

	"recgate/httpd"
	"recgate/recording"
)

const (
	typeText  = "text/plain; charset=us-ascii"
	typeError = "text/plain; charset=utf-8"
	typeWAV   = "audio/wav"
)

// succeed answers a start or a stop that succeeded.
func (x *exchange) succeed() {
	x.countOutcome(httpd.OK)
	switch {
	case !x.soap && x.form == formText:
		x.write(http.StatusOK, typeText, "200")
	case x.o.Legacy.StartReturn == ReturnNothing:
		x.write(http.StatusOK, x.call.shape.contentType(), x.call.emptyAnswer())
	default:
		x.write(http.StatusOK, x.call.shape.contentType(), x.call.answerWith("200"))
	}
}

// fail answers a call that was refused, and logs why.
func (x *exchange) fail(err error) {
	x.countOutcome(httpd.Outcome(err))
	x.o.Log.LogAttrs(x.r.Context(), httpd.Level(err), "request refused", slog.String("method", x.method()),
		slog.String("remote", x.actor.Remote), slog.Any("err", err))
	message := recording.Message(err)
	switch {
	case x.soap && x.returnsErrors(err):
		x.write(http.StatusOK, x.call.shape.contentType(), x.call.answerWith(message))
	case x.soap || x.form != formText:
		x.write(x.status(err), x.call.shape.contentType(), x.call.shape.faultMessage(kindOf(err), message))
	default:
		x.write(x.status(err), typeError, oneLine(message)+"\n")
	}
}

// returnsErrors reports whether the message goes into the return value. What is
// wrong with the SOAP itself stays a fault.
func (x *exchange) returnsErrors(err error) bool {
	k := kindOf(err)
	return x.turnedAway == 0 && x.o.Legacy.SoapErrors == ErrorsReturn && x.call.op != nil && !x.call.op.isRetrieval &&
		(k == kindClient || k == kindServer)
}

// status returns the status of an error: by cause for a GET, 500 for every fault
// of SOAP. A 401 stays 401 everywhere: many clients send their password only after
// it.
func (x *exchange) status(err error) int {
	switch {
	case x.turnedAway == http.StatusUnauthorized:
		return x.turnedAway
	case x.soap || x.o.Legacy.ErrorStatus == Status500:
		return http.StatusInternalServerError
	case x.turnedAway != 0:
		return x.turnedAway
	}
	return httpd.Status(err)
}

// sendAudio answers a retrieval. After the first byte, an error can only cut the
// connection; the caller notices by the length in the header.
func (x *exchange) sendAudio(audio *httpd.Audio, size int64) {
	head, tail, send := "", "", (*httpd.Audio).SendBase64
	mediaType, length := typeText, httpd.Base64Len(size)
	switch {
	case x.soap || x.form == formEnvelope:
		head, tail = x.call.answerAround()
		mediaType = x.call.shape.contentType()
		length += int64(len(head) + len(tail))
	case x.form == formWAV:
		send = (*httpd.Audio).SendBytes
		mediaType, length = typeWAV, size
	}
	httpd.SetHeaders(x.w, mediaType, length)
	err := writeText(x.w, head)
	if err == nil {
		err = send(audio, x.w)
	}
	if err == nil {
		err = writeText(x.w, tail)
	}
	if err != nil {
		x.countOutcome(httpd.CutOff)
		x.o.Log.WarnContext(x.r.Context(), "audio cut off", slog.String("method", x.method()),
			slog.String("remote", x.actor.Remote), slog.Any("err", err))
		panic(http.ErrAbortHandler)
	}
	x.countOutcome(httpd.OK)
	x.o.Sent(size)
}

func (x *exchange) write(status int, mediaType, body string) {
	httpd.SetHeaders(x.w, mediaType, int64(len(body)))
	x.w.WriteHeader(status)
	_ = writeText(x.w, body) // the caller may have gone; the request is done
}

func writeText(w io.Writer, text string) error {
	if text == "" {
		return nil
	}
	_, err := io.WriteString(w, text)
	return err
}

func (x *exchange) countOutcome(outcome string) { x.o.Count(x.method(), outcome, time.Since(x.began)) }

func (x *exchange) method() string {
	if x.call.op == nil {
		return NoMethod
	}
	return x.call.op.name
}

// oneLine replaces line breaks and everything else that is not printable, so that
// a message stays on one line and a terminal cannot obey anything in it.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s)
}
