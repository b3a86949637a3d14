package config_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"recgate/config"
)

const s3 = "archive: s3://calls?endpoint=http://h\n"

func TestRefused(t *testing.T) {
	empty := secretFile(t, "\n")
	twoLines := secretFile(t, "one\ntwo\n")
	for _, tt := range []struct {
		name, file string
		environ    []string
		want       []string // parts of the error
	}{
		{"no PBX", "", nil, []string{"pbx: at least one PBX is required"}},
		{"an unknown key", "listne: x\n" + minimal, nil, []string{"recgate.yaml:1: listne: unknown key", "listen, public_url"}},
		{"an unknown key below", minimal + "    secert: x\n", nil, []string{"recgate.yaml:4: pbx.0.secert", "secret"}},
		{"an unknown variable", minimal, []string{"RECGATE_LISTNE=x"}, []string{"RECGATE_LISTNE: is not a recgate key"}},
		{"a variable of a group", minimal, []string{"RECGATE_LEGACY=x"}, []string{"RECGATE_LEGACY: is not a recgate key"}},
		{"a variable without number", minimal, []string{"RECGATE_PBX_NAME=x"}, []string{"RECGATE_PBX_NAME: is not a recgate key"}},
		{"a variable that leaves a gap", minimal, []string{"RECGATE_PBX_2_NAME=x"}, []string{"RECGATE_PBX_2_NAME: pbx.2.name", "the next item is 1"}},
		{"a variable with a huge number", minimal, []string{"RECGATE_PBX_99999999_NAME=x"}, []string{"is not a recgate key"}},
		{"set twice", "listen: a\nlisten: b\n" + minimal, nil, []string{"recgate.yaml:2: listen: is set twice"}},
		{"not YAML", "listen: [\n", nil, []string{"recgate.yaml:1: this is not YAML"}},
		{"a list as a file", "- 1\n", nil, []string{"recgate.yaml:1", "key: value"}},
		{"a word as a file", "hello\n", nil, []string{"recgate.yaml:1", "key: value"}},
		{"two documents", minimal + "---\nlisten: x\n", nil, []string{"recgate.yaml:5", "several documents"}},
		{"an anchor", "listen: &a 127.0.0.1:1\n" + minimal, nil, []string{"recgate.yaml:1: listen", "anchors"}},
		{"a tag", "listen: !!str x\n" + minimal, nil, []string{"recgate.yaml:1: listen", "tags"}},
		{"a list for a value", "listen: [a]\n" + minimal, nil, []string{"listen: is a single value"}},
		{"a mapping for a value", "listen: {a: b}\n" + minimal, nil, []string{"recgate.yaml:1: listen: is a single value"}},
		{"an empty mapping for a value", "listen: {}\n" + minimal, nil, []string{"listen: is a single value"}},
		{"a value for a list", "legacy: {allow: ::1}\n" + minimal, nil, []string{"legacy.allow: is a list"}},
		{"a value for a group", "legacy: yes\n" + minimal, nil, []string{"legacy: has keys below it"}},
		{"a group for a list", "pbx: {name: pbx1}\n", nil, []string{"pbx.name: this is a list", "hyphen"}},
		{"a text for a truth", "legacy: {retrieve_during_call: yes}\n" + minimal, nil, []string{`"yes" must be true or false`}},
		{"a truth for a text", "public_url: true\n" + minimal, nil, []string{"public_url: true is not text"}},
		{"a number for a duration", minimal + "    verify_start: 5\n", nil, []string{`recgate.yaml:4: pbx.0.verify_start: "5" is not a duration`, "1s"}},
		{"a word for a number", minimal + "    action_connections: two\n", nil, []string{`pbx.0.action_connections: "two" is not a whole number: use one such as 2`}},
		{"too many connections", minimal + "    action_connections: 17\n", nil, []string{"pbx.0.action_connections: must be between 0 and 16, not 17"}},
		{"fewer connections than none", minimal + "    action_connections: -1\n", nil, []string{"pbx.0.action_connections: must be between 0 and 16, not -1"}},
		{"a long wait", minimal + "    verify_start: 1h\n", nil, []string{"pbx.0.verify_start: must be between 0 and 1m, not 1h0m0s"}},
		{"a negative wait", minimal + "    verify_start: -1s\n", nil, []string{"pbx.0.verify_start: must be between 0 and 1m, not -1s"}},
		{"a negative limit", "max_seconds: -1\n" + minimal, nil, []string{"recgate.yaml:1: max_seconds: must be between 0 (no limit) and 604800 (a week), not -1"}},
		{"a limit of more than a week", "max_seconds: 604801\n" + minimal, nil, []string{"max_seconds: must be between 0 (no limit) and 604800 (a week), not 604801"}},
		{"a disk that is more than full", "disk: {refuse: 101}\n" + minimal, nil, []string{"disk.refuse: must be between disk.warn and 100 (percent), not 101"}},
		{"a refusal before the warning", "disk: {warn: 90, refuse: 85}\n" + minimal, nil, []string{"disk.refuse: must be between disk.warn and 100 (percent), not 85"}},
		{"a warning of nothing", "disk: {warn: 0}\n" + minimal, nil, []string{"disk.warn: must be between 1 and 100 (percent), not 0"}},
		{"a wrong choice", "legacy: {get_body: xml}\n" + minimal, nil, []string{`recgate.yaml:1: legacy.get_body: "xml" is not one of base64, envelope`}},
		{"a wrong choice by variable", minimal, []string{"RECGATE_PBX_0_RECORDER=sox"}, []string{`RECGATE_PBX_0_RECORDER: pbx.0.recorder: "sox" is not one of auto, mixmonitor, monitor`}},
		{"no port", "listen: localhost\n" + minimal, nil, []string{`listen: "localhost" is not a valid listen address`, "127.0.0.1:8080"}},
		{"a port too high", "listen: :65536\n" + minimal, nil, []string{"listen:"}},
		{"no AMI host", minimal + "    address: :5038\n", nil, []string{"pbx.0.address:"}},
		{"a public URL without scheme", "public_url: rec.example.org\n" + minimal, nil, []string{"public_url:", "https://"}},
		{"a public URL with a user", "public_url: http://u:p@h\n" + minimal, nil, []string{"public_url:"}},
		{"an unknown archive", "archive: ftp://b?hunter2\n" + minimal, nil, []string{`archive: "ftp://b" is not valid: use file:FOLDER, or for S3`}},
		{"a folder without file:", "archive: /var/lib/recgate\n" + minimal, nil, []string{`archive: "/var/lib/recgate" is not valid: use file:FOLDER`}},
		{"a bucket with a short name", "archive: s3://b?endpoint=http://h\n" + minimal, nil, []string{`archive: "s3://b" is not valid: the name of the bucket`}},
		{"a bucket without endpoint", "archive: s3://calls\n" + minimal, nil, []string{`the endpoint is missing: use s3://BUCKET`, "region=REGION"}},
		{"a bucket with keys", "archive: s3://key:hunter2@calls?endpoint=http://h\n" + minimal, nil, []string{`"s3://***@calls"`, "archive_access_key and archive_secret_key"}},
		{"an endpoint with keys", "archive: s3://calls?endpoint=http://key:hunter2@h\n" + minimal, nil, []string{"the endpoint is not valid"}},
		{"an endpoint without scheme", "archive: s3://calls?endpoint=h:9000\n" + minimal, nil, []string{"the endpoint is not valid: use http://HOST:PORT"}},
		{"an endpoint with a path", "archive: s3://calls?endpoint=http://h/s3\n" + minimal, nil, []string{"nothing after it"}},
		{"an option of S3 that is none", "archive: s3://calls?endpoint=http://h&secret_key=hunter2\n" + minimal, nil, []string{`unknown option: the options are endpoint, region, path_style`}},
		{"an option of S3 twice", "archive: s3://calls?endpoint=http://h&endpoint=http://h2\n" + minimal, nil, []string{"the option endpoint is empty or set twice"}},
		{"a path style that is none", "archive: s3://calls?endpoint=http://h&path_style=yes\n" + minimal, nil, []string{"path_style must be true or false"}},
		{"a region with a line break", "archive: s3://calls?region=a%0Ab\n" + minimal, nil, []string{"the region is not valid"}},
		{"a prefix that climbs", "archive: s3://calls/a/../b?endpoint=http://h\n" + minimal, nil, []string{"the prefix is not valid"}},
		{"a bad escape after the bucket", "archive: s3://calls?endpoint=%zz\n" + minimal, nil, []string{"what follows the ? cannot be read"}},
		{"keys for a folder", "archive_access_key: a\narchive_secret_key: hunter2\n" + minimal, nil, []string{"archive_access_key: is set, but the archive is a folder", "archive_secret_key: is set"}},
		{"one key of two", s3 + "archive_access_key: a\n" + minimal, nil, []string{"archive_secret_key: is missing"}},
		{"the other key of two", s3 + "archive_secret_key: hunter2\n" + minimal, nil, []string{"archive_access_key: is missing"}},
		{"a key of two lines", s3 + "archive_access_key: a\narchive_secret_key: \"hunter2\\nx\"\n" + minimal, nil, []string{"archive_secret_key: contains a space or a control character"}},
		{"a key and its file", s3 + "archive_secret_key: hunter2\narchive_secret_key_file: /x\n" + minimal, nil, []string{"archive_secret_key_file: is set together with archive_secret_key"}},
		{"an archive without folder", "archive: 'file:'\n" + minimal, nil, []string{"archive:"}},
		{"an unknown time zone", "timezone: Mars/Base\n" + minimal, nil, []string{`timezone: "Mars/Base" is not a time zone`, "Australia/Melbourne"}},
		{"an unknown database", "database: postgres://u:hunter2@h/d\n" + minimal, nil, []string{"database:", "sqlite:FILE"}},
		{"no name", "pbx: [{secret: x}]", nil, []string{"pbx.0.name: is missing"}},
		{"an empty item", "pbx: [{}]", nil, []string{"pbx.0.name: is missing", "pbx.0.secret: is missing"}},
		{"a technology as a name", "pbx: [{name: pjsip, secret: x}]", nil, []string{`pbx.0.name: "pjsip" is a technology that channel names begin with`}},
		{"a name with a slash", "pbx: [{name: a/b, secret: x}]", nil, []string{`pbx.0.name: "a/b" is not a valid name`}},
		{"one name twice", "pbx: [{name: a, secret: x}, {name: A, secret: x}]", nil, []string{`pbx.1.name: "A" is the name of two PBXs`}},
		{"no user", minimal + "    username: ''\n", nil, []string{"pbx.0.username:"}},
		{"a line break in a user", minimal + "    username: \"a\\r\\nb\"\n", nil, []string{"pbx.0.username:"}},
		{"a line break in a secret", "pbx: [{name: a, secret: \"hunter2\\nAction: x\"}]", nil, []string{"pbx.0.secret: contains a control character"}},
		{"no secret", "pbx: [{name: a}]", nil, []string{"pbx.0.secret: is missing", "secret_file"}},
		{"a list of secrets", "pbx: [{name: a, secret: [hunter2, hunter2]}]", nil, []string{"pbx.0.secret: is a single value"}},
		{"keys below a secret", "pbx: [{name: a, secret: {hunter2: hunter2}}]", nil, []string{"pbx.0.secret: is a single value"}},
		{"a secret and its file", minimal + "    secret_file: /x\n", nil, []string{"recgate.yaml:4: pbx.0.secret_file: is set together with pbx.0.secret"}},
		{"a secret file that is not there", "pbx: [{name: a, secret_file: /not/there}]", nil, []string{"pbx.0.secret_file:", "/not/there"}},
		{"an empty secret file", "pbx: [{name: a, secret_file: " + empty + "}]", nil, []string{"pbx.0.secret_file:", "is empty"}},
		{"two lines in a secret file", "pbx: [{name: a, secret_file: " + twoLines + "}]", nil, []string{twoLines + ":2: pbx.0.secret_file: a second line"}},
		{"a folder as a secret file", "pbx: [{name: a, secret_file: /}]", nil, []string{"pbx.0.secret_file: / is a folder, not a regular file"}},
		{"a self-test all the time", "self_test: 1s\n" + minimal, nil, []string{"self_test: must be 0 (never) or between 10s and 168h, for example 1h, not 1s"}},
		{"a test call that is a command", minimal + "    test_call: \"tone@x,1,System(reboot)\"\n", nil, []string{`pbx.0.test_call: "tone@x,1,System(reboot)" is not a valid test call: use EXTENSION@CONTEXT`}},
		{"a test call without context", minimal + "    test_call: tone\n", nil, []string{"pbx.0.test_call:"}},
		{"a relative CA file", minimal + "    tls: ca.pem\n", nil, []string{`pbx.0.tls: "ca.pem" is not a valid value: use true, false, or the absolute path`}},
		{"a name without TLS", minimal + "    tls_name: pbx.example.org\n", nil, []string{`pbx.0.tls_name: "pbx.example.org" is set without tls`}},
		{"a name that no certificate has", minimal + "    tls: true\n    tls_name: \"a b\"\n", nil, []string{`pbx.0.tls_name: "a b" is not a valid name of a certificate`}},
		{"a relative spool", minimal + "    spool: monitor\n", nil, []string{"pbx.0.spool:"}},
		{"a spool that is a command", minimal + "    spool: /tmp/x,,touch\n", nil, []string{"pbx.0.spool:"}},
		{"a spool that climbs", minimal + "    spool: /tmp/../etc\n", nil, []string{"pbx.0.spool:"}},
		{"a relative mount", minimal + "    mount: monitor\n", nil, []string{"pbx.0.mount:"}},
		{"a pattern that does not compile", minimal + "    extensions: [{endpoint: '(', extension: x}]\n", nil, []string{`pbx.0.extensions.0.endpoint: "(" is not a valid pattern`}},
		{"a pattern without result", minimal + "    extensions: [{endpoint: x}]\n", nil, []string{"pbx.0.extensions.0.extension: is missing"}},
		{"a group that is not there", minimal + "    extensions: [{endpoint: '(x)', extension: $1a}]\n", nil, []string{"pbx.0.extensions.0.extension:", "group 1a", "${1}"}},
		{"a network that is none", "legacy: {allow: [local]}\n" + minimal, nil, []string{`legacy.allow: "local" is not a network`, "192.0.2.0/24"}},
		{"a network with bits behind its mask", "legacy: {allow: [10.1.2.3/8]}\n" + minimal, nil, []string{"use 10.0.0.0/8"}},
		{"no patience", "idle_timeout: 1s\n" + minimal, nil, []string{"idle_timeout: 1s is not a valid time: use 5s to 24h"}},
		{"patience without end", "idle_timeout: 100h\n" + minimal, nil, []string{"idle_timeout: 100h0m0s is not"}},
		{"a host with a port", "hosts: ['rec.example.org:8080']\n" + minimal, nil, []string{`hosts: "rec.example.org:8080" is not a host name: use a name without scheme and port`}},
		{"a host with a scheme", "hosts: [https://rec.example.org]\n" + minimal, nil, []string{`hosts: "https://rec.example.org" is not a host name`}},
		{"a host with a letter that Host headers have not", "hosts: [büro.example]\n" + minimal, nil, []string{`hosts: "büro.example" is not a host name`}},
		{"a host that is none", "hosts: ['']\n" + minimal, nil, []string{`hosts: "" is not a host name`}},
		{"a certificate without its key", "tls: {cert: /x.pem}\n" + minimal, nil, []string{`tls.cert: "/x.pem" is set without tls.key`}},
		{"a limit below zero", "legacy: {limits: {burst: -1}}\n" + minimal, nil, []string{"legacy.limits.burst: must be 0 (no limit) or more, not -1"}},
		{"fewer connections than requests", "limits: {connections: 900}\n" + minimal, nil, []string{"limits.connections: 900 is not more than the 1000 requests"}},
		{"a key without its certificate", "tls: {key: /x.pem}\n" + minimal, nil, []string{`tls.key: "/x.pem" is set without tls.cert`}},
		{"profiles for all", "pprof: 0.0.0.0:6060\n" + minimal, nil, []string{`pprof: "0.0.0.0:6060" is not a loopback address`, "for example 127.0.0.1:6060"}},
		{"profiles on any address", "pprof: :6060\n" + minimal, nil, []string{`pprof: ":6060" is not a loopback address`}},
		{"profiles under a name", "pprof: rec.example.org:6060\n" + minimal, nil, []string{"pprof:"}},
		{"a proxy that is everybody", "trusted_proxies: ['::/0']\n" + minimal, nil, []string{"trusted_proxies: ::/0 would let every caller choose its own address"}},
		{"an unknown header", "proxy_header: x-real-ip\n" + minimal, nil, []string{`proxy_header: "x-real-ip" is not one of x-forwarded-for, forwarded`}},
		{"an empty key", "legacy: {api_keys: ['']}\n" + minimal, nil, []string{"legacy.api_keys: key 1 of the list (not shown) is empty"}},
		{"a key with a blank", "legacy: {api_keys: ['hunter2 x']}\n" + minimal, nil, []string{"legacy.api_keys: key 1 of the list (not shown) is empty, or contains a space"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := config.Parse("recgate.yaml", []byte(tt.file), tt.environ)
			if err == nil {
				t.Fatal("it was accepted")
			}
			for _, part := range tt.want {
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

// TestOpenToEverybody: a recorder that anybody can call is told of by an error
// of its own; each of the ways out that the message names is accepted.
func TestOpenToEverybody(t *testing.T) {
	for _, tt := range []struct {
		listen, legacy string
		refused        bool
	}{
		{"0.0.0.0:8080", `{allow: [0.0.0.0/0]}`, true},
		{":8080", `{allow: ["::/0"]}`, true},
		{"[::]:8080", `{allow: [10.0.0.0/8, "::ffff:0.0.0.0/96"]}`, true},
		{"192.0.2.1:8080", `{allow: [0.0.0.0/0]}`, true},
		{"rec.example.org:8080", `{allow: [0.0.0.0/0], api_keys: []}`, true},
		{"0.0.0.0:8080", `{allow: [0.0.0.0/0], api_keys: [k]}`, false},
		{"0.0.0.0:8080", `{allow: [10.0.0.0/8]}`, false},
		{"0.0.0.0:8080", `{}`, false},
		{"127.0.0.1:8080", `{allow: [0.0.0.0/0]}`, false},
		{"127.8.8.8:8080", `{allow: [0.0.0.0/0]}`, false},
		{"localhost:8080", `{allow: [0.0.0.0/0]}`, false},
		{"'[::1]:8080'", `{allow: ["::/0"]}`, false},
		{"'127.0.0.1:8080'\ntrusted_proxies: [192.0.2.7]", `{allow: [0.0.0.0/0]}`, true},
		{"'127.0.0.1:8080'\ntrusted_proxies: [192.0.2.7]", `{allow: [192.0.2.0/24]}`, false},
	} {
		listen := tt.listen
		if !strings.HasPrefix(listen, "'") {
			listen = "'" + listen + "'"
		}
		cfg, err := config.Parse("f", []byte("legacy: "+tt.legacy+"\nlisten: "+listen+"\n"+minimal), nil)
		if !tt.refused {
			if err != nil {
				t.Errorf("%s %s: %v", tt.listen, tt.legacy, err)
			}
			continue
		}
		if _, open := errors.AsType[config.OpenToEverybody](err); !open || len(cfg.PBX) != 1 {
			t.Errorf("%s %s: %T and %d PBXs, want an Open and all of the configuration", tt.listen, tt.legacy, err, len(cfg.PBX))
		}
		for _, part := range []string{"f:1: legacy.allow", "set legacy.api_keys", "recgate key add", "set listen to 127.0.0.1:8080"} {
			if err == nil || !strings.Contains(err.Error(), part) {
				t.Errorf("%s %s: %v lacks %q", tt.listen, tt.legacy, err, part)
			}
		}
	}
}

// TestAllProblemsAtOnce: an operator need not start ten times.
func TestAllProblemsAtOnce(t *testing.T) {
	_, err := config.Parse("f", []byte("listen: 1\ntimezone: x/y\npbx: [{name: SIP}]\n"), nil)
	if got := strings.Count(fmt.Sprint(err), "\n") + 1; got != 4 {
		t.Errorf("%d problems:\n%v", got, err)
	}
}

// TestSecretsAreNotShown tries the ways in which a struct gets into a log.
func TestSecretsAreNotShown(t *testing.T) {
	c := parse(t, "database: mysql://u:hunter2@h/d\nlegacy: {api_keys: [hunter2]}\n"+minimal)
	var logged bytes.Buffer
	for _, log := range []*slog.Logger{slog.New(slog.NewTextHandler(&logged, nil)), slog.New(slog.NewJSONHandler(&logged, nil))} {
		log.Info("config", "config", c, "pbx", c.PBX, "secret", c.PBX[0].Secret, "legacy", c.Legacy)
	}
	asJSON, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	shown := []string{c.String(), logged.String(), string(asJSON)}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		for _, v := range []any{c, &c, c.PBX, c.PBX[0], c.Legacy, c.Database, c.PBX[0].Secret, &c.PBX[0].Secret} {
			shown = append(shown, fmt.Sprintf(verb, v))
		}
	}
	for _, s := range shown {
		if strings.Contains(s, "hunter2") || strings.Contains(s, fmt.Sprintf("%x", "hunter2")) {
			t.Errorf("a secret is shown in %s", s)
		}
	}
	if !strings.Contains(c.String(), "pbx.0.secret: ***\n") || !strings.Contains(c.String(), "listen: 127.0.0.1:8080\n") {
		t.Errorf("String gives\n%s", c)
	}
}

func TestCheckOfAStructMadeByHand(t *testing.T) {
	c := minimalConfig()
	if err := c.Check(); err != nil {
		t.Error(err)
	}
	c.PBX = nil
	if err := c.Check(); err == nil {
		t.Error("no PBX will do")
	}
}

// FuzzParse: no file and no variable makes Parse panic or show a secret, and
// what it accepts passes its own check.
func FuzzParse(f *testing.F) {
	f.Add([]byte(minimal), "LISTEN", "127.0.0.1:1")
	f.Add([]byte("a: &x [1, {b: *x}]\n? q\n: |\n  r\n<<: *x\n"), "PBX_0_NAME", "a")
	f.Add([]byte("pbx: [{}, {name: !!binary x}]\n%YAML 1.2\n---\n"), "PBX_1_EXTENSIONS_0_ENDPOINT", "(")
	f.Fuzz(func(t *testing.T, file []byte, name, value string) {
		if strings.Contains(string(file), "_file") || strings.Contains(name, "_FILE") {
			t.Skip("would read any file of the machine")
		}
		c, err := config.Parse("f", file, []string{"RECGATE_" + name + "=" + value, "RECGATE_PBX_0_SECRET=hunter2"})
		if err != nil {
			if strings.Contains(err.Error(), "hunter2") && !strings.Contains(string(file)+name+value, "hunter2") {
				t.Errorf("a secret is shown: %v", err)
			}
			return
		}
		if err := c.Check(); err != nil {
			t.Errorf("what was accepted fails its check: %v", err)
		}
	})
}
