package chaos

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// crm is the program in the callers' office that presses the buttons.
type crm struct {
	base   string
	client *http.Client
	notes  *journal
}

// newCRM makes a client that opens a connection for each request, so that no
// request is sent twice behind its back.
func newCRM(base string, notes *journal) *crm {
	return &crm{base, &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}, notes}
}

const endpoint = "/servicemanager/services/njadmin-api-recording"

// press asks recgate and notes what came of it. Who is not patient enough is
// not answered.
func (c *crm) press(ctx context.Context, patience time.Duration, a Ask) (Ask, string) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	a.Sent = time.Now()
	status, body, err := c.send(ctx, a)
	a.Done, a.Status = time.Now(), status
	var op *net.OpError
	switch {
	case err != nil:
		a.Status, a.Said = 0, err.Error()
		a.Refused = errors.As(err, &op) && op.Op == "dial"
	case status != http.StatusOK:
		a.Said = faultIn(body)
	}
	c.notes.addAsk(a)
	return a, body
}

// args are the arguments of a method, in pairs.
func (a Ask) args() [][2]string {
	switch a.Method {
	case "start":
		return [][2]string{{"extenOrUniqueId", a.Key}, {"tag", a.Tag}}
	case "stop":
		return [][2]string{{"extenOrUniqueId", a.Key}}
	case "retrieve":
		return [][2]string{{"tag", a.Key}, {"username", "fred"}}
	}
	return [][2]string{{"uniqueId", a.Key}, {"username", "fred"}}
}

func (c *crm) send(ctx context.Context, a Ask) (int, string, error) {
	if !a.SOAP {
		q := url.Values{"method": {a.Method}}
		for _, arg := range a.args() {
			q.Set(arg[0], arg[1])
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+endpoint+"?"+q.Encode(), nil)
		if err != nil {
			return 0, "", err
		}
		return c.do(r)
	}
	var b strings.Builder
	for _, arg := range a.args() {
		fmt.Fprintf(&b, "<%[1]s>", arg[0])
		if err := xml.EscapeText(&b, []byte(arg[1])); err != nil {
			return 0, "", err
		}
		fmt.Fprintf(&b, "</%[1]s>", arg[0])
	}
	body := fmt.Sprintf(`<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><r:%[1]s xmlns:r="urn:r">%[2]s</r:%[1]s></e:Body></e:Envelope>`, a.Method, b.String())
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+endpoint, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	r.Header.Set("Content-Type", "text/xml; charset=utf-8")
	return c.do(r)
}

func (c *crm) do(r *http.Request) (int, string, error) {
	answer, err := c.client.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(body), err
}

// faultIn returns the text of a fault.
func faultIn(body string) string {
	_, rest, found := strings.Cut(body, "<faultstring>")
	if !found {
		return body
	}
	text, _, _ := strings.Cut(rest, "</faultstring>")
	return text
}

// longestFetch is how long a page may take.
const longestFetch = 30 * time.Second

// fetch asks for a page of recgate.
func fetch(ctx context.Context, address string) (int, string, error) {
	ctx, cancel := context.WithTimeout(ctx, longestFetch)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, "", err
	}
	r.Close = true
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(body), err
}
