package main

import (
	"bufio"
	"bytes"
	"os"
	"slices"
	"strings"

	"recgate/config"
	"recgate/httpd"
)

// newHosts returns the names by which recgate may be called: the names in the
// configuration and the names of this machine.
func newHosts(cfg config.Config, keyNeeded func() bool) httpd.Hosts {
	names := cfg.HostNames()
	if name, err := os.Hostname(); err == nil {
		table, _ := os.ReadFile("/etc/hosts") // without one there are no more names
		names = append(names, namesOf(name, table)...)
	}
	return httpd.Hosts{Names: names, KeyNeeded: keyNeeded}
}

// namesOf lists the names of a machine: its host name with and without the domain,
// its name in mDNS, and all names beside them in the hosts file. DNS is not asked: it
// might be away at a start, or under somebody else's control.
func namesOf(name string, table []byte) []string {
	short, _, _ := strings.Cut(name, ".")
	names := []string{name, short, short + ".local"}
	var beside []string
	for lines := bufio.NewScanner(bytes.NewReader(table)); lines.Scan(); {
		line, _, _ := strings.Cut(lines.Text(), "#")
		fields := strings.Fields(line)
		known := func(field string) bool { return strings.EqualFold(field, name) || strings.EqualFold(field, short) }
		if len(fields) > 1 && slices.ContainsFunc(fields[1:], known) {
			beside = append(beside, fields[1:]...)
		}
	}
	slices.Sort(beside)
	for _, more := range slices.Compact(beside) {
		if !slices.Contains(names, more) {
			names = append(names, more)
		}
	}
	return names
}
