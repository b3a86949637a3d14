// Package soapclients drives a recgate with SOAP clients that nobody here
// wrote: PHP's SoapClient, Python's zeep, Node's soap, the Go client that gowsdl
// generates, and curl with the addresses that the documentation prints. Its
// tests are behind the build tag full; "make test" installs what they need and
// runs them.
//
// Each client but the Go ones is a small program that is given the address of
// the WSDL, reads one call as JSON per line and answers with one line:
//
//	{"method": "start", "args": {"extenOrUniqueId": "410", "tag": "22"}}
//	{"value": "200"}          or {"fault": "what the server said"}
//
// so that one scene, written in Go, is played by all of them.
package soapclients
