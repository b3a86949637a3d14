// Package wsdl holds the two WSDLs that recgate publishes for the legacy
// endpoint, embedded as files: njadmin.wsdl (document/literal wrapped, what
// ?wsdl gives and what every client that was tried can use) and
// njadmin-rpc.wsdl (rpc/encoded, what ?wsdl=rpc gives, for stubs that were
// generated from the old server). The folder client is what gowsdl makes of
// the first; after a change of it run go generate in this folder.
package wsdl

import (
	_ "embed" // for the two files
	"encoding/xml"
	"strings"
)

//go:generate go tool gowsdl -p client -o njadmin.go njadmin.wsdl

// Namespace is the target namespace of both WSDLs.
const Namespace = "urn:njadmin-api-recording"

// placeholder is the address in the files, valid by itself so that the files
// can be used as they are.
const placeholder = "http://localhost/servicemanager/services/njadmin-api-recording"

//go:embed njadmin.wsdl
var literal string

//go:embed njadmin-rpc.wsdl
var rpc string

// Literal returns the document/literal WSDL with the endpoint's address,
// which may be any text: it is escaped.
func Literal(address string) string { return withAddress(literal, address) }

// RPC returns the rpc/encoded WSDL with the endpoint's address, escaped.
func RPC(address string) string { return withAddress(rpc, address) }

// withAddress puts the endpoint's address into a WSDL.
func withAddress(document, address string) string {
	var escaped strings.Builder
	// A strings.Builder never fails.
	_ = xml.EscapeText(&escaped, []byte(address))
	return strings.Replace(document, placeholder, escaped.String(), 1)
}
