package proof

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"recgate/recording"
)

// Endpoint is where the legacy endpoint answers.
type Endpoint struct {
	URL    string       // whole, without a query
	Key    string       // shown as Bearer token; empty: none
	Client *http.Client // nil: http.DefaultClient
}

// maxAnswer is more than any test call's sound in base64.
const maxAnswer = 16 << 20

// ErrKey is the cause of a refusal for want of a key, or of the right one.
var ErrKey = errors.New("the endpoint answers 401")

// errUnknown is the cause of a 404, or of a 500, which an endpoint with the setting
// error_status: 500 answers instead.
var errUnknown = errors.New("not known")

// ask calls a method by GET and returns the answer's text. A refusal is a
// *recording.Error with the text of the endpoint; it wraps ErrKey for a 401, and
// errUnknown where the endpoint may not know the channel yet.
func (e Endpoint) ask(ctx context.Context, method string, args url.Values) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, stepLimit)
	defer cancel()
	query := url.Values{"method": {method}, "format": {"text"}}
	for name, values := range args {
		query[name] = values
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, e.URL+"?"+query.Encode(), http.NoBody)
	if err != nil {
		return "", fmt.Errorf("ask the endpoint: %w", err)
	}
	if e.Key != "" {
		r.Header.Set("Authorization", "Bearer "+e.Key)
	}
	client := e.Client
	if client == nil {
		client = http.DefaultClient
	}
	answer, err := client.Do(r)
	if err != nil {
		return "", &recording.Error{Code: recording.Unavailable, Msg: "recgate's own endpoint does not answer: is it overloaded, or is another program at its address?", Err: err}
	}
	defer answer.Body.Close() //nolint:errcheck // read to the end, or given up
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return "", &recording.Error{Code: recording.Unavailable, Msg: "recgate's own endpoint stopped in the middle of its answer: see its log", Err: err}
	}
	if answer.StatusCode == http.StatusOK {
		return string(text), nil
	}
	refusal := &recording.Error{Code: recording.Unavailable, Msg: refusalText(answer.StatusCode, text)}
	if answer.StatusCode == http.StatusNotFound || answer.StatusCode == http.StatusInternalServerError {
		refusal.Err = errUnknown
	}
	if answer.StatusCode == http.StatusUnauthorized {
		refusal.Err = ErrKey
	}
	return "", refusal
}

// refusalText returns a refusal as one line, for people.
func refusalText(status int, text []byte) string {
	const longest = 500
	line := strings.ToValidUTF8(strings.Join(strings.Fields(string(text)), " "), "?")
	if len(line) > longest {
		line = strings.ToValidUTF8(line[:longest], "") + "..."
	}
	if line == "" {
		return fmt.Sprintf("recgate's own endpoint answers %d", status)
	}
	return line
}

// askUntilKnown asks, and asks again for two seconds while the endpoint does not know
// the channel: its process may hear of the channel a little later than this one.
func (e Endpoint) askUntilKnown(ctx context.Context, method string, args url.Values) error {
	for limit := time.Now().Add(2 * time.Second); ; {
		_, err := e.ask(ctx, method, args)
		if !errors.Is(err, errUnknown) || time.Now().After(limit) {
			return err
		}
		if wait(ctx, again) != nil {
			return err
		}
	}
}

// fetchSound retrieves a recording.
func (e Endpoint) fetchSound(ctx context.Context, args url.Values) ([]byte, error) {
	text, err := e.ask(ctx, "retrieve", args)
	if err != nil {
		return nil, err
	}
	wav, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, &recording.Error{Code: recording.Unavailable, Msg: "recgate's own endpoint returned something other than a recording: is another program at its address?", Err: err}
	}
	return wav, nil
}
