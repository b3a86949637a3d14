package config

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
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
func (c Config) Check() error { return judge(c, nil) }

// judge returns the error of a configuration: everything that is wrong with it, or
// an OpenToEverybody, or nil.
func judge(c Config, from map[string]string) error {
	if problems := findProblems(c, from); len(problems) > 0 {
		return joinProblems(problems)
	}
	if open := findOpenDoors(c, from); len(open) > 0 {
		return OpenToEverybody{open}
	}
	return nil
}

// hostName matches a name as in a Host header, or an address.
var hostName = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?$|^[0-9a-fA-F:]+$`)

// maxMaxSeconds is a week: longer than any call.
const maxMaxSeconds = 7 * 24 * 3600

// checker collects problems, each with its key.
type checker struct {
	from     map[string]string
	problems []Problem
}

// require adds a problem unless ok.
func (k *checker) require(ok bool, key, format string, args ...any) {
	if !ok {
		k.problems = append(k.problems, Problem{From: k.from[key], Key: key, Msg: fmt.Sprintf(format, args...)})
	}
}

// findProblems checks values that have the right type but may still be wrong.
func findProblems(c Config, from map[string]string) []Problem {
	k := &checker{from: from}
	visitLeaves(reflect.ValueOf(c), "", func(l leaf) {
		oneof := strings.Split(l.oneof, "|")
		k.require(l.oneof == "" || slices.Contains(oneof, l.value.String()), l.key, "%q is not one of %s", l.value, strings.Join(oneof, ", "))
	})
	k.checkListener(c)
	k.require(!hasEdge(c.Database), "database", "the value (not shown: it may contain a password) begins or ends with white space: remove it")
	k.require(isDatabase(c.Database.Reveal()), "database", "the value (not shown: it may contain a password) is not a database: use sqlite:FILE or mysql://user:pass@host:3306/name")
	k.checkArchive(c)
	k.require(c.SelfTest == 0 || c.SelfTest >= 10*time.Second && c.SelfTest <= 7*24*time.Hour, "self_test", "must be 0 (never) or between 10s and 168h, for example 1h, not %v", c.SelfTest)
	_, err := time.LoadLocation(c.Timezone)
	k.require(err == nil, "timezone", "%q is not a time zone: use a name such as Australia/Melbourne, or leave it empty for the machine's", c.Timezone)
	k.require(c.MaxSeconds >= 0 && c.MaxSeconds <= maxMaxSeconds, "max_seconds", "must be between 0 (no limit) and %d (a week), not %d", maxMaxSeconds, c.MaxSeconds)
	k.require(c.Disk.Warn >= 1 && c.Disk.Warn <= 100, "disk.warn", "must be between 1 and 100 (percent), not %d", c.Disk.Warn)
	k.require(c.Disk.Refuse >= max(1, c.Disk.Warn) && c.Disk.Refuse <= 100, "disk.refuse",
		"must be between disk.warn and 100 (percent), not %d", c.Disk.Refuse)
	k.checkPBXs(c.PBX)
	k.checkKeys(c.Legacy)
	k.checkLimits(c.Limits, c.Legacy.Limits)
	return k.problems
}

// checkListener checks where and how recgate listens.
func (k *checker) checkListener(c Config) {
	k.require(isAddress(c.Listen, true), "listen", "%q is not a valid listen address: use host:port, for example 127.0.0.1:8080", c.Listen)
	k.require(c.PublicURL == "" || isPublicURL(c.PublicURL), "public_url", "%q is not a valid URL: use one such as https://recgate.example.org", c.PublicURL)
	k.require(c.IdleTimeout >= 5*time.Second && c.IdleTimeout <= 24*time.Hour, "idle_timeout", "%v is not a valid time: use 5s to 24h, longer than the balancer in front keeps connections, for example 620s", c.IdleTimeout)
	for _, host := range c.Hosts {
		k.require(host == AnyHost || hostName.MatchString(host) && len(host) <= 253, "hosts",
			"%q is not a host name: use a name without scheme and port, for example recgate.example.org, or * for any", host)
	}
	k.require(!IncludeEverybody(c.TrustedProxies), "trusted_proxies", "%s would let every caller choose its own address: list only the addresses of your proxies", listNetworks(c.TrustedProxies))
	k.require(c.TLS.Cert == "" || c.TLS.Key != "", "tls.cert", "%q is set without tls.key: set the file of its private key too", c.TLS.Cert)
	k.require(c.TLS.Key == "" || c.TLS.Cert != "", "tls.key", "%q is set without tls.cert: set the file of the certificate too", c.TLS.Key)
	k.require(c.Pprof == "" || isAddress(c.Pprof, false) && isLoopback(c.Pprof), "pprof", "%q is not a loopback address: profiles show internals, so use for example 127.0.0.1:6060, or leave it empty", c.Pprof)
}

func (k *checker) checkKeys(l Legacy) {
	for i, key := range l.APIKeys {
		k.require(isKey(key.Reveal()), "legacy.api_keys", "key %d of the list (not shown) is empty, or contains a space or an unprintable character: write each key without spaces", i+1)
	}
}

// checkLimits refuses limits that would keep everybody out or have no meaning.
func (k *checker) checkLimits(all Limits, l DoorLimits) {
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
		k.require(n.value >= 0, n.key, "must be 0 (no limit) or more, not %d", n.value)
	}
	k.require(all.Connections == 0 || l.Total == 0 || all.Connections > l.Total, "limits.connections",
		"%d is not more than the %d requests of legacy.limits.total: use more, or 0 for half of the files that the process may open",
		all.Connections, l.Total)
}

// findOpenDoors finds settings that give every recording to everybody. With a proxy
// in front, a listener on loopback is open to the world.
func findOpenDoors(c Config, from map[string]string) []Problem {
	k := &checker{from: from}
	if len(c.Legacy.APIKeys) > 0 || isLoopback(c.Listen) && len(c.TrustedProxies) == 0 {
		return nil
	}
	reached := fmt.Sprintf("listen %q", c.Listen)
	if isLoopback(c.Listen) {
		reached = "trusted_proxies"
	}
	k.require(!IncludeEverybody(c.Legacy.Allow), "legacy.allow",
		"%s together with %s and no legacy.api_keys gives recordings to everybody who can reach the port: "+
			"set legacy.api_keys, or allow only the networks of your CRM, or make a key (recgate key add), or set listen to 127.0.0.1:8080 without trusted_proxies",
		listNetworks(c.Legacy.Allow), reached)
	return k.problems
}

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

// hasEdge reports whether a secret has white space around it.
func hasEdge(s Secret) bool { return strings.TrimSpace(s.Reveal()) != s.Reveal() }
