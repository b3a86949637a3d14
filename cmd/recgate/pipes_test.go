package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"recgate/internal/port"
)

// TestPipesDoNotHoldUpTheStart: a pipe in place of any file that the
// configuration or the command line names is refused at once, by name, and a
// recgate that would wait is ended by the test.
func TestPipesDoNotHoldUpTheStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "recgate.yaml")
	text := "listen: 127.0.0.1:0\ndatabase: sqlite:" + filepath.Join(dir, "recgate.db") + "\narchive: file:" + filepath.Join(dir, "archive") +
		"\npbx: [{name: pbx1, secret: x, address: " + port.Address(t) + "}]\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	bucket := "RECGATE_ARCHIVE=s3://calls?endpoint=http://127.0.0.1:1"
	for _, tt := range []struct {
		name string
		env  []string
		args string
	}{
		{"the configuration", nil, "serve --config " + pipe},
		{"a secret", []string{"RECGATE_PBX_0_SECRET_FILE=" + pipe}, "serve --config " + file},
		{"the database", []string{"RECGATE_DATABASE_FILE=" + pipe}, "serve --config " + file},
		{"API keys", []string{"RECGATE_LEGACY_API_KEYS_FILE=" + pipe}, "serve --config " + file},
		{"the CA of AMI", []string{"RECGATE_PBX_0_TLS=" + pipe}, "serve --config " + file},
		{"a certificate", []string{"RECGATE_TLS_CERT=" + pipe, "RECGATE_TLS_KEY=" + file}, "serve --config " + file},
		{"the key of a certificate", []string{"RECGATE_TLS_CERT=" + file, "RECGATE_TLS_KEY=" + pipe}, "serve --config " + file},
		{"a certificate, checked", []string{"RECGATE_TLS_CERT=" + pipe, "RECGATE_TLS_KEY=" + file}, "check --config " + file},
		{"the files of the AWS tools", []string{bucket, "AWS_SHARED_CREDENTIALS_FILE=" + pipe}, "serve --config " + file},
		{"the other file of the AWS tools", []string{bucket, "AWS_CONFIG_FILE=" + pipe}, "serve --config " + file},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			got := waitForEnd(t, program(ctx, dir, tt.env, strings.Fields(tt.args)...))
			if ctx.Err() != nil {
				t.Fatal("it had not ended after 20 s")
			}
			if want := pipe + " is a pipe, not a regular file: copy its content into a file"; got.code != 1 || !strings.Contains(got.stdout+got.stderr, want) {
				t.Errorf("code %d, want 1 and %q:\n%s%s", got.code, want, got.stdout, got.stderr)
			}
		})
	}
}
