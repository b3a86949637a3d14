// Package soap is the legacy endpoint: the four methods of the old Noojee
// recording API (start, stop, retrieve, retrieveByUniqueId), by GET, by form
// POST and by SOAP 1.1 and 1.2, answered in the shape of Apache Axis 1.4. All
// quirks of that interface live here and nowhere else; docs/noojee.md tells
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
	// Refused notes a retrieval that never came so far as Retrieve, or that
	// failed after it, by the name of its method.
	Refused(ctx context.Context, r recording.RetrieveRequest, method string, cause error)
}

// NoMethod is counted for calls of what is not a method.
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
	// Count is told the outcome of every call, for metrics: the method, or
	// NoMethod, one of httpd.Outcomes, and how long it took from when the request
	// was read to the last byte of audio. It may be nil.
	Count func(method, outcome string, took time.Duration)
	// Sent is told the bytes of audio that left, before encoding. It may be nil.
	Sent func(bytes int64)
}

// Handler answers the legacy endpoint and the list of services.
type Handler struct {
	o        Options
	rooms    *httpd.Buffers
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
	return &Handler{o: o, rooms: httpd.NewBuffers(), refusals: newRefusals()}
}

// Register adds the endpoint to a router, and switches the router's cleaning
// of paths off: it would answer a start with a redirect, which old clients
// take for success.
func (h *Handler) Register(router *mux.Router) {
	router.SkipClean(true)
	for _, slash := range []string{"", "/"} {
		router.HandleFunc(Services+slash, h.list)
		router.HandleFunc(Path+slash, h.ServeHTTP)
		router.HandleFunc(Services+"/{service}"+slash, h.unknownService)
	}
}

// ServeHTTP answers the endpoint, whatever its path is.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		h.get(w, r)
	case http.MethodPost:
		x, err := h.post(w, r, httpd.MaxRequest)
		x.run(err)
	default:
		notAllowed(w, "GET, HEAD, POST")
	}
}

// get answers a page, a WSDL or a call. A method anywhere in the query means
// a call, even next to wsdl: an answer of 200 to a call that was not made
// would be the worst of all.
func (h *Handler) get(w http.ResponseWriter, r *http.Request) {
	args, err := httpd.ParseQuery(r.URL.RawQuery)
	_, isCall := args.First(argMethod)
	wsdlKind, isWSDL := args.First("wsdl")
	_, isList := args.First("list")
	switch {
	case isCall && r.Method == http.MethodHead:
		notAllowed(w, "GET, POST") // HEAD promises to change nothing
	case isCall:
		x, err := h.simple(w, r, args, err)
		x.run(err)
	case isWSDL:
		h.wsdl(w, r, wsdlKind)
	case isList:
		h.show(w, r, page{http.StatusForbidden, refusedPage, "?list is switched off here."})
	case r.URL.RawQuery == "":
		h.show(w, r, page{http.StatusOK, endpointPage, ""})
	case r.Method == http.MethodHead:
		w.WriteHeader(http.StatusBadRequest)
	default:
		x, err := h.simple(w, r, args, err)
		x.run(err)
	}
}

func notAllowed(w http.ResponseWriter, allow string) {
	w.Header().Set("Allow", allow)
	w.WriteHeader(http.StatusMethodNotAllowed)
}
