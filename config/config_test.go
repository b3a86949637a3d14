package config_test

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"recgate/config"
)

// minimal is the shortest valid file.
const minimal = "pbx:\n  - name: pbx1\n    secret: hunter2\n"

var compare = cmp.Options{cmpopts.EquateComparable(netip.Prefix{}), cmp.Comparer(func(a, b config.Secret) bool { return a.Reveal() == b.Reveal() })}

func parse(t *testing.T, file string, environ ...string) config.Config {
	t.Helper()
	c, err := config.Parse("recgate.yaml", []byte(file), environ)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// minimalConfig is what minimal means.
func minimalConfig() config.Config {
	want := config.Default()
	pbx := config.DefaultPBX()
	pbx.Name, pbx.Secret, pbx.Mount = "pbx1", "hunter2", pbx.Spool
	want.PBX = []config.PBX{pbx}
	return want
}

func TestMinimal(t *testing.T) {
	if diff := cmp.Diff(minimalConfig(), parse(t, minimal), compare); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(minimalConfig(), parse(t, "", "RECGATE_PBX_0_NAME=pbx1", "RECGATE_PBX_0_SECRET=hunter2"), compare); diff != "" {
		t.Errorf("from the environment alone (-want +got):\n%s", diff)
	}
}

func TestFile(t *testing.T) {
	got := parse(t, `
listen: "[::1]:9000"
public_url: https://rec.example.org/
database: mysql://recgate:p%40ss@db.example.org:3306/recgate
timezone: Australia/Melbourne
pbx:
  - name: north
    address: pbx.example.org:5039
    secret: 0123
    tls: true
    action_connections: 0
    recorder: monitor
    mount: /mnt/north
    verify_start: 0
    keep_spool: true
    extensions:
      - {endpoint: "^99(\\d+)$", extension: "$1"}
      - endpoint: "^0004f2abcd12$"
        extension: 410
    extension_from: callerid
  - name: south
    secret: |
      s 2
    tls: /etc/recgate/ca.pem
legacy:
  start_return: 200
  retrieve_during_call: true
  allow: [10.0.0.0/8, "2001:db8::/32", 192.0.2.7, "::ffff:192.0.2.8"]
  api_keys: []
`)
	want := config.Default()
	want.Listen, want.PublicURL, want.Timezone = "[::1]:9000", "https://rec.example.org", "Australia/Melbourne"
	want.Database = "mysql://recgate:p%40ss@db.example.org:3306/recgate"
	north, south := config.DefaultPBX(), config.DefaultPBX()
	north.Name, north.Address, north.Secret, north.TLS = "north", "pbx.example.org:5039", "0123", config.TLS{On: true}
	north.Recorder, north.Mount, north.VerifyStart, north.KeepSpool, north.ExtensionFrom = "monitor", "/mnt/north", 0, true, "callerid"
	north.ActionConnections = 0
	north.Extensions = []config.Extension{{Endpoint: `^99(\d+)$`, Extension: "$1"}, {Endpoint: "^0004f2abcd12$", Extension: "410"}}
	south.Name, south.Secret, south.TLS, south.Mount = "south", "s 2", config.TLS{On: true, CAFile: "/etc/recgate/ca.pem"}, south.Spool
	want.PBX = []config.PBX{north, south}
	want.Legacy.RetrieveDuringCall = true
	want.Legacy.Allow = nil
	for _, p := range []string{"10.0.0.0/8", "2001:db8::/32", "192.0.2.7/32", "192.0.2.8/32"} {
		want.Legacy.Allow = append(want.Legacy.Allow, config.Network{Prefix: netip.MustParsePrefix(p)})
	}
	want.Legacy.APIKeys = []config.Secret{}
	if diff := cmp.Diff(want, got, compare); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if zone := got.Location().String(); zone != "Australia/Melbourne" {
		t.Errorf("the zone is %s", zone)
	}
	if zone := minimalConfig().Location(); zone != time.Local {
		t.Errorf("without a zone it is %s", zone)
	}
}

func TestEnvironmentWins(t *testing.T) {
	file := "listen: 127.0.0.1:1\nlegacy: {allow: [10.0.0.0/8]}\n" + minimal
	got := parse(t, file, "HOME=/root", "RECGATE_LISTEN=127.0.0.1:2", "RECGATE_PUBLIC_URL=", "RECGATE_LEGACY_ALLOW=192.0.2.0/24, ::1",
		"RECGATE_LEGACY_API_KEYS=a,b", "RECGATE_PBX_0_VERIFY_START=2s", "RECGATE_PBX_1_SECRET=x=y", "RECGATE_PBX_1_NAME=pbx2",
		"RECGATE_PBX_1_EXTENSIONS_0_ENDPOINT=^9(.)$", "RECGATE_PBX_1_EXTENSIONS_0_EXTENSION=${1}0", "RECGATE_PBX_1_TLS=/ca.pem",
		"RECGATE_CONFIG=recgate.yaml", "RECGATE_SERVICE_HOST=10.0.0.1", "RECGATE_PORT_8080_TCP=tcp://10.0.0.1:8080")
	want := minimalConfig()
	want.Listen = "127.0.0.1:2"
	want.Legacy.Allow = []config.Network{{Prefix: netip.MustParsePrefix("192.0.2.0/24")}, {Prefix: netip.MustParsePrefix("::1/128")}}
	want.Legacy.APIKeys = []config.Secret{"a", "b"}
	want.PBX[0].VerifyStart = 2 * time.Second
	second := config.DefaultPBX()
	second.Name, second.Secret, second.Mount, second.TLS = "pbx2", "x=y", second.Spool, config.TLS{On: true, CAFile: "/ca.pem"}
	second.Extensions = []config.Extension{{Endpoint: "^9(.)$", Extension: "${1}0"}}
	want.PBX = append(want.PBX, second)
	if diff := cmp.Diff(want, got, compare); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestEveryKeyIsAVariable sets each key by the variable of MapEnv alone: the
// error of a wrong value shows that it arrived at that key.
func TestEveryKeyIsAVariable(t *testing.T) {
	before := minimalConfig()
	for _, key := range config.Keys() {
		value := map[bool]string{true: "/dev/null/x"}[strings.HasSuffix(key, "_file")]
		if value == "" {
			value = "\x01"
		}
		c, err := config.Parse("", nil, []string{"RECGATE_PBX_0_NAME=pbx1", "RECGATE_PBX_0_SECRET=hunter2", config.MapEnv(key) + "=" + value})
		if err == nil && cmp.Equal(before, c, compare) {
			t.Errorf("%s does nothing", config.MapEnv(key))
		}
		if err != nil && !strings.Contains(err.Error(), config.MapEnv(key)) && !strings.Contains(err.Error(), "pbx.0.extensions.0") {
			t.Errorf("%s: %v", config.MapEnv(key), err)
		}
	}
}

func secretFile(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestSecretFiles(t *testing.T) {
	got := parse(t, "pbx:\n  - {name: pbx1, secret: '', secret_file: '"+secretFile(t, "hunter2\n")+"'}\n"+
		"legacy: {api_keys_file: '"+secretFile(t, "one\r\ntwo\r\n")+"'}\ndatabase: sqlite:other.db\n",
		"RECGATE_DATABASE_FILE="+secretFile(t, "mysql://u:p@h/d"))
	if got.PBX[0].Secret.Reveal() != "hunter2" || got.Database.Reveal() != "mysql://u:p@h/d" {
		t.Errorf("secret %q, database %q", got.PBX[0].Secret.Reveal(), got.Database.Reveal())
	}
	if diff := cmp.Diff([]string{"one", "two"}, got.Legacy.Keys()); diff != "" {
		t.Error(diff)
	}
	env := parse(t, "pbx: [{name: a, secret_file: /nowhere}]", "RECGATE_PBX_0_SECRET=x")
	if env.PBX[0].Secret.Reveal() != "x" {
		t.Errorf("the environment gave %q", env.PBX[0].Secret.Reveal())
	}
}

func TestLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "recgate.yaml")
	if err := os.WriteFile(path, []byte(minimal), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := config.Load(path, nil)
	if diff := cmp.Diff(minimalConfig(), got, compare); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for _, path := range []string{path + ".not", filepath.Dir(path), "/dev/zero"} {
		if _, err := config.Load(path, nil); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("Load(%q): %v", path, err)
		}
	}
}
