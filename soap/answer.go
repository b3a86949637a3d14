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

// done answers a start or a stop that worked.
func (x *exchange) done() {
	x.count(httpd.OK)
	switch {
	case !x.soap && x.form == formText:
		x.write(http.StatusOK, typeText, "200")
	case x.o.Legacy.StartReturn == ReturnNothing:
		x.write(http.StatusOK, x.call.shape.contentType(), x.call.empty())
	default:
		x.write(http.StatusOK, x.call.shape.contentType(), x.call.returning("200"))
	}
}

// fail answers a call that was refused, and logs why.
func (x *exchange) fail(err error) {
	x.count(httpd.Outcome(err))
	x.o.Log.LogAttrs(x.r.Context(), httpd.Level(err), "request refused", slog.String("method", x.method()),
		slog.String("remote", x.actor.Remote), slog.Any("err", err))
	message := recording.Message(err)
	switch {
	case x.soap && x.returnsErrors(err):
		x.write(http.StatusOK, x.call.shape.contentType(), x.call.returning(message))
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
	return x.turned == 0 && x.o.Legacy.SoapErrors == ErrorsReturn && x.call.op != nil && !x.call.op.get &&
		(k == kindClient || k == kindServer)
}

// status is by cause for a GET; SOAP sends every fault as 500. A 401 is one
// everywhere: many clients send their password only after it.
func (x *exchange) status(err error) int {
	switch {
	case x.turned == http.StatusUnauthorized:
		return x.turned
	case x.soap || x.o.Legacy.ErrorStatus == Status500:
		return http.StatusInternalServerError
	case x.turned != 0:
		return x.turned
	}
	return httpd.Status(err)
}

// send answers a retrieval. From its first byte on an error can only cut the
// connection, which the length in the header makes plain to the caller.
func (x *exchange) send(audio *httpd.Audio, size int64) {
	head, tail, send := "", "", (*httpd.Audio).SendBase64
	mediaType, length := typeText, httpd.Base64Len(size)
	switch {
	case x.soap || x.form == formEnvelope:
		head, tail = x.call.around()
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
		x.count(httpd.CutOff)
		x.o.Log.WarnContext(x.r.Context(), "audio cut off", slog.String("method", x.method()),
			slog.String("remote", x.actor.Remote), slog.Any("err", err))
		panic(http.ErrAbortHandler)
	}
	x.count(httpd.OK)
	x.o.Sent(size)
}

func (x *exchange) write(status int, mediaType, body string) {
	httpd.SetHeaders(x.w, mediaType, int64(len(body)))
	x.w.WriteHeader(status)
	// A caller who has gone is no concern of ours: what was asked is done.
	_ = writeText(x.w, body)
}

func writeText(w io.Writer, text string) error {
	if text == "" {
		return nil
	}
	_, err := io.WriteString(w, text)
	return err
}

func (x *exchange) count(outcome string) { x.o.Count(x.method(), outcome, time.Since(x.began)) }

func (x *exchange) method() string {
	if x.call.op == nil {
		return NoMethod
	}
	return x.call.op.name
}

// oneLine keeps a message that quotes a line break on one line, and anything
// else that a terminal might obey out of it.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s)
}
