package config

import (
	"net/netip"
	"strings"
)

// IncludeEverybody reports whether networks together include every public address of
// IPv4, or of IPv6, in however many pieces.
func IncludeEverybody(networks []Network) bool {
	all := Prefixes(networks)
	return coverBlock(all, netip.MustParsePrefix("0.0.0.0/0")) || coverBlock(all, netip.MustParsePrefix("::/0"))
}

// coverBlock reports whether networks together include every public address of a
// block. It halves the block until a network includes the half, or the half has no
// public address, or no network overlaps it.
func coverBlock(networks []netip.Prefix, block netip.Prefix) bool {
	if isWithin(block, networks) || isWithin(block, notPublic) {
		return true
	}
	networks = overlapping(block, networks)
	if len(networks)+len(overlapping(block, notPublic)) == 0 || block.IsSingleIP() {
		return false
	}
	low := netip.PrefixFrom(block.Addr(), block.Bits()+1)
	return coverBlock(networks, low) && coverBlock(networks, netip.PrefixFrom(upperHalf(block), block.Bits()+1))
}

// listNetworks lists networks for a message, at most eight of them.
func listNetworks(networks []Network) string {
	const most = 8
	var texts []string
	for _, n := range networks[:min(len(networks), most)] {
		texts = append(texts, n.String())
	}
	if len(networks) > most {
		texts = append(texts, "...")
	}
	return strings.Join(texts, ", ")
}

// upperHalf returns the first address of the upper half of a block.
func upperHalf(block netip.Prefix) netip.Addr {
	b := block.Addr().AsSlice()
	b[block.Bits()/8] |= 0x80 >> (block.Bits() % 8)
	a, _ := netip.AddrFromSlice(b) // of the length that an address has
	return a
}

func isWithin(block netip.Prefix, networks []netip.Prefix) bool {
	for _, n := range networks {
		if n.Bits() <= block.Bits() && n.Contains(block.Addr()) {
			return true
		}
	}
	return false
}

func overlapping(block netip.Prefix, networks []netip.Prefix) []netip.Prefix {
	var some []netip.Prefix
	for _, n := range networks {
		if n.Overlaps(block) {
			some = append(some, n)
		}
	}
	return some
}

// notPublic are the blocks from which nobody can call across the internet
// (IANA's registries of special-purpose addresses, RFC 6890). Of IPv6 only
// 2000::/3 is given out.
var notPublic = func() []netip.Prefix {
	var all []netip.Prefix
	for _, block := range []string{
		"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
		"192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",
		"::/3", "4000::/2", "8000::/1",
	} {
		all = append(all, netip.MustParsePrefix(block))
	}
	return all
}()
