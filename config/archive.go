package config

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Bucket is an archive in a bucket of an S3 server.
type Bucket struct {
	Name      string
	Prefix    string // before every name, without slashes around it; may be empty
	Endpoint  string // http://host:port or https://host
	Region    string // may be empty, for servers that do not mind
	CA        string // a file with the server's certificate or its authority; empty: the machine's authorities
	PathStyle bool   // https://host/bucket/name instead of https://bucket.host/name
}

// Folder returns the folder of the archive; ok is false if the archive is not a
// folder.
func (c Config) Folder() (folder string, ok bool) {
	folder, ok = strings.CutPrefix(c.Archive, "file:")
	return folder, ok && folder != ""
}

// Bucket returns the bucket of the archive; ok is false if the archive is not a
// bucket.
func (c Config) Bucket() (b Bucket, ok bool) {
	b, err := parseBucket(c.Archive)
	return b, err == nil
}

const bucketForm = "use s3://BUCKET/PREFIX?endpoint=https://HOST, or s3://BUCKET/PREFIX?region=REGION for Amazon"

// Names of buckets: the rules of Amazon's S3, which other servers share.
// Prefixes are kept to what needs no escape anywhere.
var (
	bucketName   = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	bucketPrefix = regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$`)
	regionName   = regexp.MustCompile(`^[A-Za-z0-9-]{1,64}$`)
)

// parseBucket reads s3://bucket/prefix?endpoint=...&region=...&path_style=...
// Its errors quote no value, since a key may have got into a wrong place.
func parseBucket(text string) (Bucket, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "s3" || u.Opaque != "" || u.Fragment != "" {
		return Bucket{}, errors.New("use file:FOLDER, or for S3 s3://BUCKET/PREFIX?endpoint=https://HOST")
	}
	if u.User != nil {
		return Bucket{}, errors.New("keys do not belong here, where they would be shown: put them into archive_access_key and archive_secret_key")
	}
	if !bucketName.MatchString(u.Host) {
		return Bucket{}, errors.New("the name of the bucket is not valid (3 to 63 of a-z, 0-9, . and -): " + bucketForm)
	}
	b := Bucket{Name: u.Host, Prefix: strings.Trim(u.Path, "/")}
	if b.Prefix != "" && (!bucketPrefix.MatchString(b.Prefix) || len(b.Prefix) > 200) {
		return Bucket{}, errors.New("the prefix is not valid: use up to 200 of A-Z, a-z, 0-9, . _ - and /, no part beginning with a dot")
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return Bucket{}, errors.New("what follows the ? cannot be read: " + bucketForm)
	}
	return b, b.readOptions(query)
}

// readOptions reads the part after the question mark.
func (b *Bucket) readOptions(query url.Values) error {
	known := []string{"endpoint", "region", "path_style", "ca"}
	for name, values := range query {
		if !slices.Contains(known, name) {
			return fmt.Errorf("unknown option: the options are %s; keys belong into archive_access_key and archive_secret_key", strings.Join(known, ", "))
		}
		if len(values) != 1 || values[0] == "" {
			return fmt.Errorf("the option %s is empty or set twice", name)
		}
	}
	b.Endpoint, b.Region, b.CA = query.Get("endpoint"), query.Get("region"), query.Get("ca")
	if b.CA != "" && !path.IsAbs(b.CA) {
		return errors.New("the ca is not a valid file: use an absolute path, for example /etc/recgate/s3-ca.pem")
	}
	if b.Region != "" && !regionName.MatchString(b.Region) {
		return errors.New("the region is not valid: use one such as eu-central-1")
	}
	switch {
	case b.Endpoint != "":
		u, err := url.Parse(b.Endpoint)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || path.Clean("/"+u.Path) != "/" || u.User != nil || u.RawQuery != "" {
			return errors.New("the endpoint is not valid: use http://HOST:PORT or https://HOST, and nothing after it")
		}
		b.PathStyle = !strings.HasSuffix(u.Hostname(), ".amazonaws.com")
	case b.Region != "":
		b.Endpoint = "https://s3." + b.Region + ".amazonaws.com"
	default:
		return errors.New("the endpoint is missing: " + bucketForm)
	}
	switch style := query.Get("path_style"); style {
	case "":
	case "true", "false":
		b.PathStyle = style == "true"
	default:
		return errors.New("path_style must be true or false")
	}
	return nil
}

// shownArchive returns the part of the setting that may be shown: a key may have got
// into the rest.
func shownArchive(archive string) string {
	archive, _, _ = strings.Cut(archive, "?")
	if i := strings.LastIndexByte(archive, '@'); i >= 0 {
		if strings.HasPrefix(archive, "s3://") {
			return "s3://" + hidden + archive[i:]
		}
		return hidden + archive[i:] // even what looks like a scheme may be half of a key
	}
	return archive
}

// checkArchive refuses an archive that is none, and keys that nothing needs.
func (k *checker) checkArchive(c Config) {
	_, isFolder := c.Folder()
	if !isFolder {
		_, err := parseBucket(c.Archive)
		k.require(err == nil, "archive", "%q is not valid: %v", shownArchive(c.Archive), err)
	}
	for _, key := range []struct {
		name         string
		value, other Secret
	}{
		{"archive_access_key", c.ArchiveAccessKey, c.ArchiveSecretKey},
		{"archive_secret_key", c.ArchiveSecretKey, c.ArchiveAccessKey},
	} {
		k.require(key.value == "" || !isFolder, key.name, "is set, but the archive is a folder, which needs no keys: remove it, or set archive to s3://BUCKET/PREFIX?endpoint=https://HOST")
		k.require(key.value != "" || key.other == "", key.name, "is missing: both keys are required")
		k.require(isLine(key.value.Reveal()) && !strings.Contains(key.value.Reveal(), " "), key.name, "contains a space or a control character")
	}
}
