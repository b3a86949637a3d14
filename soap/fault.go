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

// kinds is the one mapping from what went wrong to the fault.
var kinds = [recording.NumCodes]kind{
	recording.Internal:    kindServer,
	recording.Invalid:     kindClient,
	recording.Forbidden:   kindServer,
	recording.NotFound:    kindServer,
	recording.Conflict:    kindServer,
	recording.NotReady:    kindServer,
	recording.Unavailable: kindServer,
}

// kindOf returns the fault code of any error.
func kindOf(err error) kind {
	var f *fault
	if errors.As(err, &f) {
		return f.kind
	}
	return kinds[recording.CodeOf(err)]
}

// refuse makes a refusal with the fault code that belongs to the code.
func refuse(code recording.Code, format string, args ...any) error {
	return refuseAs(kinds[code], code, format, args...)
}

func refuseAs(k kind, code recording.Code, format string, args ...any) error {
	return &fault{k, &recording.Error{Code: code, Msg: fmt.Sprintf(format, args...)}}
}

// noSuchOperation has the words of Axis, which old clients may look for.
func noSuchOperation(name string) error {
	return refuseAs(kindOperation, recording.Invalid, "No such operation '%s'", recording.Shorten(name))
}

func noSuchService(name string) error {
	return refuseAs(kindService, recording.NotFound, "there is no service %q here: use %s", recording.Shorten(name), Path)
}

func versionMismatch() error {
	return refuseAs(kindVersion, recording.Invalid, "Version Mismatch")
}

func mustUnderstand(name xml.Name) error {
	return refuseAs(kindUnderstand, recording.Invalid, `Did not understand "MustUnderstand" header(s):{%s}%s`,
		recording.Shorten(name.Space), recording.Shorten(name.Local))
}
