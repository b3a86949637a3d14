package config

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Check reports whether the configuration makes sense and is safe, for one that
// was made by hand; Load has done it, and returns the same errors.
func (c Config) Check() error { return verdict(c, nil) }

// verdict is the error of a configuration: everything that is wrong with it,
// or else an Open, or nil.
func verdict(c Config, from map[string]string) error {
	if problems := check(c, from); len(problems) > 0 {
		return joined(problems)
	}
	if open := everybody(c, from); len(open) > 0 {
		return Open{open}
	}
	return nil
}

// hostName is a name as it stands in a Host header, or an address.
var hostName = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?$|^[0-9a-fA-F:]+$`)

// maxMaxSeconds is a week: longer than any call.
const maxMaxSeconds = 7 * 24 * 3600

// checker collects problems under the keys that they belong to.
type checker struct {
	from     map[string]string
	problems []Problem
}

// want notes a problem unless ok.
func (k *checker) want(ok bool, key, format string, args ...any) {
	if !ok {
		k.problems = append(k.problems, Problem{From: k.from[key], Key: key, Msg: fmt.Sprintf(format, args...)})
	}
}

// check looks at the values that have the right type but may still be wrong.
func check(c Config, from map[string]string) []Problem {
	k := &checker{from: from}
	walk(reflect.ValueOf(c), "", func(l leaf) {
		oneof := strings.Split(l.oneof, "|")
		k.want(l.oneof == "" || slices.Contains(oneof, l.value.String()), l.key, "%q is not one of %s", l.value, strings.Join(oneof, ", "))
	})
	k.want(isAddress(c.Listen, true), "listen", "%q is not a valid listen address: use host:port, for example 127.0.0.1:8080", c.Listen)
	k.want(c.PublicURL == "" || isPublicURL(c.PublicURL), "public_url", "%q is not a valid URL: use one such as https://recgate.example.org", c.PublicURL)
	k.want(c.IdleTimeout >= 5*time.Second && c.IdleTimeout <= 24*time.Hour, "idle_timeout", "%v is not a valid time: use 5s to 24h, longer than the balancer in front keeps connections, for example 620s", c.IdleTimeout)
	for _, host := range c.Hosts {
		k.want(host == AnyHost || hostName.MatchString(host) && len(host) <= 253, "hosts",
			"%q is not a host name: use a name without scheme and port, for example recgate.example.org, or * for any", host)
	}
	k.want(!hasEdge(c.Database), "database", "the value (not shown: it may contain a password) begins or ends with white space: remove it")
	k.want(isDatabase(c.Database.Reveal()), "database", "the value (not shown: it may contain a password) is not a database: use sqlite:FILE or mysql://user:pass@host:3306/name")
	k.archive(c)
	k.want(c.SelfTest == 0 || c.SelfTest >= 10*time.Second && c.SelfTest <= 7*24*time.Hour, "self_test", "must be 0 (never) or between 10s and 168h, for example 1h, not %v", c.SelfTest)
	_, err := time.LoadLocation(c.Timezone)
	k.want(err == nil, "timezone", "%q is not a time zone: use a name such as Australia/Melbourne, or leave it empty for the machine's", c.Timezone)
	k.want(c.MaxSeconds >= 0 && c.MaxSeconds <= maxMaxSeconds, "max_seconds", "must be between 0 (no limit) and %d (a week), not %d", maxMaxSeconds, c.MaxSeconds)
	k.want(c.Disk.Warn >= 1 && c.Disk.Warn <= 100, "disk.warn", "must be between 1 and 100 (percent), not %d", c.Disk.Warn)
	k.want(c.Disk.Refuse >= max(1, c.Disk.Warn) && c.Disk.Refuse <= 100, "disk.refuse",
		"must be between disk.warn and 100 (percent), not %d", c.Disk.Refuse)
	k.pbxs(c.PBX)
	k.legacy(c)
	k.proxies(c)
	k.limits(c.Limits, c.Legacy.Limits)
	k.want(c.TLS.Cert == "" || c.TLS.Key != "", "tls.cert", "%q is set without tls.key: set the file of its private key too", c.TLS.Cert)
	k.want(c.TLS.Key == "" || c.TLS.Cert != "", "tls.key", "%q is set without tls.cert: set the file of the certificate too", c.TLS.Key)
	k.want(c.Pprof == "" || isAddress(c.Pprof, false) && isLoopback(c.Pprof), "pprof", "%q is not a loopback address: profiles show internals, so use for example 127.0.0.1:6060, or leave it empty", c.Pprof)
	return k.problems
}

func (k *checker) legacy(c Config) {
	for i, key := range c.Legacy.APIKeys {
		k.want(isKey(key.Reveal()), "legacy.api_keys", "key %d of the list (not shown) is empty, or contains a space or an unprintable character: write each key without spaces", i+1)
	}
}

// proxies refuses to let everybody say who he is.
func (k *checker) proxies(c Config) {
	k.want(!Everybody(c.TrustedProxies), "trusted_proxies", "%s would let every caller choose its own address: list only the addresses of your proxies", joinedNetworks(c.TrustedProxies))
}

// limits refuses what would keep everybody out, or mean nothing.
func (k *checker) limits(all Limits, l DoorLimits) {
	for _, n := range []struct {
		key   string
		value int
	}{
		{"legacy.limits.per_second", l.PerSecond},
		{"legacy.limits.burst", l.Burst},
		{"legacy.limits.per_caller", l.PerCaller},
		{"legacy.limits.total", l.Total},
		{"limits.connections", all.Connections},
	} {
		k.want(n.value >= 0, n.key, "must be 0 (no limit) or more, not %d", n.value)
	}
	k.want(all.Connections == 0 || l.Total == 0 || all.Connections > l.Total, "limits.connections",
		"%d is not more than the %d requests of legacy.limits.total: use more, or 0 for half of the files that the process may open",
		all.Connections, l.Total)
}

// everybody finds what gives every recording to everybody. A proxy in front
// makes a listener on loopback one for the world.
func everybody(c Config, from map[string]string) []Problem {
	k := &checker{from: from}
	if len(c.Legacy.APIKeys) > 0 || isLoopback(c.Listen) && len(c.TrustedProxies) == 0 {
		return nil
	}
	reached := fmt.Sprintf("listen %q", c.Listen)
	if isLoopback(c.Listen) {
		reached = "trusted_proxies"
	}
	k.want(!Everybody(c.Legacy.Allow), "legacy.allow",
		"%s together with %s and no legacy.api_keys gives recordings to everybody who can reach the port: "+
			"set legacy.api_keys, or allow only the networks of your CRM, or make a key (recgate key add), or set listen to 127.0.0.1:8080 without trusted_proxies",
		joinedNetworks(c.Legacy.Allow), reached)
	return k.problems
}

// maxActions is how many connections for actions are more than any PBX needs.
const maxActions = 16

// placeholder stands for the secret in recgate.example.yaml.
const placeholder = "..."

func (k *checker) pbxs(all []PBX) {
	k.want(len(all) > 0, "pbx", "at least one PBX is required, with name, address, username and secret")
	seen := map[string]bool{}
	for i, p := range all {
		prefix := "pbx." + strconv.Itoa(i) + "."
		k.name(prefix+"name", p.Name, seen)
		k.want(isAddress(p.Address, false), prefix+"address", "%q is not a valid AMI address: use host:port, for example 127.0.0.1:5038", p.Address)
		k.want(p.TLSName == "" || isServerName(p.TLSName), prefix+"tls_name", "%q is not a valid name of a certificate: use a host name or an IP address, for example pbx.example.org", p.TLSName)
		k.want(p.TLSName == "" || p.TLS.On, prefix+"tls_name", "%q is set without tls: set tls to true or to the file of a certificate", p.TLSName)
		k.want(p.Username != "" && isLine(p.Username), prefix+"username", "%q is not a valid user name: use the name of the section in manager.conf", p.Username)
		k.want(p.Secret != "", prefix+"secret", "is missing: set the secret in manager.conf, or secret_file")
		k.want(p.Secret != placeholder, prefix+"secret", "is still %q as in recgate.example.yaml: set the secret in manager.conf, or secret_file", placeholder)
		k.want(!hasEdge(p.Secret), prefix+"secret", "begins or ends with white space, which a secret in manager.conf cannot: remove it")
		k.want(isLine(p.Secret.Reveal()), prefix+"secret", "contains a control character, which AMI cannot transport")
		k.want(p.ActionConnections >= 0 && p.ActionConnections <= maxActions, prefix+"action_connections", "must be between 0 and %d, not %d", maxActions, p.ActionConnections)
		k.want(isSpool(p.Spool), prefix+"spool", "%q is not a valid folder: use an absolute path with only letters, digits, dots, hyphens and underscores; "+
			"other characters have a special meaning to Asterisk", p.Spool)
		k.want(p.Mount == "" || path.IsAbs(p.Mount), prefix+"mount", "%q is not an absolute path: use the path at which this machine sees the PBX's spool", p.Mount)
		k.want(p.VerifyStart >= 0 && p.VerifyStart <= time.Minute, prefix+"verify_start", "must be between 0 and 1m, not %v", p.VerifyStart)
		k.want(testCall.MatchString(p.TestCall), prefix+"test_call", "%q is not a valid test call: use EXTENSION@CONTEXT with letters, digits, underscores and hyphens, for example tone@recgate-test", p.TestCall)
		for j, e := range p.Extensions {
			k.extension(prefix+"extensions."+strconv.Itoa(j)+".", e)
		}
	}
}

// technologies are what stands before the slash in channel names: a PBX of
// such a name would make SIP/410 mean two things.
var technologies = regexp.MustCompile(`(?i)^(SIP|PJSIP|IAX2?|DAHDI|Zap|Local|SCCP|Skinny|MGCP|H323|OOH323|Agent|Console|Motif|Gtalk|Jingle|` +
	`Mobile|Dongle|Quectel|Khomp|mISDN|CAPI|UNISTIM|Phone|VPB|USBRadio|RTP|UnicastRTP|MulticastRTP|AudioSocket|WebSocket|Bridge|Parked|` +
	`AsyncGoto|Message|Snoop|Surrogate|Recorder|Announcer|CBAnn|CBRec|UniMRCP|Test)$`)

var pbxName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

func (k *checker) name(key, name string, seen map[string]bool) {
	k.want(name != "", key, "is missing: use a short name such as pbx1, and never change it, because records are kept under it")
	k.want(name == "" || pbxName.MatchString(name), key, "%q is not a valid name: use up to 64 of A-Z, a-z, 0-9, _ and -", name)
	k.want(!technologies.MatchString(name), key, "%q is a technology that channel names begin with: use another name, for example pbx1", name)
	k.want(!seen[strings.ToLower(name)], key, "%q is the name of two PBXs: use a different name for each", name)
	seen[strings.ToLower(name)] = name != ""
}

// groupOf finds what regexp's Expand takes for a group in a replacement.
var groupOf = regexp.MustCompile(`\$(?:(\w+)|\{(\w+)\})`)

func (k *checker) extension(prefix string, e Extension) {
	pattern, err := regexp.Compile(e.Endpoint)
	if err != nil || e.Endpoint == "" {
		k.want(false, prefix+"endpoint", `%q is not a valid pattern (%v): use one such as ^99(\d+)$`, e.Endpoint, err)
		return
	}
	k.want(e.Extension != "", prefix+"extension", "is missing: use an extension, such as 410 or $1")
	for _, m := range groupOf.FindAllStringSubmatch(e.Extension, -1) {
		name := m[1] + m[2]
		n, err := strconv.Atoi(name)
		known := err == nil && n <= pattern.NumSubexp() || pattern.SubexpIndex(name) > 0
		k.want(known, prefix+"extension", "%q uses the group %s, which %q does not have: write ${1} if text follows", e.Extension, name, e.Endpoint)
	}
}

// testCall is what the PBX can be told to call without reading more into it.
var testCall = regexp.MustCompile(`^[A-Za-z0-9_-]{1,40}@[A-Za-z0-9_-]{1,40}$`)

// serverName is a common name as it stands in certificates of servers: a host
// name, also one with underscores, or a word such as those that Asterisk's
// script takes.
var serverName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9])?$`)

// isServerName accepts what a certificate can be for.
func isServerName(s string) bool { return serverName.MatchString(s) || net.ParseIP(s) != nil }

// isAddress accepts host:port; a listener may leave the host out and ask for
// any port.
func isAddress(s string, listener bool) bool {
	host, port, err := net.SplitHostPort(s)
	if err != nil || strings.ContainsFunc(host, unicode.IsSpace) {
		return false
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && (listener || host != "" && n > 0)
}

func isLoopback(listen string) bool {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.Unmap().IsLoopback()
}

func isPublicURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.User == nil && u.RawQuery == "" && u.Fragment == ""
}

func isDatabase(s string) bool {
	for _, scheme := range []string{"sqlite:", "mysql://"} {
		if rest, ok := strings.CutPrefix(s, scheme); ok {
			return rest != ""
		}
	}
	return false
}

// spoolPath leaves out whatever MixMonitor and Monitor hand to a parser or a
// shell: commas, blanks, quotes, dollars, backticks.
var spoolPath = regexp.MustCompile(`^(/[A-Za-z0-9._-]+)+/?$`)

func isSpool(s string) bool {
	return spoolPath.MatchString(s) && len(s) <= 200 && path.Clean(s) == strings.TrimSuffix(s, "/")
}

// hasEdge reports whether a secret has white space around it.
func hasEdge(s Secret) bool { return strings.TrimSpace(s.Reveal()) != s.Reveal() }

// isLine reports whether a text fits into one line of AMI.
func isLine(s string) bool { return !strings.ContainsFunc(s, unicode.IsControl) && len(s) < 900 }
