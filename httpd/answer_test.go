package httpd_test

import (
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"testing"

	"recgate/httpd"
	"recgate/recording"
)

// TestEveryCode: each code has a status, an outcome of its own and a level, and
// so has an error of no code.
func TestEveryCode(t *testing.T) {
	seen := map[string]bool{}
	for code := range recording.NumCodes {
		err := recording.Errorf(code, "no")
		outcome := httpd.Outcome(err)
		if status := httpd.Status(err); status < 400 || outcome == "" || seen[outcome] || !slices.Contains(httpd.Outcomes(), outcome) {
			t.Errorf("code %d: status %d, outcome %q", code, status, outcome)
		}
		seen[outcome] = true
		want := slog.LevelInfo
		switch code {
		case recording.Internal:
			want = slog.LevelError
		case recording.Unavailable:
			want = slog.LevelWarn
		}
		if level := httpd.Level(err); level != want {
			t.Errorf("code %d is logged at %v, want %v", code, level, want)
		}
	}
	if err := errors.New("plain"); httpd.Status(err) != http.StatusInternalServerError || httpd.Outcome(err) != "internal" {
		t.Errorf("a plain error: %d %q", httpd.Status(err), httpd.Outcome(err))
	}
	if httpd.Outcome(nil) != "ok" || !slices.Contains(httpd.Outcomes(), "ok") || !slices.Contains(httpd.Outcomes(), "cut_off") {
		t.Errorf("outcomes are %q", httpd.Outcomes())
	}
}

// TestRefusal: what access control refuses keeps its message, and is an error
// of the caller unless it is too much for all.
func TestRefusal(t *testing.T) {
	for status, code := range map[int]recording.Code{
		401: recording.Forbidden, 403: recording.Forbidden, 429: recording.Conflict, 503: recording.Unavailable, 413: recording.Invalid,
	} {
		err := httpd.Refusal(status, "100% no")
		if recording.CodeOf(err) != code || recording.Message(err) != "100% no" {
			t.Errorf("%d: %v with code %d, want %d", status, err, recording.CodeOf(err), code)
		}
	}
}
