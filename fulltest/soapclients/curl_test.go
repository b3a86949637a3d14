//go:build full

package soapclients_test

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"recgate/internal/child"
)

// documented holds the addresses as the documentation of the old recorder
// prints them, by method and by what the first argument is.
var documented = map[string]string{
	"start extension":    "http://{somehost}/servicemanager/services/njadmin-api-recording?method=start&extenOrUniqueId=410&tag=22",
	"start unique id":    "http://{somehost}/servicemanager/services/njadmin-api-recording?method=start&extenOrUniqueId=12347811.214&tag=22",
	"stop extension":     "http://{somehost}/servicemanager/services/njadmin-api-recording?method=stop&extenOrUniqueId=410",
	"stop unique id":     "http://{somehost}/servicemanager/services/njadmin-api-recording?method=stop&extenOrUniqueId=12347811.214",
	"retrieve":           "http://{somehost}/servicemanager/services/njadmin-api-recording?method=retrieve&tag=21&username=fred",
	"retrieveByUniqueId": "http://{somehost}/servicemanager/services/njadmin-api-recording?method=retrieveByUniqueId&uniqueId=123482532.123&username=fred",
}

// decode is the documentation's recipe for what a retrieval saved as tmp.64.
const decode = "base64 -d tmp.64 > tmp.wav"

// decodeOpenSSL is what docs/noojee.md says for OpenSSL.
const decodeOpenSSL = "openssl base64 -d -A -in tmp.64 -out tmp.wav"

// curlClient calls the documented addresses with another host and other values.
func curlClient(_ *testing.T, address string) client {
	host := strings.TrimPrefix(address, "http://")
	host, _, _ = strings.Cut(host, "/")
	return func(t *testing.T, c call) answer {
		t.Helper()
		status, body := curl(t, documentedURL(t, host, c))
		switch {
		case status != "200":
			return answer{Fault: refusal(t, body)}
		case strings.HasPrefix(c.Method, "retrieve"):
			return answer{Value: base64.StdEncoding.EncodeToString(recipe(t, body))}
		}
		return answer{Value: "200"} // all that the documentation promises is the status
	}
}

// documentedURL takes the printed address and puts in the host and the values.
func documentedURL(t *testing.T, host string, c call) string {
	t.Helper()
	key, id := c.Method, c.Args["extenOrUniqueId"]
	switch {
	case id != "" && strings.Contains(id, "."):
		key += " unique id"
	case id != "":
		key += " extension"
	}
	template, ok := documented[key]
	if !ok {
		t.Fatalf("no documented address for %q", key)
	}
	before, query, _ := strings.Cut(strings.Replace(template, "{somehost}", host, 1), "?")
	parts := strings.Split(query, "&")
	for i, p := range parts {
		name, _, _ := strings.Cut(p, "=")
		if value, ok := c.Args[name]; ok {
			parts[i] = name + "=" + percent(value)
		}
	}
	return before + "?" + strings.Join(parts, "&")
}

// percent writes every byte that is not a letter, a digit or a dot as an escape.
func percent(value string) string {
	var b strings.Builder
	for _, c := range []byte(value) {
		if c == '.' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' {
			b.WriteByte(c)
			continue
		}
		fmt.Fprintf(&b, "%%%02X", c)
	}
	return b.String()
}

// curl fetches an address and returns the status and the body.
func curl(t *testing.T, address string) (status string, body []byte) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "body")
	cmd := exec.Command("curl", "-sS", "--max-time", "30", "-o", file, "-w", "%{http_code}", address)
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, t.Output()
	err := child.Run(2*maxCall, cmd)
	if err != nil {
		t.Fatalf("curl %s: %v", address, err)
	}
	body, err = os.ReadFile(file)
	if err != nil && !os.IsNotExist(err) { // an empty body makes no file
		t.Fatal(err)
	}
	return out.String(), body
}

// recipe saves a body as tmp.64, runs the documented command and returns tmp.wav.
func recipe(t *testing.T, body []byte) []byte {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "tmp.64"), body, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("bash", "-c", decode)
	cmd.Dir = dir
	if out, err := child.Output(maxCall, cmd); err != nil {
		t.Fatalf("%s: %v\n%s", decode, err, out)
	}
	wav, err := os.ReadFile(filepath.Join(dir, "tmp.wav"))
	if err != nil {
		t.Fatal(err)
	}
	withOpenSSL := exec.Command("bash", "-c", decodeOpenSSL)
	withOpenSSL.Dir = dir
	if out, err := child.Output(maxCall, withOpenSSL); err != nil {
		t.Fatalf("%s: %v\n%s", decodeOpenSSL, err, out)
	}
	if again, err := os.ReadFile(filepath.Join(dir, "tmp.wav")); err != nil || !bytes.Equal(wav, again) {
		t.Errorf("%s wrote %d bytes, and %s %d: %v", decodeOpenSSL, len(again), decode, len(wav), err)
	}
	return wav
}

// refusal returns the message of a refused GET: one line of text, or a fault.
func refusal(t *testing.T, body []byte) string {
	t.Helper()
	if strings.HasPrefix(strings.TrimSpace(string(body)), "<") {
		return faultString(t, body)
	}
	return strings.TrimSpace(string(body))
}

// faultString reads the message of a SOAP 1.1 fault.
func faultString(t *testing.T, envelope []byte) string {
	t.Helper()
	var e struct {
		Body struct {
			Fault struct {
				String string `xml:"faultstring"`
			}
		}
	}
	if err := xml.Unmarshal(envelope, &e); err != nil || e.Body.Fault.String == "" {
		t.Fatalf("no fault in %.300q (%v)", envelope, err)
	}
	return e.Body.Fault.String
}
