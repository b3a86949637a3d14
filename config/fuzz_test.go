package config_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"recgate/config"
)

// FuzzArchive: whatever names the archive, it is a folder or a bucket or
// refused, never two of them; no part of a bucket needs an escape, and no
// refusal shows what may be a key.
func FuzzArchive(f *testing.F) {
	for _, archive := range []string{
		"file:archive", "file:", "s3://calls/a/b?endpoint=http://127.0.0.1:7070", "s3://calls?region=eu-central-1&path_style=true",
		"s3://key:hunter2@calls?endpoint=https://x", "s3://calls?endpoint=https://key:hunter2@x", "s3://calls/../x?endpoint=https://x", "s3:calls", "S3://calls?region=x",
		"s3://calls?secret=hunter2&region=x", "s3://calls/hunter2 /?region=x", "s3://calls?endpoint=https://x/%2e%2e/hunter2",
	} {
		f.Add(archive)
	}
	plain := regexp.MustCompile(`\A([A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*)?\z`)
	f.Fuzz(func(t *testing.T, archive string) {
		c := config.Default()
		c.PBX = []config.PBX{config.DefaultPBX()}
		c.Archive = archive
		err := c.Check()
		folder, isFolder := c.Folder()
		b, isBucket := c.Bucket()
		if isFolder && isBucket || isFolder && "file:"+folder != archive {
			t.Errorf("%q is the folder %q and the bucket %+v", archive, folder, b)
		}
		if isBucket {
			u, err := url.Parse(b.Endpoint)
			if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || b.Name == "" || !plain.MatchString(b.Prefix) {
				t.Errorf("%q is the bucket %+v (%v)", archive, b, err)
			}
		}
		// A user's password, or in the query the half of one that has a &.
		_, query, _ := strings.Cut(archive, "?")
		at := strings.Contains(archive, "hunter2@") || strings.Contains(query, "&hunter2")
		if err != nil && at && strings.Contains(err.Error(), "hunter2") && strings.Count(archive, "hunter2") == 1 {
			t.Errorf("%q: a key is shown: %v", archive, err)
		}
	})
}
