package arch_test

import (
	"strings"
	"testing"
	"testing/fstest"
)

// The plan is only worth something when breaking it is noticed.
func TestBreachesAreSeen(t *testing.T) {
	long := "package x\nfunc f() {\n" + strings.Repeat("\tg()\n", 60) + "}\n"
	for _, tt := range []struct{ what, name, text, want string }{
		{"new folder", "archive/a.go", "package archive", "has no row"},
		{"door to door", "soap/a.go", `package soap; import "recgate/auth"`, "no arrow"},
		{"hand to hand", "ami/a.go", `package ami; import "recgate/store"`, "no arrow"},
		{"core to hand", "recording/a.go", `package recording; import "recgate/audio"`, "no arrow"},
		{"core to http", "recording/a.go", `package recording; import "net/http"`, "must not know"},
		{"core to sql", "recording/a.go", `package recording; import "database/sql"`, "must not know"},
		{"core to a library", "recording/a.go", `package recording; import "github.com/gorilla/mux"`, "not named"},
		{"test library in the product", "store/a.go", `package store; import "pgregory.net/rapid"`, "not named"},
		{"programs", "audio/a.go", `package audio; import "os/exec"`, "start programs"},
		{"programs in a test", "soap/a_test.go", `package soap_test; import "os/exec"`, "start programs"},
		{"behind a build tag", "ami/a.go", "//go:build full\n\npackage ami\nimport \"recgate/store\"", "no arrow"},
		{"long function", "blob/a.go", long, "function f has 62 lines"},
		{"long file", "blob/a.go", "package blob" + strings.Repeat("\n", 401), "has 401 lines"},
		{"a program without a limit", "lab/a.go", `package lab; func f() { cmd.CombinedOutput() }`, "may never return"},
		{"a request without a limit", "soap/a_test.go", `package soap_test; import "net/http"; func f() { http.Get("x") }`, "may never return"},
		{"init", "blob/a.go", "package blob\nfunc init() {}", "func init"},
	} {
		t.Run(tt.what, func(t *testing.T) {
			got := strings.Join(faultsOf(t, tt.name, tt.text), "; ")
			if !strings.Contains(got, tt.want) {
				t.Errorf("faults are %q, want one with %q", got, tt.want)
			}
		})
	}
}

// faultsOf returns the faults of a module that is one file and a module of tools.
func faultsOf(t *testing.T, name, text string) []string {
	t.Helper()
	var all []string
	root := fstest.MapFS{name: {Data: []byte(text)}, "tools/go.mod": {Data: []byte("module tools")}}
	for _, s := range readSources(t, root) {
		all = append(all, findFaults(s)...)
	}
	return all
}
