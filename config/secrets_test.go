package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"recgate/config"
)

// windows are the ways in which editors there save a text of UTF-8.
var windows = map[string]func(text string) string{
	"with a byte order mark":      func(text string) string { return "\uFEFF" + text },
	"with line ends of two bytes": func(text string) string { return strings.ReplaceAll(text, "\n", "\r\n") },
	"as Unicode": func(text string) string {
		var b []byte
		for _, unit := range utf16.Encode([]rune("\uFEFF" + strings.ReplaceAll(text, "\n", "\r\n"))) {
			b = append(b, byte(unit), byte(unit>>8))
		}
		return string(b)
	},
}

// TestFilesOfWindowsEditors: what an editor puts around a text is not a part
// of a key or a secret, in the file, in those that it names, and in variables.
func TestFilesOfWindowsEditors(t *testing.T) {
	const s3 = "s3://calls?endpoint=https://s3.example.org"
	for name, save := range windows {
		t.Run(name, func(t *testing.T) {
			file := fmt.Sprintf("archive: %s\ndatabase_file: %q\narchive_access_key_file: %q\narchive_secret_key_file: %q\n"+
				"pbx:\n  - name: pbx1\n    secret_file: %q\n  - name: pbx2\n    secret: überall\n    spool: /south\nlegacy:\n  api_keys_file: %q\n",
				s3, secretFile(t, save("mysql://u:p@h/d\n")), secretFile(t, save("access\n")), secretFile(t, save("s3cret\n")),
				secretFile(t, save("hunter2\n")), secretFile(t, save("# of the CRM\none\n\n two\t\n")))
			path := filepath.Join(t.TempDir(), "recgate.yaml")
			if err := os.WriteFile(path, []byte(save(file)), 0o600); err != nil {
				t.Fatal(err)
			}
			c, err := config.Load(path, nil)
			if err != nil {
				t.Fatal(err)
			}
			got := append([]string{
				c.Archive, c.Database.Reveal(), c.ArchiveAccessKey.Reveal(), c.ArchiveSecretKey.Reveal(), c.PBX[0].Secret.Reveal(), c.PBX[1].Secret.Reveal(),
			}, c.Legacy.Keys()...)
			want := []string{s3, "mysql://u:p@h/d", "access", "s3cret", "hunter2", "überall", "one", "two"}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	c := parse(t, "", "\uFEFFRECGATE_LISTEN=127.0.0.1:2\r", "RECGATE_PBX_0_NAME=pbx1\r\n", "RECGATE_PBX_0_SECRET=\uFEFFhunter2\n", "RECGATE_LEGACY_API_KEYS=a,b\r")
	got := append([]string{c.Listen, c.PBX[0].Name, c.PBX[0].Secret.Reveal()}, c.Legacy.Keys()...)
	if diff := cmp.Diff([]string{"127.0.0.1:2", "pbx1", "hunter2", "a", "b"}, got); diff != "" {
		t.Errorf("variables (-want +got):\n%s", diff)
	}
}

// TestWrongLinesOfFiles: the error names the file and the line, what is wrong
// there and what to do, and shows none of it.
func TestWrongLinesOfFiles(t *testing.T) {
	const rule = "write one key per line, and comments on their own lines that begin with #"
	for _, tt := range []struct {
		name, key, content string
		want               []string // FILE stands for the path
	}{
		{"a comment behind a key", "legacy.api_keys_file", "one\nhunter2 # of the CRM\n", []string{"FILE:2: legacy.api_keys_file: the line (not shown: it may be a key) contains a space", rule}},
		{"two wrong lines", "legacy.api_keys_file", "# keys\n\nhunter2 x\none\nhunter2\u200B\n", []string{"FILE:3: legacy.api_keys_file", "FILE:5: legacy.api_keys_file"}},
		{"a key with a zero byte", "legacy.api_keys_file", "hunter2\x00\n", []string{"FILE contains a NUL byte"}},
		{"nothing but comments", "legacy.api_keys_file", "# hunter2\n\n", []string{"recgate.yaml:1: legacy.api_keys_file: FILE contains no key: write one key per line"}},
		{"a secret with a second line", "pbx.0.secret_file", "hunter2\n\nhunter2\n", []string{"FILE:3: pbx.0.secret_file: a second line", "the file may contain only the secret"}},
		{"a database with a second line", "database_file", "mysql://u:hunter2@h/d\nhunter2\n", []string{"FILE:2: database_file: a second line"}},
		{"a secret in UTF-16 without a mark", "pbx.0.secret_file", "h\x00u\x00", []string{"pbx.0.secret_file: FILE contains a NUL byte at offset 1", "save it as UTF-8"}},
		{"a secret with a blank behind it", "pbx.0.secret_file", "hunter2 \n", []string{"pbx.0.secret: begins or ends with white space", "remove it"}},
		{"a database with a blank behind it", "database_file", "mysql://u:hunter2@h/d \n", []string{"database: the value (not shown: it may contain a password) begins or ends with white space"}},
		{"half of UTF-16", "pbx.0.secret_file", "\xFF\xFEhunter2", []string{"pbx.0.secret_file: FILE is not valid UTF-16: save it as UTF-8"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := secretFile(t, tt.content)
			variable := config.MapEnv(tt.key) + "=" + file
			_, err := config.Parse("recgate.yaml", []byte(minimal), []string{"RECGATE_PBX_0_SECRET_FILE=" + secretFile(t, "good"), variable})
			if err == nil {
				t.Fatal("it was accepted")
			}
			for _, part := range tt.want {
				part = strings.Replace(strings.ReplaceAll(part, "FILE", file), "recgate.yaml:1", config.MapEnv(tt.key), 1)
				if !strings.Contains(err.Error(), part) {
					t.Errorf("the error lacks %q:\n%v", part, err)
				}
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error shows the secret: %v", err)
			}
		})
	}
}

// TestNotUTF8: a file in another encoding would change the secrets in it.
func TestNotUTF8(t *testing.T) {
	_, err := config.Parse("recgate.yaml", []byte("# fine\npbx:\n  - name: pbx1\n    secret: b\xFCro\n"), nil)
	if want := "recgate.yaml:4: the line contains a character that is not UTF-8: save the file as UTF-8"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

// TestPipesAreNotWaitedFor: a pipe in place of any file is refused by the name
// of its key; a test that waits fails by its deadline.
func TestPipesAreNotWaitedFor(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	try := func(what string, load func() error) {
		t.Helper()
		done := make(chan error, 1)
		go func() { done <- load() }()
		select {
		case err := <-done:
			if err == nil || !strings.Contains(err.Error(), pipe+" is a pipe, not a regular file") || !strings.Contains(err.Error(), what) {
				t.Errorf("%s: %v", what, err)
			}
		case <-time.After(10 * time.Second):
			t.Errorf("%s: not refused within 10 s", what)
		}
	}
	try("read the configuration", func() error { _, err := config.Load(pipe, nil); return err })
	for _, key := range config.Keys() {
		if strings.HasSuffix(key, "_file") {
			try(key, func() error {
				_, err := config.Parse("", nil, []string{"RECGATE_PBX_0_NAME=pbx1", config.MapEnv(key) + "=" + pipe})
				return err
			})
		}
	}
}
