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

// withID gives each request an id of our own: one from outside could be used
// to confuse the log.
func withID(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var b [8]byte
		_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program first
		id := hex.EncodeToString(b[:])
		w.Header().Set("X-Request-Id", id)
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), visitKey{}, &visit{id: id})))
	})
}

// LogHandler adds the request id, as "request", to every line that is logged
// with the context of a request. A handler that does so already is returned.
func LogHandler(next slog.Handler) slog.Handler {
	if _, does := next.(idHandler); does {
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

// logged writes one line per request, also when the handler panics: remote
// is the caller, via the proxy that told of it, key the name of an API key.
// Queries are left out: they hold tags and keys.
func logged(log *slog.Logger, next http.Handler) http.Handler {
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
				slog.String("path", cut(r.URL.Path, maxLoggedPath)),
				slog.Int("status", status),
				slog.Int64("bytes", a.bytes),
				slog.Float64("took_ms", float64(time.Since(begun).Microseconds())/1000),
				slog.String("remote", Remote(r)),
				slog.Bool("whole", whole),
			}
			v := visitOf(r.Context())
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

// levelOf keeps what monitoring asks every few seconds out of the log.
func levelOf(path string) slog.Level {
	switch path {
	case "/healthz", "/readyz", "/metrics":
		return slog.LevelDebug
	}
	return slog.LevelInfo
}

// recovered answers 500 when a handler panics. When part of an answer is out
// already, the connection is cut, so that half a recording never passes for a
// whole one; http.ErrAbortHandler is a handler's own wish for that.
func recovered(log *slog.Logger, next http.Handler) http.Handler {
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
			end := w.Header().Get("Connection") // of the connection, see framed and bodyLeft
			clear(w.Header())
			if end != "" {
				w.Header().Set("Connection", end)
			}
			w.Header().Set("X-Request-Id", RequestID(r.Context()))
			PlainRefusal(w, r, http.StatusInternalServerError, "internal error: request "+RequestID(r.Context())+" in the log says more")
		}()
		next.ServeHTTP(w, r)
	})
}

// secured sets the headers that keep a browser from making more of an answer
// than it is. Styles are inline in the small pages; they use nothing else.
func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
		next.ServeHTTP(w, r)
	})
}

// bodyLeft keeps the body of a GET or HEAD, which means nothing, from being
// read: the door finds none, and the connection is closed after the answer,
// since net/http would wait for a part of the body before the answer otherwise.
func bodyLeft(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if (r.Method == http.MethodGet || r.Method == http.MethodHead) && r.ContentLength != 0 {
			w.Header().Set("Connection", "close")
			r = r.WithContext(r.Context()) // a copy: net/http closes the body of the original
			r.Body, r.ContentLength = http.NoBody, 0
		}
		next.ServeHTTP(w, r)
	})
}
