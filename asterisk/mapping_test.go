package asterisk_test

import (
	"regexp"
	"testing"

	"recgate/ami/amitest"
	"recgate/asterisk"
)

func TestExtensions(t *testing.T) {
	mapped := asterisk.Extensions{Mappings: []asterisk.Mapping{
		{Endpoint: regexp.MustCompile(`^99(\d+)$`), Extension: "$1"},
		{Endpoint: regexp.MustCompile(`^0004f2abcd12$`), Extension: "410"},
		{Endpoint: regexp.MustCompile(`^99`), Extension: "never"},
		{Endpoint: regexp.MustCompile(`^trunk`), Extension: ""},
	}}
	byCaller := asterisk.Extensions{From: asterisk.FromCallerID}
	for _, tt := range []struct {
		x                 asterisk.Extensions
		channel, callerID string
		want              string
	}{
		{asterisk.Extensions{}, "PJSIP/410-00000001", "0383208100", "410"},
		{mapped, "PJSIP/99410-00000001", "", "410"},
		{mapped, "PJSIP/0004f2abcd12-00000001", "", "410"},
		{mapped, "PJSIP/9999-00000001", "", "99"},
		{mapped, "PJSIP/99x-00000001", "", "never"},
		{mapped, "PJSIP/500-00000001", "", "500"},
		{mapped, "PJSIP/trunk1-00000001", "", ""},
		{byCaller, "PJSIP/phone7-00000001", "410", "410"},
		{byCaller, "PJSIP/phone7-00000001", "<unknown>", ""},
		{byCaller, "Snoop/1.1-00000001", "410", ""},
	} {
		table := asterisk.NewTable("pbx1", tt.x)
		m := amitest.Message("Event", "Newchannel", "Channel", tt.channel, "ChannelState", "6", "CallerIDNum", tt.callerID, "Uniqueid", "1.1", "Linkedid", "1.1")
		table.Apply(m, noon)
		if c, _ := table.Get("1.1"); c.Extension != tt.want {
			t.Errorf("extension of %s (caller %s) is %q, want %q", tt.channel, tt.callerID, c.Extension, tt.want)
		}
	}
}
