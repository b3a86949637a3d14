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

// kind is a fault code in both versions of SOAP.
type kind struct {
	soap11 string // value of faultcode
	axis   bool   // it is in Axis' namespace, with the prefix ns1
	soap12 string // local name in SOAP 1.2, where only five codes exist
}

// The fault codes that Axis 1.4 sends, except for soapenv:Client: for requests that
// its parser cannot read Axis sends soapenv:Server.userException.
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

// refusal returns an error with the fault code that belongs to its code.
func refusal(code recording.Code, format string, args ...any) error {
	return refusalAs(kinds[code], code, format, args...)
}

func refusalAs(k kind, code recording.Code, format string, args ...any) error {
	return &fault{k, &recording.Error{Code: code, Msg: fmt.Sprintf(format, args...)}}
}

// noSuchOperation uses the words of Axis, which old clients may look for.
func noSuchOperation(name string) error {
	return refusalAs(kindOperation, recording.Invalid, "No such operation '%s'", recording.Shorten(name))
}

func noSuchService(name string) error {
	return refusalAs(kindService, recording.NotFound, "there is no service %q here: use %s", recording.Shorten(name), Path)
}

func versionMismatch() error {
	return refusalAs(kindVersion, recording.Invalid, "Version Mismatch")
}

func mustUnderstand(name xml.Name) error {
	return refusalAs(kindUnderstand, recording.Invalid, `Did not understand "MustUnderstand" header(s):{%s}%s`,
		recording.Shorten(name.Space), recording.Shorten(name.Local))
}
