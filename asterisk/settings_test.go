package asterisk

import (
	"strings"
	"testing"
)

func TestConfig(t *testing.T) {
	good := Config{Name: "pbx1", Spool: "/var/spool/asterisk/monitor/recgate"}
	for says, edit := range map[string]func(*Config){
		"":                      func(*Config) {},
		"name is empty":         func(c *Config) { c.Name = "" },
		`recorder "best"`:       func(c *Config) { c.Recorder = "best" },
		`spool ""`:              func(c *Config) { c.Spool = "" },
		`spool "/a,b"`:          func(c *Config) { c.Spool = "/a,b" },
		`spool "/a b"`:          func(c *Config) { c.Spool = "/a b" },
		`spool "/$(x)"`:         func(c *Config) { c.Spool = "/$(x)" },
		`spool "/a\nb"`:         func(c *Config) { c.Spool = "/a\nb" },
		`spool "/a/../b"`:       func(c *Config) { c.Spool = "/a/../b" },
		`spool "../b"`:          func(c *Config) { c.Spool, c.Mount = "../b", "/m" },
		"mount is empty":        func(c *Config) { c.Spool = "recgate" },
		"action_connections -1": func(c *Config) { c.Actions = -1 },
		"verify_start":          func(c *Config) { c.VerifyStart = -1 },
		"extension_from":        func(c *Config) { c.Extensions.From = "moon" },
		"extensions[0]":         func(c *Config) { c.Extensions.Mappings = []Mapping{{}} },
	} {
		c := good
		edit(&c)
		_, err := New(c)
		if says == "" && err != nil || says != "" && (err == nil || !strings.Contains(err.Error(), says)) {
			t.Errorf("New(%+v) = %v, want %q", c, err, says)
		}
	}
}
