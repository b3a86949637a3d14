package config

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestExampleFile is about the inside: the sample at the root lists every key
// once, in the order of the struct, with its default and a comment.
func TestExampleFile(t *testing.T) {
	data, err := os.ReadFile("../recgate.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Parse("recgate.example.yaml", data, nil); err == nil || !strings.Contains(err.Error(), "pbx.0.secret: is still") {
		t.Errorf("as it is, with the placeholder for the secret: %v", err)
	}
	got, err := Parse("recgate.example.yaml", data, []string{"RECGATE_PBX_0_SECRET=x"})
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.PBX = []PBX{DefaultPBX()}
	want.PBX[0].Name, want.PBX[0].Secret = got.PBX[0].Name, got.PBX[0].Secret // these have no default
	want.complete()
	if diff := cmp.Diff(want.String(), got.String()); diff != "" {
		t.Errorf("its values are not the defaults (-default +file):\n%s", diff)
	}

	entries, problems := readYAML("", data)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	var listed []string
	for _, e := range entries {
		if e.kind != mapping {
			listed = append(listed, e.key)
		}
	}
	var keys []string
	visitLeaves(reflect.ValueOf(Config{PBX: []PBX{{}}}), "", func(l leaf) { keys = append(keys, l.key) })
	keys = insertBefore(keys, "pbx.0.extension_from", "pbx.0.extensions") // an empty list of mappings is not a leaf
	if diff := cmp.Diff(keys, listed); diff != "" {
		t.Errorf("its keys are not those of the struct (-struct +file):\n%s", diff)
	}
}

func insertBefore(keys []string, mark, key string) []string {
	var all []string
	for _, k := range keys {
		if k == mark {
			all = append(all, key)
		}
		all = append(all, k)
	}
	return all
}

// TestExampleComments: a comment stands right above each key.
func TestExampleComments(t *testing.T) {
	data, err := os.ReadFile("../recgate.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	before := ""
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "#") && !strings.HasPrefix(before, "#") {
			t.Errorf("%q has no comment above it", line)
		}
		before = line
	}
}
