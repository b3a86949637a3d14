package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"recgate/config"
	"recgate/recording"
)

// settings writes the configuration of an office as far as commands beside it
// need it, and returns the file.
func (o *office) settings(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "recgate.yaml")
	text := fmt.Sprintf("database: %q\npbx: [{name: pbx1, secret: x}]\n", o.cfg.Database.Reveal())
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// key runs recgate key beside an office.
func (o *office) key(t *testing.T, file string, args ...string) string {
	t.Helper()
	got := recgate(t, t.TempDir(), nil, append([]string{"key"}, append(args, "--config", file)...)...)
	if got.code != 0 {
		t.Fatalf("key %q: %s", args, got.stderr)
	}
	return strings.TrimSpace(got.stdout)
}

// TestKeyFromTheDatabase: a key that is made counts while recgate runs, for
// its methods alone, and no longer once it is revoked.
func TestKeyFromTheDatabase(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 22, nil)
	o.call(t, "410", "411")
	file := o.settings(t)
	o.want(t, 404, nil, "stop", "extenOrUniqueId", "410") // nothing is needed yet

	crm := o.key(t, file, "add", "crm", "--methods", "start,stop")
	await(t, "a key is needed", func() bool { return o.ask(t, "stop", "extenOrUniqueId", "410").status == 401 })
	o.want(t, 404, nil, "stop", "extenOrUniqueId", "410", "apiKey", crm)
	o.want(t, 401, nil, "stop", "extenOrUniqueId", "410", "apiKey", crm+"x")
	o.want(t, 200, nil, "start", "extenOrUniqueId", "410", "tag", "22", "apiKey", crm)
	o.want(t, 200, nil, "stop", "extenOrUniqueId", "410", "apiKey", crm)

	says := `the key "crm" may not use retrieve: it is for start, stop`
	o.want(t, 403, []string{`the key &quot;crm&quot; may not use retrieve: it is for start, stop`}, "retrieve", "tag", "22", "username", "fred", "apiKey", crm, "format", "envelope")
	soap := o.send(t, http.MethodPost, path+"?apiKey="+crm, "text/xml", strings.NewReader(
		envelope("http://schemas.xmlsoap.org/soap/envelope/", "retrieve", [][2]string{{"tag", "22"}, {"username", "fred"}})))
	if soap.status != 500 || !strings.Contains(soap.body, "may not use retrieve") {
		t.Errorf("over SOAP: %d %s", soap.status, soap.body)
	}
	want := recording.Access{Method: "retrieve", Key: "22", Username: "fred", Remote: "127.0.0.1", APIKey: "crm", Outcome: says}
	for _, got := range o.accesses(t)[:2] {
		got.At = want.At
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the access log (-want +got):\n%s", diff)
		}
	}
	await(t, "the key in the log", func() bool {
		return slices.ContainsFunc(o.journal.lines(t, 0), func(l map[string]any) bool { return l["msg"] == "request" && l["key"] == "crm" })
	})
	await(t, "the time of the last use", func() bool { return !strings.Contains(o.key(t, file, "list"), "never") })

	o.key(t, file, "revoke", "crm")
	await(t, "the key does not work any more", func() bool {
		return o.ask(t, "stop", "extenOrUniqueId", "410", "apiKey", crm).status == 401
	})
	o.key(t, file, "revoke", "crm", "--forget")
	await(t, "no key is needed", func() bool { return o.ask(t, "stop", "extenOrUniqueId", "410").status == 404 })
	if text := o.journal.String(); strings.Contains(text, "rgk_") {
		t.Errorf("the log has a key: %s", text)
	}
}

// TestKeysOfTheConfiguration: keys of the configuration work beside keys of the
// database.
func TestKeysOfTheConfiguration(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 22, func(c *config.Config) { c.Legacy.APIKeys = []config.Secret{"from-the-file"} })
	db := o.key(t, o.settings(t), "add", "db")
	o.want(t, 401, nil, "retrieve", "tag", "22", "username", "fred")
	o.want(t, 404, nil, "retrieve", "tag", "22", "username", "fred", "apiKey", "from-the-file")
	if got := o.accesses(t)[0]; got.APIKey != "legacy.api_keys.0" {
		t.Errorf("the access log has %+v", got)
	}
	await(t, "the key of the database works", func() bool {
		return o.ask(t, "retrieve", "tag", "22", "username", "fred", "apiKey", db).status == 404
	})
}
