package asterisk_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"recgate/ami"
	"recgate/asterisk"
	"recgate/asterisk/sim"
	"recgate/internal/await"
	"recgate/recording"
)

// TestWhyThereIsNoConnection: a PBX that was never reached says by which of
// the many reasons, since attempts that fail are not signals.
func TestWhyThereIsNoConnection(t *testing.T) {
	for _, tt := range []struct {
		name, secret, says string
		is                 error
		end                bool // the server is gone before
	}{
		{"login refused", "wrong", "refuses the login", ami.ErrAuth, false},
		{"nobody listens", "good", "is not connected", ami.ErrDown, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server, err := sim.New(sim.Options{Spool: t.TempDir(), Users: []sim.User{{Name: "u", Secret: "good", Write: "all"}}, Refusal: 1})
			if err != nil {
				t.Fatal(err)
			}
			p, err := asterisk.New(asterisk.Config{Name: "pbx1", Spool: "/spool", Client: ami.Options{Address: server.Addr(), Username: "u", Secret: tt.secret}})
			if err != nil {
				t.Fatal(err)
			}
			_, err = p.Find(t.Context(), recording.Target{Text: "410", Name: "410"})
			if !errors.Is(err, ami.ErrConnecting) {
				t.Errorf("before the first attempt: %v, want ErrConnecting", err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error, 2)
			if tt.end {
				err = server.Close()
				ended <- err
			} else {
				go func() { ended <- server.Run(ctx) }()
			}
			go func() { ended <- p.Run(ctx, func(recording.Event) {}) }()
			await.Until(t, "an attempt to fail", func() bool {
				_, err = p.Find(t.Context(), recording.Target{Text: "410", Name: "410"})
				return !errors.Is(err, ami.ErrConnecting)
			})
			if !errors.Is(err, tt.is) || !strings.Contains(recording.Message(err), tt.says) || recording.CodeOf(err) != recording.Unavailable {
				t.Errorf("%v, want one that says %q", err, tt.says)
			}
			cancel()
			for range 2 {
				if err := await.From(t, "Run to end", ended); err != nil {
					t.Error(err)
				}
			}
		})
	}
}
