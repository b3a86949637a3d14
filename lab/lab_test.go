//go:build full

package lab_test

import (
	"fmt"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"recgate/internal/await"
	"recgate/lab"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestTransfersAndParking: what no other test does with the lab yet.
func TestTransfersAndParking(t *testing.T) {
	for _, version := range lab.Versions() {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			t.Parallel()
			l := lab.Start(t, version, lab.Options{})
			for _, kind := range []string{lab.Blind, lab.Attended, lab.Refused, lab.Refer} {
				c := l.Call("410", "411", 60, "pjsip")
				channel, to, stays := c.CalleeChannel, "412", "412"
				switch kind {
				case lab.Refused:
					to, stays = "420", "411"
				case lab.Refer:
					channel = "411"
				}
				l.Transfer(kind, channel, to)
				await.Until(t, kind+": 410 with "+stays, func() bool { return isBridged(l, "410", stays) })
				l.Hangup()
			}
			c := l.Call("410", "411", 60, "pjsip")
			parked, space := l.Park(c.CalleeChannel)
			if parked.Channel != c.CallerChannel {
				t.Errorf("parked %s, want %s", parked.Channel, c.CallerChannel)
			}
			l.Retrieve("412", space, 10)
			// 411 stays until it has heard the number of the space.
			await.Until(t, "410 with 412", func() bool { return isBridged(l, "410", "412") })
		})
	}
}

// isBridged reports whether two telephones are in one bridge, and nobody else is up.
func isBridged(l *lab.Lab, a, b string) bool {
	in := map[string]string{}
	all := l.Channels()
	for _, c := range all {
		name, _, _ := strings.Cut(strings.TrimPrefix(c.Name, "PJSIP/"), "-")
		in[name] = c.Bridge
	}
	return len(all) == 2 && in[a] != "" && in[a] == in[b]
}
