package config_test

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"recgate/config"
)

// networks reads texts as the configuration does.
func networks(t interface{ Fatal(...any) }, texts ...string) []config.Network {
	all := make([]config.Network, len(texts))
	for i, text := range texts {
		if err := all[i].UnmarshalText([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func TestEverybody(t *testing.T) {
	var eights, withoutTen, publicEights []string
	for i := range 256 {
		eight := fmt.Sprintf("%d.0.0.0/8", i)
		eights = append(eights, eight)
		if i != 10 {
			withoutTen = append(withoutTen, eight)
		}
		if i > 0 && i < 224 && i != 127 {
			publicEights = append(publicEights, eight)
		}
	}
	for _, tt := range []struct {
		name     string
		networks []string
		want     bool
	}{
		{"none", nil, false},
		{"IPv4", []string{"0.0.0.0/0"}, true},
		{"IPv6", []string{"::/0"}, true},
		{"two halves", []string{"128.0.0.0/1", "10.0.0.0/8", "0.0.0.0/1"}, true},
		{"one half", []string{"0.0.0.0/1"}, false},
		{"three quarters", []string{"0.0.0.0/1", "128.0.0.0/2"}, false},
		{"in pieces", []string{"0.0.0.0/1", "128.0.0.0/2", "192.0.0.0/3", "224.0.0.0/4", "240.0.0.0/5", "248.0.0.0/5"}, true},
		{"all that is no multicast", []string{"0.0.0.0/1", "128.0.0.0/2", "192.0.0.0/3"}, true},
		{"256 pieces", eights, true},
		{"but for private ones", withoutTen, true},
		{"but for what nobody has", publicEights, true},
		{"but for one", publicEights[1:], false},
		{"halves of IPv6", []string{"::/1", "8000::/1"}, true},
		{"what is given out of IPv6", []string{"2000::/3"}, true},
		{"half of it", []string{"2000::/4"}, false},
		{"halves of it", []string{"2000::/4", "3000::/4"}, true},
		{"IPv4 written as IPv6", []string{"::ffff:0.0.0.0/96"}, true},
		{"and its halves", []string{"::ffff:0.0.0.0/97", "::ffff:128.0.0.0/97"}, true},
		{"one half of each way", []string{"::ffff:0.0.0.0/97", "128.0.0.0/1"}, true},
		{"a half of each family", []string{"0.0.0.0/1", "8000::/1"}, false},
		{"all that is private", []string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "127.0.0.0/8", "::1"}, false},
		{"a single address", []string{"192.0.2.7", "2001:db8::7"}, false},
	} {
		if got := config.IncludeEverybody(networks(t, tt.networks...)); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

// TestEverybodyInPieces: however all addresses are cut, they are everybody, and
// without one public piece they are not.
func TestEverybodyInPieces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pieces := []netip.Prefix{rapid.SampledFrom([]netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("2000::/3")}).Draw(t, "all")}
		for range rapid.IntRange(1, 60).Draw(t, "cuts") {
			i := rapid.IntRange(0, len(pieces)-1).Draw(t, "which")
			p := pieces[i]
			if p.IsSingleIP() {
				continue
			}
			b := p.Addr().AsSlice()
			b[p.Bits()/8] |= 0x80 >> (p.Bits() % 8)
			upper, _ := netip.AddrFromSlice(b)
			pieces[i] = netip.PrefixFrom(p.Addr(), p.Bits()+1)
			pieces = append(pieces, netip.PrefixFrom(upper, p.Bits()+1))
		}
		all := make([]config.Network, len(pieces))
		for i, p := range pieces {
			all[i].Prefix = p
		}
		if !config.IncludeEverybody(all) {
			t.Fatalf("%v are not everybody", pieces)
		}
		if p := pieces[0]; p.Bits() <= 5 && !config.IncludeEverybody(all[1:]) || p.Bits() > 5 {
			return
		}
		t.Fatalf("without %v they are still everybody: %v", pieces[0], pieces[1:])
	})
}

// TestOpenInPieces: what is refused whole is refused in pieces too.
func TestOpenInPieces(t *testing.T) {
	for key, file := range map[string]string{
		"legacy.allow":    "listen: ':8080'\nlegacy: {allow: [0.0.0.0/1, 128.0.0.0/1]}\n",
		"trusted_proxies": "trusted_proxies: ['::/1', '8000::/1']\n",
	} {
		_, err := config.Parse("f", []byte(file+minimal), nil)
		if err == nil || !strings.Contains(err.Error(), key+": ") {
			t.Errorf("%s: %v", key, err)
		}
		if _, open := errors.AsType[config.OpenToEverybody](err); open != (key == "legacy.allow") {
			t.Errorf("%s: %T", key, err)
		}
	}
}
