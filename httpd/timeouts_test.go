package httpd

import (
	"testing"
	"time"
)

// TestTimeouts is about the inside: nobody waits half a minute for a test.
func TestTimeouts(t *testing.T) {
	h := New(Options{}).http
	for name, tt := range map[string][2]time.Duration{
		"read header": {h.ReadHeaderTimeout, 10 * time.Second},
		"read":        {h.ReadTimeout, 30 * time.Second},
		"write":       {h.WriteTimeout, 30 * time.Second},
		"idle":        {h.IdleTimeout, 620 * time.Second},
	} {
		if tt[0] != tt[1] {
			t.Errorf("%s: %v, want %v", name, tt[0], tt[1])
		}
	}
	if h.MaxHeaderBytes != 64<<10 {
		t.Errorf("headers may have %d bytes", h.MaxHeaderBytes)
	}
}
