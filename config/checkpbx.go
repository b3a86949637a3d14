package config

import (
	"net"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// maxActions is the most connections for actions that a PBX may have.
const maxActions = 16

// placeholder stands for the secret in recgate.example.yaml.
const placeholder = "..."

// checkPBXs checks the section of each PBX.
func (k *checker) checkPBXs(all []PBX) {
	k.require(len(all) > 0, "pbx", "at least one PBX is required, with name, address, username and secret")
	seen := map[string]bool{}
	for i, p := range all {
		prefix := "pbx." + strconv.Itoa(i) + "."
		k.checkName(prefix+"name", p.Name, seen)
		k.require(isAddress(p.Address, false), prefix+"address", "%q is not a valid AMI address: use host:port, for example 127.0.0.1:5038", p.Address)
		k.require(p.TLSName == "" || isServerName(p.TLSName), prefix+"tls_name", "%q is not a valid name of a certificate: use a host name or an IP address, for example pbx.example.org", p.TLSName)
		k.require(p.TLSName == "" || p.TLS.On, prefix+"tls_name", "%q is set without tls: set tls to true or to the file of a certificate", p.TLSName)
		k.require(p.Username != "" && isLine(p.Username), prefix+"username", "%q is not a valid user name: use the name of the section in manager.conf", p.Username)
		k.require(p.Secret != "", prefix+"secret", "is missing: set the secret in manager.conf, or secret_file")
		k.require(p.Secret != placeholder, prefix+"secret", "is still %q as in recgate.example.yaml: set the secret in manager.conf, or secret_file", placeholder)
		k.require(!hasEdge(p.Secret), prefix+"secret", "begins or ends with white space, which a secret in manager.conf cannot: remove it")
		k.require(isLine(p.Secret.Reveal()), prefix+"secret", "contains a control character, which AMI cannot transport")
		k.require(p.ActionConnections >= 0 && p.ActionConnections <= maxActions, prefix+"action_connections", "must be between 0 and %d, not %d", maxActions, p.ActionConnections)
		k.require(isSpool(p.Spool), prefix+"spool", "%q is not a valid folder: use an absolute path with only letters, digits, dots, hyphens and underscores; "+
			"other characters have a special meaning to Asterisk", p.Spool)
		k.require(p.Mount == "" || path.IsAbs(p.Mount), prefix+"mount", "%q is not an absolute path: use the path at which this machine sees the PBX's spool", p.Mount)
		k.require(p.VerifyStart >= 0 && p.VerifyStart <= time.Minute, prefix+"verify_start", "must be between 0 and 1m, not %v", p.VerifyStart)
		k.require(testCall.MatchString(p.TestCall), prefix+"test_call", "%q is not a valid test call: use EXTENSION@CONTEXT with letters, digits, underscores and hyphens, for example tone@recgate-test", p.TestCall)
		for j, e := range p.Extensions {
			k.checkExtension(prefix+"extensions."+strconv.Itoa(j)+".", e)
		}
	}
}

// technologies matches what comes before the slash in channel names: with a PBX of
// such a name, SIP/410 would mean two things.
var technologies = regexp.MustCompile(`(?i)^(SIP|PJSIP|IAX2?|DAHDI|Zap|Local|SCCP|Skinny|MGCP|H323|OOH323|Agent|Console|Motif|Gtalk|Jingle|` +
	`Mobile|Dongle|Quectel|Khomp|mISDN|CAPI|UNISTIM|Phone|VPB|USBRadio|RTP|UnicastRTP|MulticastRTP|AudioSocket|WebSocket|Bridge|Parked|` +
	`AsyncGoto|Message|Snoop|Surrogate|Recorder|Announcer|CBAnn|CBRec|UniMRCP|Test)$`)

var pbxName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// checkName checks the name of a PBX; seen are the names before it, in lower case.
func (k *checker) checkName(key, name string, seen map[string]bool) {
	k.require(name != "", key, "is missing: use a short name such as pbx1, and never change it, because records are kept under it")
	k.require(name == "" || pbxName.MatchString(name), key, "%q is not a valid name: use up to 64 of A-Z, a-z, 0-9, _ and -", name)
	k.require(!technologies.MatchString(name), key, "%q is a technology that channel names begin with: use another name, for example pbx1", name)
	k.require(!seen[strings.ToLower(name)], key, "%q is the name of two PBXs: use a different name for each", name)
	seen[strings.ToLower(name)] = name != ""
}

// groupOf matches a group in a replacement, as regexp's Expand reads it.
var groupOf = regexp.MustCompile(`\$(?:(\w+)|\{(\w+)\})`)

func (k *checker) checkExtension(prefix string, e Extension) {
	pattern, err := regexp.Compile(e.Endpoint)
	if err != nil || e.Endpoint == "" {
		k.require(false, prefix+"endpoint", `%q is not a valid pattern (%v): use one such as ^99(\d+)$`, e.Endpoint, err)
		return
	}
	k.require(e.Extension != "", prefix+"extension", "is missing: use an extension, such as 410 or $1")
	for _, m := range groupOf.FindAllStringSubmatch(e.Extension, -1) {
		name := m[1] + m[2]
		n, err := strconv.Atoi(name)
		known := err == nil && n <= pattern.NumSubexp() || pattern.SubexpIndex(name) > 0
		k.require(known, prefix+"extension", "%q uses the group %s, which %q does not have: write ${1} if text follows", e.Extension, name, e.Endpoint)
	}
}

// testCall leaves out every character that has a special meaning to the PBX.
var testCall = regexp.MustCompile(`^[A-Za-z0-9_-]{1,40}@[A-Za-z0-9_-]{1,40}$`)

// serverName matches a common name in a server's certificate: a host name, also one
// with underscores, or a word, as Asterisk's script uses.
var serverName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9])?$`)

// isServerName reports whether a certificate can be for a name.
func isServerName(s string) bool { return serverName.MatchString(s) || net.ParseIP(s) != nil }

// spoolPath leaves out every character that MixMonitor and Monitor pass to a parser
// or a shell: commas, blanks, quotes, dollars, backticks.
var spoolPath = regexp.MustCompile(`^(/[A-Za-z0-9._-]+)+/?$`)

func isSpool(s string) bool {
	return spoolPath.MatchString(s) && len(s) <= 200 && path.Clean(s) == strings.TrimSuffix(s, "/")
}

// isLine reports whether a text fits into one line of AMI.
func isLine(s string) bool { return !strings.ContainsFunc(s, unicode.IsControl) && len(s) < 900 }
