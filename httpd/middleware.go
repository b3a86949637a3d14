package httpd

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"
)

// maxLoggedPath keeps the log readable when a path is enormous.
const maxLoggedPath = 256

// assignID gives each request an id. An id from outside is not used: it could
// confuse the log.
func assignID(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var b [8]byte
		_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program first
		id := hex.EncodeToString(b[:])
		w.Header().Set("X-Request-Id", id)
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), requestInfoKey{}, &requestInfo{id: id})))
	})
}

// LogHandler adds the request id, as "request", to every line that is logged with
// the context of a request. A handler that already does so is returned as it is.
func LogHandler(next slog.Handler) slog.Handler {
	if _, isIDHandler := next.(idHandler); isIDHandler {
		return next
	}
	return idHandler{next}
}

type idHandler struct{ slog.Handler }

func (h idHandler) Handle(ctx context.Context, r slog.Record) error {
	if id := RequestID(ctx); id != "" {
		r = r.Clone()
		r.AddAttrs(slog.String("request", id))
	}
	return h.Handler.Handle(ctx, r)
}

func (h idHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return idHandler{h.Handler.WithAttrs(attrs)}
}

func (h idHandler) WithGroup(name string) slog.Handler { return idHandler{h.Handler.WithGroup(name)} }

// answer counts what is sent. Handlers reach the connection's deadlines
// through Unwrap, by http.ResponseController.
type answer struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

func (a *answer) WriteHeader(status int) {
	if a.status == 0 && status >= http.StatusOK { // 1xx are not the answer yet
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(b []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	n, err := a.ResponseWriter.Write(b)
	a.bytes += int64(n)
	return n, err
}

// logRequests writes one line per request, also when the handler panics: remote
// is the caller, via is the proxy that named it, key is the name of an API key.
// Queries are left out: they contain tags and keys.
func logRequests(log *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun, a := time.Now(), &answer{ResponseWriter: w}
		whole := false
		defer func() {
			status := a.status
			if status == 0 && whole {
				status = http.StatusOK // net/http sends it by itself
			}
			attrs := []slog.Attr{
				slog.String("method", r.Method),
				slog.String("path", truncate(r.URL.Path, maxLoggedPath)),
				slog.Int("status", status),
				slog.Int64("bytes", a.bytes),
				slog.Float64("took_ms", float64(time.Since(begun).Microseconds())/1000),
				slog.String("remote", Remote(r)),
				slog.Bool("whole", whole),
			}
			v := infoOf(r.Context())
			for _, more := range [][2]string{{"via", v.via}, {"key", v.key}} {
				if more[1] != "" {
					attrs = append(attrs, slog.String(more[0], more[1]))
				}
			}
			log.LogAttrs(r.Context(), levelOf(r.URL.Path), "request", attrs...)
		}()
		next.ServeHTTP(a, r)
		whole = true
	})
}

// levelOf keeps the paths that monitoring asks every few seconds out of the log.
func levelOf(path string) slog.Level {
	switch path {
	case "/healthz", "/readyz", "/metrics":
		return slog.LevelDebug
	}
	return slog.LevelInfo
}

// recoverPanics answers 500 when a handler panics. If part of the answer was sent
// already, the connection is cut, so that half a recording never looks complete.
// A handler asks for that itself with http.ErrAbortHandler.
func recoverPanics(log *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(http.ErrAbortHandler)
			}
			log.ErrorContext(r.Context(), "handler panicked", slog.Any("panic", p), slog.String("stack", string(debug.Stack())))
			if a, ok := w.(*answer); !ok || a.status != 0 {
				panic(http.ErrAbortHandler)
			}
			connection := w.Header().Get("Connection") // set by closeIfAmbiguous and dropBody
			clear(w.Header())
			if connection != "" {
				w.Header().Set("Connection", connection)
			}
			w.Header().Set("X-Request-Id", RequestID(r.Context()))
			PlainRefusal(w, r, http.StatusInternalServerError, "internal error: request "+RequestID(r.Context())+" in the log says more")
		}()
		next.ServeHTTP(w, r)
	})
}

// setSecurityHeaders keeps browsers from treating an answer as a script, or
// loading anything for it. The small pages use inline styles and nothing else.
func setSecurityHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
		next.ServeHTTP(w, r)
	})
}

// dropBody removes the body of a GET or HEAD, which has no meaning. The
// connection is closed after the answer: otherwise net/http would wait for part of
// the body before the answer.
func dropBody(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if (r.Method == http.MethodGet || r.Method == http.MethodHead) && r.ContentLength != 0 {
			w.Header().Set("Connection", "close")
			r = r.WithContext(r.Context()) // a copy: net/http closes the body of the original
			r.Body, r.ContentLength = http.NoBody, 0
		}
		next.ServeHTTP(w, r)
	})
}

// refuseWrites allows only GET and HEAD.
func refuseWrites(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			PlainRefusal(w, r, http.StatusMethodNotAllowed, "only GET and HEAD are allowed here")
			return
		}
		next.ServeHTTP(w, r)
	})
}
