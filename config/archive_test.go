package config_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"recgate/config"
)

func TestBucket(t *testing.T) {
	for _, tt := range []struct {
		archive string
		want    config.Bucket
	}{
		{"s3://calls?endpoint=http://127.0.0.1:7070", config.Bucket{Name: "calls", Endpoint: "http://127.0.0.1:7070", PathStyle: true}},
		{"s3://calls/?endpoint=https://s3.example.org&region=north", config.Bucket{Name: "calls", Endpoint: "https://s3.example.org", Region: "north", PathStyle: true}},
		{"s3://calls/a/b/?endpoint=https://s3.example.org/&path_style=false", config.Bucket{Name: "calls", Prefix: "a/b", Endpoint: "https://s3.example.org/"}},
		{"s3://calls?endpoint=https://s3.example.org&ca=/etc/recgate/s3.pem", config.Bucket{Name: "calls", Endpoint: "https://s3.example.org", CA: "/etc/recgate/s3.pem", PathStyle: true}},
		{"s3://my.calls/north?region=eu-central-1", config.Bucket{Name: "my.calls", Prefix: "north", Endpoint: "https://s3.eu-central-1.amazonaws.com", Region: "eu-central-1"}},
		{"s3://calls?region=eu-central-1&path_style=true", config.Bucket{Name: "calls", Endpoint: "https://s3.eu-central-1.amazonaws.com", Region: "eu-central-1", PathStyle: true}},
	} {
		c, err := config.Parse("recgate.yaml", []byte("archive: "+tt.archive+"\n"+minimal), nil)
		if err != nil {
			t.Errorf("%s: %v", tt.archive, err)
			continue
		}
		got, ok := c.Bucket()
		if diff := cmp.Diff(tt.want, got); diff != "" || !ok {
			t.Errorf("%s: %v (-want +got):\n%s", tt.archive, ok, diff)
		}
		if folder, ok := c.Folder(); ok {
			t.Errorf("%s is the folder %q", tt.archive, folder)
		}
	}
	c := config.Default()
	if folder, ok := c.Folder(); folder != "archive" || !ok {
		t.Errorf("the default is the folder %q, %v", folder, ok)
	}
	if b, ok := c.Bucket(); ok {
		t.Errorf("the default is the bucket %v", b)
	}
}

// TestArchiveKeys: from the file, from files of their own, and from the
// environment, which wins.
func TestArchiveKeys(t *testing.T) {
	key, secret := secretFile(t, "from-file\n"), secretFile(t, "hunter2\n")
	for _, tt := range []struct {
		name, file string
		environ    []string
		key        string
	}{
		{"in the file", "archive_access_key: in-line\narchive_secret_key: hunter2\n", nil, "in-line"},
		{"in files", "archive_access_key_file: " + key + "\narchive_secret_key_file: " + secret + "\n", nil, "from-file"},
		{"in variables", "archive_access_key: in-line\narchive_secret_key: other\n", []string{"RECGATE_ARCHIVE_ACCESS_KEY=var", "RECGATE_ARCHIVE_SECRET_KEY_FILE=" + secret}, "var"},
	} {
		c, err := config.Parse("recgate.yaml", []byte(s3+tt.file+minimal), tt.environ)
		if err != nil || c.ArchiveAccessKey.Reveal() != tt.key || c.ArchiveSecretKey.Reveal() != "hunter2" {
			t.Errorf("%s: %q, %q, %v", tt.name, c.ArchiveAccessKey.Reveal(), c.ArchiveSecretKey.Reveal(), err)
		}
	}
}
