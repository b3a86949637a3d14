// Package soap is the legacy endpoint: the four methods of the old Noojee
// recording API (start, stop, retrieve, retrieveByUniqueId), by GET, by form
// POST and by SOAP 1.1 and 1.2, answered in the shape of Apache Axis 1.4. All
// quirks of that interface live here and nowhere else; docs/noojee.md describes
// them, and what differs from the captures in testdata/axis.
//
// A request becomes a call (operation.go for arguments, envelope.go and
// decode.go for SOAP), the call goes to the Recorder (exchange.go), and the
// answer is written by answer.go, encode.go and fault.go. Who may call is not
// decided here: access control stands in front of the handler, and the Recorder
// decides what an actor may use.
package soap

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/gorilla/mux"
	"golang.org/x/time/rate"

	"recgate/httpd"
	"recgate/recording"
)

const (
	// Services is the path of the list of services.
	Services = "/servicemanager/services"
	// Service is the name of the one service there is.
	Service = "njadmin-api-recording"
	// Path is the path of the endpoint.
	Path = Services + "/" + Service
)

// Recorder is what the endpoint asks of the core. All texts are as the caller
// sent them, decoded but not checked; a refusal is a *recording.Error with a
// message for the caller, Forbidden when the actor may not use the method. It
// may be called from many goroutines.
type Recorder interface {
	Start(ctx context.Context, r recording.StartRequest) (recording.Recording, error)
	// Stop answers NotFound when there is nothing to stop.
	Stop(ctx context.Context, r recording.StopRequest) (recording.Recording, error)
	// Retrieve finds by tag. The caller closes the audio.
	Retrieve(ctx context.Context, r recording.RetrieveRequest) (*recording.Audio, error)
	RetrieveByUniqueID(ctx context.Context, r recording.RetrieveRequest) (*recording.Audio, error)
	// Refused notes a retrieval that failed before Retrieve was called, or after it
	// had succeeded, by the name of its method.
	Refused(ctx context.Context, r recording.RetrieveRequest, method string, cause error)
}

// NoMethod is counted for calls without a known method.
const NoMethod = "unknown"

// The values of the settings that are not the default.
const (
	GetEnvelope   = "envelope" // GetBody; default "base64"
	Status500     = "500"      // ErrorStatus; default "cause"
	ErrorsReturn  = "return"   // SoapErrors; default "fault"
	ReturnNothing = "none"     // StartReturn; default "200"
	StopSuccess   = "success"  // StopNothing; default "error"
)

// Legacy holds the settings of the same names under "legacy" in the
// configuration. An empty one is the default.
type Legacy struct {
	GetBody     string // what GET retrieve answers: base64 | envelope
	ErrorStatus string // of refused GETs: cause | 500
	SoapErrors  string // of start and stop over SOAP: fault | return
	StartReturn string // what start and stop return: "200" | none
	StopNothing string // a stop with nothing to stop: error | success
}

// Options are what a Handler is made of. Recorder is required.
type Options struct {
	Recorder Recorder
	Legacy   Legacy
	// PublicURL begins the address in the WSDL and on the pages, e.g.
	// https://pbx.example; empty: it is taken from the Host header.
	PublicURL string
	Log       *slog.Logger // nil: no log
	// Count is called for every call, for metrics: with the method or NoMethod, one
	// of httpd.Outcomes, and the time from when the request was read to the last byte
	// of audio. It may be nil.
	Count func(method, outcome string, took time.Duration)
	// Sent is called with the bytes of audio that were sent, before encoding. It may
	// be nil.
	Sent func(bytes int64)
}

// Handler answers the legacy endpoint and the list of services.
type Handler struct {
	o        Options
	buffers  *httpd.Buffers
	refusals *rate.Limiter // of lines in the access log, see Refuse
}

// New makes a handler.
func New(o Options) *Handler {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Count == nil {
		o.Count = func(string, string, time.Duration) {}
	}
	if o.Sent == nil {
		o.Sent = func(int64) {}
	}
	return &Handler{o: o, buffers: httpd.NewBuffers(), refusals: newRefusals()}
}

// Register adds the endpoint to a router. It switches off the router's cleaning of
// paths, which would answer a start with a redirect, and old clients take that for
// success.
func (h *Handler) Register(router *mux.Router) {
	router.SkipClean(true)
	for _, slash := range []string{"", "/"} {
		router.HandleFunc(Services+slash, h.serveList)
		router.HandleFunc(Path+slash, h.ServeHTTP)
		router.HandleFunc(Services+"/{service}"+slash, h.serveUnknown)
	}
}

// ServeHTTP answers calls to the endpoint, whatever the path is.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		h.serveGet(w, r)
	case http.MethodPost:
		x, err := h.readPost(w, r, httpd.MaxRequest)
		x.run(err)
	default:
		notAllowed(w, "GET, HEAD, POST")
	}
}

// serveGet answers a page, a WSDL or a call. A method anywhere in the query means a
// call, even next to wsdl: answering 200 to a call that was not made would be worse
// than anything.
func (h *Handler) serveGet(w http.ResponseWriter, r *http.Request) {
	args, err := httpd.ParseQuery(r.URL.RawQuery)
	_, isCall := args.First(argMethod)
	wsdlKind, isWSDL := args.First("wsdl")
	_, isList := args.First("list")
	switch {
	case isCall && r.Method == http.MethodHead:
		notAllowed(w, "GET, POST") // HEAD promises to change nothing
	case isCall:
		x, err := h.exchangeFromArguments(w, r, args, err)
		x.run(err)
	case isWSDL:
		h.serveWSDL(w, r, wsdlKind)
	case isList:
		h.showPage(w, r, page{http.StatusForbidden, refusedPage, "?list is switched off here."})
	case r.URL.RawQuery == "":
		h.showPage(w, r, page{http.StatusOK, endpointPage, ""})
	case r.Method == http.MethodHead:
		w.WriteHeader(http.StatusBadRequest)
	default:
		x, err := h.exchangeFromArguments(w, r, args, err)
		x.run(err)
	}
}

func notAllowed(w http.ResponseWriter, allow string) {
	w.Header().Set("Allow", allow)
	w.WriteHeader(http.StatusMethodNotAllowed)
}
