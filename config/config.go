// Package config is everything that an operator can set: one struct, filled
// from the defaults, then from one YAML file, then from the environment. Load
// gives it checked, or an error that names every key at fault, its value, the
// place where it was set and what to do. Each key is a yaml tag of Config;
// each is also a variable, by the rule of MapEnv; recgate.example.yaml lists
// them all. To add a key, add a field, its default, its line in that file and,
// if it can be wrong, a check in check.go.
package config

import (
	"net"
	"net/url"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // time zones load on machines that have none installed
)

// Config is the whole configuration. Paths are as given: relative ones begin
// in the folder that recgate was started in.
type Config struct {
	Listen       string    `yaml:"listen"`     // host:port
	PublicURL    string    `yaml:"public_url"` // without a final slash; empty: the Host header
	TLS          ServerTLS `yaml:"tls"`        // of listen
	Database     Secret    `yaml:"database"`   // sqlite:FILE or mysql://user:pass@host:port/name
	DatabaseFile string    `yaml:"database_file"`
	Archive      string    `yaml:"archive"`  // file:FOLDER or s3://BUCKET/PREFIX?endpoint=URL
	Timezone     string    `yaml:"timezone"` // IANA name; empty: the machine's

	PBX    []PBX  `yaml:"pbx"`
	Legacy Legacy `yaml:"legacy"`

	// The keys of an S3 archive. If they are empty, the AWS variables or the shared
	// file of the AWS tools have them.
	ArchiveAccessKey     Secret `yaml:"archive_access_key"`
	ArchiveAccessKeyFile string `yaml:"archive_access_key_file"`
	ArchiveSecretKey     Secret `yaml:"archive_secret_key"`
	ArchiveSecretKeyFile string `yaml:"archive_secret_key_file"`

	// Hosts are the names by which recgate may be called, beside the names of the
	// machine, of Listen and of PublicURL, and whose pages may call it; AnyHost
	// for all names.
	Hosts          []string      `yaml:"hosts"`
	TrustedProxies []Network     `yaml:"trusted_proxies"` // whose word about the caller counts
	ProxyHeader    string        `yaml:"proxy_header" oneof:"x-forwarded-for|forwarded"`
	IdleTimeout    time.Duration `yaml:"idle_timeout"` // of a connection without a request
	Limits         Limits        `yaml:"limits"`       // of the listener; each door has its own

	MaxSeconds int           `yaml:"max_seconds"` // how long a recording may run; 0: as long as its channel
	Disk       Disk          `yaml:"disk"`
	SelfTest   time.Duration `yaml:"self_test"` // how often serve makes a test call on each PBX; 0: never

	Log      string `yaml:"log" oneof:"auto|text|json"`
	LogLevel string `yaml:"log_level" oneof:"debug|info|warn|error"`
	Health   Door   `yaml:"health"`  // /healthz and /readyz
	Metrics  Door   `yaml:"metrics"` // /metrics
	Pprof    string `yaml:"pprof"`   // host:port on loopback; empty: no profiles
}

// Limits of the listener; 0 means half of what the system allows.
type Limits struct {
	Connections int `yaml:"connections"`
}

// DoorLimits are limits for the callers of one door; 0 means none.
type DoorLimits struct {
	PerSecond int       `yaml:"per_second"` // requests of one caller
	Burst     int       `yaml:"burst"`      // of them at once
	PerCaller int       `yaml:"per_caller"` // in progress
	Total     int       `yaml:"total"`      // in progress, of all callers
	Exempt    []Network `yaml:"exempt"`     // counted for Total alone
}

// ServerTLS names the files of a certificate, in PEM; both or none.
type ServerTLS struct {
	Cert string `yaml:"cert"` // followed by its issuers
	Key  string `yaml:"key"`
}

// On reports whether the listener speaks TLS.
func (t ServerTLS) On() bool { return t.Cert != "" }

// Disk says, in percent, how full a disk may be that recordings need.
type Disk struct {
	Warn   int `yaml:"warn"`
	Refuse int `yaml:"refuse"`
}

// Door is a way in that only checks the caller's address.
type Door struct {
	Allow []Network `yaml:"allow"`
}

// PBX is one Asterisk server.
type PBX struct {
	Name       string `yaml:"name"`
	Address    string `yaml:"address"` // host:port of AMI
	Username   string `yaml:"username"`
	Secret     Secret `yaml:"secret"`
	SecretFile string `yaml:"secret_file"`
	TLS        TLS    `yaml:"tls"`

	Spool         string      `yaml:"spool"` // absolute, as Asterisk sees it
	Mount         string      `yaml:"mount"` // absolute, as recgate sees it; Load sets it to Spool when empty
	Extensions    []Extension `yaml:"extensions"`
	ExtensionFrom string      `yaml:"extension_from" oneof:"name|callerid"`

	TLSName string `yaml:"tls_name"` // what its certificate is for; empty: the host of Address
	// ActionConnections is how many logins take the actions on channels,
	// beside the one that receives the events.
	ActionConnections int `yaml:"action_connections"`

	Recorder    string        `yaml:"recorder" oneof:"auto|mixmonitor|monitor"`
	VerifyStart time.Duration `yaml:"verify_start"`
	KeepSpool   bool          `yaml:"keep_spool"`
	TestCall    string        `yaml:"test_call"` // EXTENSION@CONTEXT that plays a tone of 1000 Hz
}

// Extension maps endpoint names to extensions: where the pattern Endpoint
// (Go syntax) matches, Extension is the result, with $1 for its first group.
type Extension struct {
	Endpoint  string `yaml:"endpoint"`
	Extension string `yaml:"extension"`
}

// Legacy is the Noojee endpoint.
type Legacy struct {
	Allow       []Network `yaml:"allow"`
	APIKeys     []Secret  `yaml:"api_keys"`
	APIKeysFile string    `yaml:"api_keys_file"` // one key a line

	GetBody            string `yaml:"get_body" oneof:"base64|envelope"`
	ErrorStatus        string `yaml:"error_status" oneof:"cause|500"`
	SOAPErrors         string `yaml:"soap_errors" oneof:"fault|return"`
	StartReturn        string `yaml:"start_return" oneof:"200|none"`
	StopNothing        string `yaml:"stop_nothing" oneof:"error|success"`
	RetrieveDuringCall bool   `yaml:"retrieve_during_call"`

	Limits DoorLimits `yaml:"limits"`
}

// Default returns the configuration of an empty file: a PBX is still missing.
func Default() Config {
	return Config{
		Listen:      "127.0.0.1:8080",
		IdleTimeout: 620 * time.Second,
		Database:    "sqlite:recgate.db",
		Archive:     "file:archive",
		Log:         "auto",
		LogLevel:    "info",

		MaxSeconds: 10800,
		Disk:       Disk{Warn: 80, Refuse: 97},

		Limits:      Limits{Connections: 4000},
		ProxyHeader: "x-forwarded-for",
		Health:      Door{Allow: []Network{mustNetwork("0.0.0.0/0"), mustNetwork("::/0")}},
		Metrics:     Door{Allow: []Network{mustNetwork("127.0.0.0/8"), mustNetwork("::1")}},

		Legacy: Legacy{
			GetBody:     "base64",
			ErrorStatus: "cause",
			SOAPErrors:  "fault",
			StartReturn: "200",
			StopNothing: "error",
			Allow:       []Network{mustNetwork("127.0.0.0/8"), mustNetwork("::1")},
			Limits: DoorLimits{
				PerSecond: 200, Burst: 1000, PerCaller: 500, Total: 1000,
				Exempt: []Network{mustNetwork("127.0.0.0/8"), mustNetwork("::1")},
			},
		},
	}
}

// DefaultPBX returns what a PBX of the list begins with: name and secret are
// still missing.
func DefaultPBX() PBX {
	return PBX{
		Address:  "127.0.0.1:5038",
		Username: "recgate",

		ActionConnections: 2,

		Recorder:      "auto",
		Spool:         "/var/spool/asterisk/monitor/recgate",
		VerifyStart:   time.Second,
		ExtensionFrom: "name",
		TestCall:      "tone@recgate-test",
	}
}

// AnyHost among Hosts stands for every name.
const AnyHost = "*"

// HostNames returns the names by which recgate may be called as far as the
// configuration has them: Hosts, and those in Listen and PublicURL.
func (c Config) HostNames() []string {
	names := slices.Clone(c.Hosts)
	if host, _, err := net.SplitHostPort(c.Listen); err == nil && host != "" {
		names = append(names, host)
	}
	if u, err := url.Parse(c.PublicURL); err == nil && u.Hostname() != "" {
		names = append(names, u.Hostname())
	}
	return names
}

// Location returns the time zone that Timezone names.
func (c Config) Location() *time.Location {
	if c.Timezone == "" {
		return time.Local
	}
	zone, err := time.LoadLocation(c.Timezone)
	if err != nil { // Load has refused it; a struct made by hand gets the machine's
		return time.Local
	}
	return zone
}

// complete fills in what follows from other keys.
func (c *Config) complete() {
	c.PublicURL = strings.TrimRight(c.PublicURL, "/")
	for i := range c.PBX {
		if c.PBX[i].Mount == "" {
			c.PBX[i].Mount = c.PBX[i].Spool
		}
	}
}
