package soap

import (
	"bytes"
	_ "embed" // for the pages
	"html/template"
	"log/slog"
	"net"
	"net/http"
	"strings"

	"github.com/gorilla/mux"

	"recgate/httpd"
	"recgate/wsdl"
)

//go:embed pages.html
var pagesHTML string

// pages are for browsers; html/template escapes the address, which may come from
// the Host header.
var pages = template.Must(template.New("pages").Parse(pagesHTML))

// The names of the pages in pages.html.
const (
	endpointPage = "endpoint"
	listPage     = "list"
	refusedPage  = "refused"
)

// page is one of the HTML pages.
type page struct {
	status int
	name   string // in pages.html
	text   string // of the refused page
}

// showPage writes a page.
func (h *Handler) showPage(w http.ResponseWriter, r *http.Request, p page) {
	var body bytes.Buffer
	data := struct {
		Service, Address, Services, Text string
		Operations                       []pageOperation
	}{Service, h.address(r, Path), h.address(r, Services), p.text, pageOperations()}
	if err := pages.ExecuteTemplate(&body, p.name, data); err != nil {
		h.o.Log.ErrorContext(r.Context(), "page not written", slog.Any("err", err))
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	httpd.SetHeaders(w, "text/html;charset=utf-8", int64(body.Len()))
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	w.WriteHeader(p.status)
	_, _ = w.Write(body.Bytes()) // the caller may have gone
}

// pageOperation is a method as the page shows it.
type pageOperation struct{ Name, Args, Query string }

func pageOperations() []pageOperation {
	samples := map[string]string{argTarget: "410", argTag: "22", argUser: "fred", argUniqueID: "12347811.214"}
	var all []pageOperation
	for _, op := range operations {
		query := "method=" + op.name
		for _, arg := range op.args {
			query += "&" + arg + "=" + samples[arg]
		}
		all = append(all, pageOperation{op.name, strings.Join(op.args, ", "), query})
	}
	return all
}

// serveWSDL answers ?wsdl, and ?wsdl=rpc, which is for old stubs.
func (h *Handler) serveWSDL(w http.ResponseWriter, r *http.Request, kind string) {
	text := wsdl.Literal(h.address(r, Path))
	if strings.EqualFold(kind, "rpc") {
		text = wsdl.RPC(h.address(r, Path))
	}
	httpd.SetHeaders(w, typeSOAP11, int64(len(text)))
	_ = writeText(w, text)
}

// address returns the URL of a path for callers: below the configured URL, else
// with the name in the Host header, else with the address that was connected to.
func (h *Handler) address(r *http.Request, path string) string {
	if h.o.PublicURL != "" {
		return strings.TrimRight(h.o.PublicURL, "/") + path
	}
	host := r.Host
	if host == "" {
		host = "localhost"
		if local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok {
			host = local.String()
		}
	}
	if r.TLS != nil {
		return "https://" + host + path
	}
	return "http://" + host + path
}

// serveList answers the list of services. A call that was sent here by mistake is
// refused: it must not get a page.
func (h *Handler) serveList(w http.ResponseWriter, r *http.Request) {
	args, _ := httpd.ParseQuery(r.URL.RawQuery)
	_, isCall := args.First(argMethod)
	switch {
	case r.Method == http.MethodPost || isCall && r.Method == http.MethodGet:
		h.refuseService(w, r, "")
	case isCall && r.Method == http.MethodHead:
		notAllowed(w, "GET, POST")
	case r.Method == http.MethodGet, r.Method == http.MethodHead:
		h.showPage(w, r, page{http.StatusOK, listPage, ""})
	default:
		notAllowed(w, "GET, HEAD, POST")
	}
}

// serveUnknown answers every other name below the list: calls with a fault,
// everything else with 404.
func (h *Handler) serveUnknown(w http.ResponseWriter, r *http.Request) {
	args, _ := httpd.ParseQuery(r.URL.RawQuery)
	_, isCall := args.First(argMethod)
	switch r.Method {
	case http.MethodPost:
		h.refuseService(w, r, mux.Vars(r)["service"])
	case http.MethodGet, http.MethodHead:
		if isCall && r.Method == http.MethodGet {
			h.refuseService(w, r, mux.Vars(r)["service"])
			return
		}
		h.showPage(w, r, page{http.StatusNotFound, refusedPage, "There is no service at this address."})
	default:
		notAllowed(w, "GET, HEAD, POST")
	}
}

// refuseService answers a call to a service that is not there.
func (h *Handler) refuseService(w http.ResponseWriter, r *http.Request, name string) {
	x := h.newExchange(w, r, call{})
	x.soap = r.Method == http.MethodPost
	x.call.shape.line = !x.soap
	x.call.shape.soap12 = x.soap && mediaType(r.Header.Get("Content-Type")) == mediaSOAP12
	x.fail(noSuchService(name))
}
