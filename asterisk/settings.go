package asterisk

import (
	"errors"
	"fmt"
	"log/slog"
	"path"
	"regexp"
	"strings"
	"time"

	"recgate/ami"
)

// Config says what one PBX is. Name, Client and Spool are required.
type Config struct {
	Name   string      // in the configuration, e.g. "pbx1"
	Client ami.Options // how to connect

	// Actions is how many connections are kept for actions on channels beside
	// the event connection, which takes them while none is up, or none is free.
	Actions int

	Recorder    string        // Auto (also the zero value), MixMonitor or Monitor
	Spool       string        // the folder as Asterisk sees it; relative: below its monitor directory
	Mount       string        // the same folder as recgate sees it; default: Spool
	VerifyStart time.Duration // how long a new file may take to be seen; 0: it is not waited for

	Extensions Extensions       // how channels are named by extension
	Clock      func() time.Time // default: time.Now
	Log        *slog.Logger     // default: discarded; its lines get the name as "pbx"
}

// withDefaults replaces zero values.
func (c Config) withDefaults() Config {
	if c.Recorder == "" {
		c.Recorder = Auto
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// spoolText is what a folder may be named by: it becomes part of AMI values,
// in which a comma would begin a command, and lines are bounded.
var spoolText = regexp.MustCompile(`^/?[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*/?$`)

// check says which setting cannot be used, and what would do.
func (c Config) check() error {
	const longest = 500
	folder := strings.TrimSuffix(c.Spool, "/")
	switch {
	case c.Name == "":
		return errors.New("name is empty: give each PBX a name, such as pbx1")
	case c.Recorder != Auto && c.Recorder != MixMonitor && c.Recorder != Monitor:
		return fmt.Errorf("recorder %q: use %s, %s or %s", c.Recorder, Auto, MixMonitor, Monitor)
	case !spoolText.MatchString(c.Spool) || len(c.Spool) > longest:
		return fmt.Errorf("spool %q: use a folder name of letters, digits, dots, hyphens and underscores, such as /var/spool/asterisk/monitor/recgate", c.Spool)
	case path.Clean(folder) != folder || strings.HasPrefix(folder, ".."):
		return fmt.Errorf("spool %q: use a path without . and .. parts", c.Spool)
	case c.Mount == "" && !path.IsAbs(c.Spool):
		return fmt.Errorf("mount is empty: use the path at which recgate sees the folder %q of the PBX", c.Spool)
	case c.Actions < 0:
		return fmt.Errorf("action_connections %d: use 0 or more, such as 2", c.Actions)
	case c.VerifyStart < 0:
		return fmt.Errorf("verify_start %s: use 0 or more, such as 1s", c.VerifyStart)
	case c.Extensions.From != "" && c.Extensions.From != FromName && c.Extensions.From != FromCallerID:
		return fmt.Errorf("extension_from %q: use %s or %s", c.Extensions.From, FromName, FromCallerID)
	}
	for i, m := range c.Extensions.Mappings {
		if m.Endpoint == nil {
			return fmt.Errorf("extensions[%d]: endpoint is missing: use a pattern such as ^99(\\d+)$", i)
		}
	}
	return nil
}
