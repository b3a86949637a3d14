package config

import (
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"path"
)

const hidden = "***"

// Secret is a text that is never shown: whatever prints, logs or marshals it
// gets "***". Reveal gives the text itself.
type Secret string

// Reveal returns the text, for the one place that needs it.
func (s Secret) Reveal() string { return string(s) }

// String returns "***", or "" for an empty secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return hidden
}

// Format implements fmt.Formatter, so that no verb at all shows the text.
func (s Secret) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, s.String()) // fmt keeps the error of its writer
}

// LogValue implements slog.LogValuer.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText implements encoding.TextMarshaler, for JSON and similar formats.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Network is who may call: an address or a network in CIDR notation.
type Network struct{ netip.Prefix }

// UnmarshalText implements encoding.TextUnmarshaler. A bare address is a
// network of one; IPv4 addresses in their IPv6 form are taken as IPv4.
func (n *Network) UnmarshalText(b []byte) error {
	text := string(b)
	if a, err := netip.ParseAddr(text); err == nil && a.Zone() == "" {
		a = a.Unmap()
		n.Prefix = netip.PrefixFrom(a, a.BitLen())
		return nil
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return fmt.Errorf("%q is not a network: use an address such as 192.0.2.7 or a network such as 192.0.2.0/24", text)
	}
	if masked := p.Masked(); masked != p {
		return fmt.Errorf("%q has bits set outside its mask: use %s, or the single address %s", text, masked, p.Addr())
	}
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	n.Prefix = p
	return nil
}

func mustNetwork(text string) Network {
	var n Network
	if err := n.UnmarshalText([]byte(text)); err != nil {
		panic(err)
	}
	return n
}

// Prefixes returns networks as net/netip has them.
func Prefixes(networks []Network) []netip.Prefix {
	all := make([]netip.Prefix, 0, len(networks))
	for _, n := range networks {
		all = append(all, n.Prefix)
	}
	return all
}

// Keys returns the keys themselves. Callers must show one of them; without any, no
// key is required.
func (l Legacy) Keys() []string {
	all := make([]string, 0, len(l.APIKeys))
	for _, k := range l.APIKeys {
		all = append(all, k.Reveal())
	}
	return all
}

// TLS says whether AMI uses TLS, and which authority is trusted for it.
type TLS struct {
	On     bool
	CAFile string // empty: the machine's authorities
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (t *TLS) UnmarshalText(b []byte) error {
	switch text := string(b); {
	case text == "true":
		*t = TLS{On: true}
	case text == "false":
		*t = TLS{}
	case path.IsAbs(text):
		*t = TLS{On: true, CAFile: text}
	default:
		return fmt.Errorf("%q is not a valid value: use true, false, or the absolute path of a file with the certificate of the PBX or its authority", text)
	}
	return nil
}

// String returns what UnmarshalText reads.
func (t TLS) String() string {
	if t.CAFile != "" {
		return t.CAFile
	}
	return fmt.Sprint(t.On)
}
