package soap_test

import (
	"encoding/base64"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	gowsdl "github.com/hooklift/gowsdl/soap"

	"recgate/soap"
	"recgate/wsdl/client"
)

// TestGeneratedClient calls the server through what gowsdl makes of our WSDL.
func TestGeneratedClient(t *testing.T) {
	e := newEndpoint(t, soap.Legacy{})
	server := httptest.NewServer(e)
	defer server.Close()
	c := client.NewRecording(gowsdl.NewClient(server.URL + soap.Path))

	const tag = `O'Brien, 22 <é> & "x"`
	start, err := c.Start(&client.Start{ExtenOrUniqueId: "410", Tag: tag})
	if err != nil || start.StartReturn != "200" {
		t.Errorf("start: %+v, %v", start, err)
	}
	stop, err := c.Stop(&client.Stop{ExtenOrUniqueId: "12347811.214"})
	if err != nil || stop.StopReturn != "200" {
		t.Errorf("stop: %+v, %v", stop, err)
	}
	want := base64.StdEncoding.EncodeToString(e.rec.wav)
	byTag, err := c.Retrieve(&client.Retrieve{Tag: tag, Username: "fred"})
	if err != nil || byTag.RetrieveReturn != want {
		t.Errorf("retrieve: %.100v, %v", byTag, err)
	}
	byID, err := c.RetrieveByUniqueId(&client.RetrieveByUniqueId{UniqueId: "123482532.123", Username: "fred"})
	if err != nil || byID.RetrieveByUniqueIdReturn != want {
		t.Errorf("retrieveByUniqueId: %.100v, %v", byID, err)
	}
	e.wantCalls(t, "start [410] ["+tag+"]", "stop [12347811.214]", "retrieve ["+tag+"] [fred]", "retrieveByUniqueId [123482532.123] [fred]")

	// This version of the client hands a fault over as the undecoded body of
	// a status 500.
	_, err = c.Start(&client.Start{ExtenOrUniqueId: "999"})
	var refused *gowsdl.HTTPError
	if !errors.As(err, &refused) || refused.StatusCode != 500 || !strings.Contains(string(refused.ResponseBody), "No channel found for 999") {
		t.Errorf("start of a channel that is not there: %v", err)
	}
}
