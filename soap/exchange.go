package soap

import (
	"context"
	"errors"
	"log/slog"
	"mime"
	"net/http"
	"strings"
	"time"

	"recgate/httpd"
	"recgate/recording"
)

// mediaSOAP12 is the media type of SOAP 1.2 messages.
const mediaSOAP12 = "application/soap+xml"

// exchange is one call on its way from request to answer.
type exchange struct {
	*Handler
	w     http.ResponseWriter
	r     *http.Request
	call  call
	actor recording.Actor

	began time.Time // when the request was read

	soap bool // asked by SOAP: faults are 500 whatever the settings say
	form form // of the answer when it was not asked by SOAP

	// turnedAway is the status with which access control refused the request, or 0.
	turnedAway int
}

// newExchange makes an exchange for a request that has been read.
func (h *Handler) newExchange(w http.ResponseWriter, r *http.Request, c call) *exchange {
	x := &exchange{Handler: h, w: w, r: r, call: c, actor: httpd.Actor(r), began: time.Now()}
	x.actor.Username = c.args[argUser]
	return x
}

// exchangeFromArguments makes an exchange for a call that came as a query string or
// a form. failed is what was wrong with it so far; it comes first.
func (h *Handler) exchangeFromArguments(w http.ResponseWriter, r *http.Request, args httpd.Arguments, failed error) (*exchange, error) {
	c, err := callFromArguments(args)
	if failed == nil {
		failed = err
	}
	f, err := formOf(c, r, h.o.Legacy.GetBody)
	if failed == nil {
		failed = err
	}
	x := h.newExchange(w, r, c)
	x.form = f
	return x, failed
}

// callFromArguments makes a call from named arguments. Axis answers a GET like a
// request in SOAP encoding without a namespace.
func callFromArguments(args httpd.Arguments) (call, error) {
	c := call{shape: shape{encoded: true, line: true}}
	format, ok := args.First(argFormat)
	if ok {
		c.args = map[string]string{argFormat: format}
	}
	name, ok := args.First(argMethod)
	c.name, c.op = name, operationNamed(name)
	switch {
	case !ok || name == "":
		return c, refusal(recording.Invalid, "method is missing or empty: use method=start, stop, retrieve or retrieveByUniqueId")
	case c.op == nil:
		return c, noSuchOperation(name)
	}
	return c, c.bind(args)
}

// readPost reads a SOAP message, a form, or a query without a body; at most so many
// bytes of the body. Next to an error the exchange holds what could be read, so that
// a refused retrieval can still be named in the access log.
func (h *Handler) readPost(w http.ResponseWriter, r *http.Request, most int64) (*exchange, error) {
	contentType := r.Header.Get("Content-Type")
	media := mediaType(contentType)
	body, bodyErr := httpd.ReadBody(w, r, most)
	isForm := media == "application/x-www-form-urlencoded" && !looksLikeXML(body)
	isQuery := contentType == "" && bodyErr == nil && len(body) == 0 && r.URL.RawQuery != ""
	if isForm || isQuery {
		return h.readForm(w, r, string(body), bodyErr)
	}
	c, err := decodeMessage(body, contentType)
	switch {
	case bodyErr != nil:
		err = bodyErr
	case strings.HasPrefix(media, "multipart/"):
		err = refusal(recording.Invalid, "messages in several parts are not read: send the SOAP envelope alone")
	}
	x := h.newExchange(w, r, c)
	x.soap = true
	return x, err
}

// readForm takes the arguments of the query, then of the body.
func (h *Handler) readForm(w http.ResponseWriter, r *http.Request, body string, failed error) (*exchange, error) {
	args, err := httpd.ParseQuery(r.URL.RawQuery)
	if failed == nil {
		failed = err
	}
	more, err := httpd.ParseForm(body, httpd.CharsetOf(r.Header.Get("Content-Type")))
	if failed == nil {
		failed = err
	}
	if args = append(args, more...); len(args) > httpd.MaxArguments && failed == nil {
		failed = refusal(recording.Invalid, "the request has more than %d arguments", httpd.MaxArguments)
	}
	return h.exchangeFromArguments(w, r, args, failed)
}

func mediaType(contentType string) string {
	media, _, _ := strings.Cut(contentType, ";")
	if parsed, _, err := mime.ParseMediaType(contentType); err == nil {
		media = parsed
	}
	return strings.ToLower(strings.TrimSpace(media))
}

// looksLikeXML reports whether a body is a message and not a form, although it was
// posted with the media type of a form, as curl does.
func looksLikeXML(body []byte) bool {
	text := strings.TrimSpace(string(body[:min(len(body), 16)]))
	return strings.HasPrefix(strings.TrimPrefix(text, "\uFEFF"), "<") || strings.HasPrefix(text, "\xFF\xFE") || strings.HasPrefix(text, "\xFE\xFF")
}

// run makes the call, unless it has failed already, and answers it.
func (x *exchange) run(failed error) {
	ctx := x.r.Context()
	if len(x.call.unknown) > 0 {
		x.o.Log.DebugContext(ctx, "unknown arguments ignored", slog.String("method", x.call.op.name),
			slog.String("names", recording.Shorten(strings.Join(x.call.unknown, " "))))
	}
	switch {
	case failed != nil:
		x.noteRefusal(ctx, failed)
		x.fail(failed)
	case x.call.op.isRetrieval:
		x.retrieve(ctx)
	default:
		if err := x.command(ctx); err != nil {
			x.fail(x.call.withPlusHint(err))
			return
		}
		x.succeed()
	}
}

// withPlusHint adds to an error of an extension or unique id that the plus sign in
// it was read as a blank.
func (c call) withPlusHint(err error) error {
	code := recording.CodeOf(err)
	if !c.plus || code != recording.NotFound && code != recording.Invalid {
		return err
	}
	return &recording.Error{Code: code, Msg: recording.Message(err) + " (a + in a query is a blank: send %2B for a plus sign)", Err: errors.Unwrap(err)}
}

// command starts or stops a recording.
func (x *exchange) command(ctx context.Context) error {
	target, pbx := x.call.args[argTarget], x.call.args[argPBX]
	if x.call.op.name == recording.MethodStart {
		_, err := x.o.Recorder.Start(ctx, recording.StartRequest{Actor: x.actor, Target: target, PBX: pbx, Tag: x.call.args[argTag]})
		return err
	}
	_, err := x.o.Recorder.Stop(ctx, recording.StopRequest{Actor: x.actor, Target: target, PBX: pbx})
	if recording.CodeOf(err) == recording.NotFound && x.o.Legacy.StopNothing == StopSuccess {
		return nil
	}
	return err
}

// retrieve finds the audio and sends it.
func (x *exchange) retrieve(ctx context.Context) {
	find := x.o.Recorder.Retrieve
	if x.call.op.name == recording.MethodRetrieveByUniqueID {
		find = x.o.Recorder.RetrieveByUniqueID
	}
	audio, err := find(ctx, x.retrieveRequest())
	if err != nil {
		x.fail(x.call.withPlusHint(err))
		return
	}
	defer func() {
		if err := audio.Close(); err != nil {
			x.o.Log.WarnContext(ctx, "audio not closed", slog.Any("err", err))
		}
	}()
	o, err := httpd.OpenAudio(audio, x.buffers)
	if err != nil {
		x.noteRefusal(ctx, err)
		x.fail(err)
		return
	}
	defer o.Close()
	x.sendAudio(o, audio.Bytes)
}

// retrieveRequest is what is known of a retrieval, also of one that was refused.
func (x *exchange) retrieveRequest() recording.RetrieveRequest {
	return recording.RetrieveRequest{Actor: x.actor, Key: x.call.args[x.call.op.args[0]]}
}

// noteRefusal adds a line to the access log when a retrieval failed.
func (x *exchange) noteRefusal(ctx context.Context, cause error) {
	if x.call.op != nil && x.call.op.isRetrieval {
		x.o.Recorder.Refused(ctx, x.retrieveRequest(), x.call.op.name, cause)
	}
}
