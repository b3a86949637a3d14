package operations

import (
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for _, tt := range []struct{ what, page, wrong string }{
		{"two blocks", "a\n\n```sh one\nls\n```\n\n```yaml two\na: 1\n```\n", ""},
		{"no name", "```sh\nls\n```\n", "write its language and a name"},
		{"no language", "```\nls\n```\n", "write its language and a name"},
		{"the same name twice", "```sh one\nls\n```\n\n```sh one\nls\n```\n", "two blocks"},
		{"code by indentation", "so:\n\n    rm -r /\n", "is indented code"},
		{"an indented list", "1. a\n   b\n", ""},
	} {
		t.Run(tt.what, func(t *testing.T) {
			all, err := parse(tt.page)
			switch {
			case tt.wrong == "" && err != nil:
				t.Error(err)
			case tt.wrong != "" && (err == nil || !strings.Contains(err.Error(), tt.wrong)):
				t.Errorf("the error is %v, want %q", err, tt.wrong)
			case tt.what == "two blocks" && (len(all) != 2 || all[1] != PageBlock{"yaml", "two", "a: 1\n"}):
				t.Errorf("blocks are %q", all)
			}
		})
	}
}
