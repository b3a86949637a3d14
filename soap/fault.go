package soap

import (
	"encoding/xml"
	"errors"
	"fmt"

	"recgate/recording"
)

// fault is a refusal of this package. For everybody else it is the
// *recording.Error that it wraps; kind says what the SOAP fault is to be.
type fault struct {
	kind  kind
	cause *recording.Error
}

func (f *fault) Error() string { return f.cause.Error() }

// Unwrap returns the *recording.Error.
func (f *fault) Unwrap() error { return f.cause }

// kind is one fault code of the wire.
type kind struct {
	soap11 string // value of faultcode
	axis   bool   // it is in Axis' namespace, with the prefix ns1
	soap12 string // local name in SOAP 1.2, where only five codes exist
}

// The fault codes that Axis 1.4 sends, but for soapenv:Client, which stands
// for its parser's accidents (all of them soapenv:Server.userException).
var (
	kindClient     = kind{soap11: "soapenv:Client", soap12: "Sender"}
	kindServer     = kind{soap11: "soapenv:Server.userException", soap12: "Receiver"}
	kindOperation  = kind{soap11: "ns1:Client", axis: true, soap12: "Sender"}
	kindService    = kind{soap11: "ns1:Server.NoService", axis: true, soap12: "Receiver"}
	kindVersion    = kind{soap11: "soapenv:VersionMismatch", soap12: "VersionMismatch"}
	kindUnderstand = kind{soap11: "soapenv:MustUnderstand", soap12: "MustUnderstand"}
)

// answers is the one mapping from what went wrong to the wire: the status of
// a GET, and the fault.
var answers = [recording.NumCodes]struct {
	status int
	kind   kind
}{
	recording.Internal:    {500, kindServer},
	recording.Invalid:     {400, kindClient},
	recording.Forbidden:   {403, kindServer},
	recording.NotFound:    {404, kindServer},
	recording.Conflict:    {409, kindServer},
	recording.NotReady:    {409, kindServer},
	recording.Unavailable: {503, kindServer},
}

// statusOf returns the status by cause.
func statusOf(err error) int { return answers[recording.CodeOf(err)].status }

// kindOf returns the fault code of any error.
func kindOf(err error) kind {
	var f *fault
	if errors.As(err, &f) {
		return f.kind
	}
	return answers[recording.CodeOf(err)].kind
}

// refuse makes a refusal with the fault code that belongs to the code.
func refuse(code recording.Code, format string, args ...any) error {
	return refuseAs(answers[code].kind, code, format, args...)
}

func refuseAs(k kind, code recording.Code, format string, args ...any) error {
	return &fault{k, &recording.Error{Code: code, Msg: fmt.Sprintf(format, args...)}}
}

// noSuchOperation has the words of Axis, which old clients may look for.
func noSuchOperation(name string) error {
	return refuseAs(kindOperation, recording.Invalid, "No such operation '%s'", shorten(name))
}

func noSuchService(name string) error {
	return refuseAs(kindService, recording.NotFound, "there is no service %q here: use %s", shorten(name), Path)
}

func versionMismatch() error {
	return refuseAs(kindVersion, recording.Invalid, "Version Mismatch")
}

func mustUnderstand(name xml.Name) error {
	return refuseAs(kindUnderstand, recording.Invalid, `Did not understand "MustUnderstand" header(s):{%s}%s`,
		shorten(name.Space), shorten(name.Local))
}
