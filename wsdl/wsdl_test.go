package wsdl_test

import (
	"bytes"
	"encoding/xml"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"recgate/internal/child"
	"recgate/wsdl"
)

// document is as much of a WSDL as the tests look at.
type document struct {
	Namespace string `xml:"targetNamespace,attr"`
	Schema    struct {
		Form     string `xml:"elementFormDefault,attr"`
		Elements []struct {
			Name   string `xml:"name,attr"`
			Fields []part `xml:"complexType>sequence>element"`
		} `xml:"element"`
	} `xml:"types>schema"`
	Messages []struct {
		Name  string `xml:"name,attr"`
		Parts []part `xml:"part"`
	} `xml:"message"`
	Binding struct {
		Style struct {
			Style string `xml:"style,attr"`
		} `xml:"http://schemas.xmlsoap.org/wsdl/soap/ binding"`
		Operations []struct {
			Name string `xml:"name,attr"`
		} `xml:"operation"`
	} `xml:"binding"`
	Address struct {
		Location string `xml:"location,attr"`
	} `xml:"service>port>address"`
}

type part struct {
	Name string `xml:"name,attr"`
	Type string `xml:"type,attr"`
}

func parse(t *testing.T, text string) document {
	t.Helper()
	var d document
	if err := xml.Unmarshal([]byte(text), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// arguments are the names of both directions; all are of type xsd:string.
var arguments = map[string][]string{
	"start":                      {"extenOrUniqueId", "tag"},
	"startResponse":              {"startReturn"},
	"stop":                       {"extenOrUniqueId"},
	"stopResponse":               {"stopReturn"},
	"retrieve":                   {"tag", "username"},
	"retrieveResponse":           {"retrieveReturn"},
	"retrieveByUniqueId":         {"uniqueId", "username"},
	"retrieveByUniqueIdResponse": {"retrieveByUniqueIdReturn"},
}

func names(t *testing.T, parts []part) []string {
	t.Helper()
	var all []string
	for _, p := range parts {
		if p.Type != "xsd:string" {
			t.Errorf("%s is of type %q, want xsd:string", p.Name, p.Type)
		}
		all = append(all, p.Name)
	}
	return all
}

func TestLiteral(t *testing.T) {
	d := parse(t, wsdl.Literal("http://pbx.example/x"))
	got := map[string][]string{}
	for _, e := range d.Schema.Elements {
		got[e.Name] = names(t, e.Fields)
	}
	if diff := cmp.Diff(arguments, got); diff != "" {
		t.Errorf("elements differ (-want +got):\n%s", diff)
	}
	if d.Namespace != wsdl.Namespace || d.Schema.Form != "unqualified" || d.Binding.Style.Style != "document" {
		t.Errorf("namespace %q, form %q, style %q", d.Namespace, d.Schema.Form, d.Binding.Style.Style)
	}
	checkOperations(t, d)
}

func TestRPC(t *testing.T) {
	d := parse(t, wsdl.RPC("http://pbx.example/x"))
	got := map[string][]string{}
	for _, m := range d.Messages {
		got[m.Name] = names(t, m.Parts)
	}
	if diff := cmp.Diff(arguments, got); diff != "" {
		t.Errorf("messages differ (-want +got):\n%s", diff)
	}
	if d.Namespace != wsdl.Namespace || d.Binding.Style.Style != "rpc" {
		t.Errorf("namespace %q, style %q", d.Namespace, d.Binding.Style.Style)
	}
	checkOperations(t, d)
}

func checkOperations(t *testing.T, d document) {
	t.Helper()
	var ops []string
	for _, o := range d.Binding.Operations {
		ops = append(ops, o.Name)
	}
	if want := []string{"start", "stop", "retrieve", "retrieveByUniqueId"}; !slices.Equal(ops, want) {
		t.Errorf("operations %q, want %q", ops, want)
	}
}

func TestAddressIsEscaped(t *testing.T) {
	const hostile = `http://a"/><evil x="&'`
	for name, of := range map[string]func(string) string{"literal": wsdl.Literal, "rpc": wsdl.RPC} {
		t.Run(name, func(t *testing.T) {
			if got := parse(t, of(hostile)).Address.Location; got != hostile {
				t.Errorf("address is %q, want %q", got, hostile)
			}
			if strings.Contains(of(hostile), "localhost") {
				t.Error("the placeholder is still there")
			}
		})
	}
}

// TestClientIsGenerated makes the client again and compares it with the one
// that is checked in.
func TestClientIsGenerated(t *testing.T) {
	folder := t.TempDir()
	cmd := exec.Command("go", "tool", "gowsdl", "-d", folder, "-p", "client", "-o", "njadmin.go", "njadmin.wsdl")
	if out, err := child.Output(5*time.Minute, cmd); err != nil {
		t.Fatalf("gowsdl: %v\n%s", err, out)
	}
	want, err := os.ReadFile(filepath.Join(folder, "client", "njadmin.go"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join("client", "njadmin.go"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("client/njadmin.go is not what gowsdl makes of njadmin.wsdl: run go generate ./wsdl\n%s",
			cmp.Diff(string(want), string(got)))
	}
}
