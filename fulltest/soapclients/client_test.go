//go:build full

package soapclients_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/hooklift/gowsdl/soap"

	"recgate/lab"
	wsdlclient "recgate/wsdl/client"

	"recgate/internal/child"
)

// maxCall is how long one call of a client may take.
const maxCall = 30 * time.Second

// call is what a client is asked to do.
type call struct {
	Method string            `json:"method"`
	Args   map[string]string `json:"args"`
}

// answer is what came of it: a value, or the text that a fault was reported with.
type answer struct {
	Value string `json:"value"`
	Fault string `json:"fault"`
}

// client plays one call.
type client func(t *testing.T, c call) answer

// newProgramClient starts a client that speaks lines of JSON, and ends it with the test.
func newProgramClient(t *testing.T, name string, args ...string) client {
	t.Helper()
	cmd := exec.Command(name, args...)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = t.Output()
	running, err := child.Start(cmd)
	if err != nil {
		t.Fatalf("client %s (fulltest/install brings it): %v", name, err)
	}
	t.Cleanup(func() {
		if err := errors.Join(stdin.Close(), running.Wait(maxCall)); err != nil {
			t.Errorf("client %s: %v", name, err)
		}
	})
	lines := bufio.NewReader(stdout)
	return func(t *testing.T, c call) answer {
		t.Helper()
		stuck := time.AfterFunc(maxCall, running.Kill)
		defer stuck.Stop()
		if err := json.NewEncoder(stdin).Encode(c); err != nil {
			t.Fatalf("%s to client %s: %v", c.Method, name, err)
		}
		line, err := lines.ReadBytes('\n')
		if err != nil {
			t.Fatalf("answer of client %s to %s: %v", name, c.Method, err)
		}
		var a answer
		if err := json.Unmarshal(line, &a); err != nil {
			t.Fatalf("client %s answered %.200q: %v", name, line, err)
		}
		return a
	}
}

// phpClient is PHP's own SoapClient.
func phpClient(t *testing.T, address string) client {
	return newProgramClient(t, "php", "php.php", address+"?wsdl")
}

// zeepClient is Debian's python3-zeep, so it must be Debian's Python.
func zeepClient(t *testing.T, address string) client {
	return newProgramClient(t, "/usr/bin/python3", "zeep_client.py", address+"?wsdl")
}

// nodeClient is the npm package soap, which fulltest/install puts into the cache.
func nodeClient(t *testing.T, address string) client {
	return newProgramClient(t, "node", "node/client.js", address+"?wsdl", filepath.Join(lab.Cache(t), "node"))
}

// goClient is what gowsdl generates from the WSDL. It does not decode a fault
// that comes with status 500, as every fault of SOAP 1.1 does, and hands over
// the body instead: what counts is that the message is in it.
func goClient(_ *testing.T, address string) client {
	rec := wsdlclient.NewRecording(soap.NewClient(address, soap.WithTimeout(maxCall)))
	return func(t *testing.T, c call) answer {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), maxCall)
		defer cancel()
		value, err := callGo(ctx, rec, c)
		var refused *soap.HTTPError
		switch {
		case errors.As(err, &refused) && refused.StatusCode == 500:
			return answer{Fault: faultString(t, refused.ResponseBody)}
		case err != nil:
			t.Fatalf("%s: %v", c.Method, err)
		}
		return answer{Value: value}
	}
}

func callGo(ctx context.Context, rec wsdlclient.Recording, c call) (string, error) {
	switch c.Method {
	case "start":
		r, err := rec.StartContext(ctx, &wsdlclient.Start{ExtenOrUniqueId: c.Args["extenOrUniqueId"], Tag: c.Args["tag"]})
		if err != nil {
			return "", err
		}
		return r.StartReturn, nil
	case "stop":
		r, err := rec.StopContext(ctx, &wsdlclient.Stop{ExtenOrUniqueId: c.Args["extenOrUniqueId"]})
		if err != nil {
			return "", err
		}
		return r.StopReturn, nil
	case "retrieve":
		r, err := rec.RetrieveContext(ctx, &wsdlclient.Retrieve{Tag: c.Args["tag"], Username: c.Args["username"]})
		if err != nil {
			return "", err
		}
		return r.RetrieveReturn, nil
	case "retrieveByUniqueId":
		r, err := rec.RetrieveByUniqueIdContext(ctx,
			&wsdlclient.RetrieveByUniqueId{UniqueId: c.Args["uniqueId"], Username: c.Args["username"]})
		if err != nil {
			return "", err
		}
		return r.RetrieveByUniqueIdReturn, nil
	}
	return "", fmt.Errorf("no method %q", c.Method)
}

// readAll reads what a test needs whole.
func readAll(t *testing.T, r io.Reader) []byte {
	t.Helper()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
