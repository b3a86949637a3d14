package asterisk

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"recgate/ami"
	"recgate/recording"
)

func TestFaults(t *testing.T) {
	p, err := newPBX(Config{Name: "pbx1", Client: ami.Options{Username: "u"}, Spool: "/s"}, newScripted(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		err       error
		want      recording.Code
		says      string
		uncertain bool
	}{
		{ami.NotConnected(errCut), recording.Unavailable, `the PBX "pbx1" is not connected`, false},
		{ami.NotConnected(fmt.Errorf("log in: %w", ami.ErrAuth)), recording.Unavailable, `refuses the login: check username, secret`, false},
		{ami.NotConnected(fmt.Errorf("log in: %w", ami.ErrInUse)), recording.Unavailable, `one login of the user "u" at a time, and it is in use: write allowmultiplelogin = yes`, false},
		{ami.ErrLost, recording.Unavailable, "was lost before it answered", true},
		{fmt.Errorf("x: %w", ami.ErrBusy), recording.Unavailable, `"pbx1" is busy with earlier requests`, false},
		{fmt.Errorf("x: %w", ami.ErrTimeout), recording.Unavailable, "did not answer in time", true},
		{context.DeadlineExceeded, recording.Unavailable, "did not answer in time", true},
		{context.Canceled, recording.Unavailable, "cancelled", true},
		{ami.ErrUnsafe, recording.Internal, "internal error", false},
		{ami.ErrProtocol, recording.Unavailable, "does not understand: see the log", false},
		{&ami.ResponseError{Action: "Monitor", Message: denied, Denied: true}, recording.Unavailable, `the user "u" of the PBX "pbx1" may not use Monitor: add "call"`, false},
		{&ami.ResponseError{Action: "Monitor", Message: noSuchChannel}, recording.NotFound, "the call has ended", false},
		{&ami.ResponseError{Action: "Monitor", Message: "Boo"}, recording.Unavailable, `the PBX "pbx1" refuses Monitor: "Boo"`, false},
		{errEnded, recording.NotFound, "ended already", false},
	} {
		got := p.account.fault(tt.err)
		code(t, got, tt.want, tt.says)
		if errors.Is(got, recording.ErrUncertain) != tt.uncertain {
			t.Errorf("%v is uncertain: %v, want %v", got, !tt.uncertain, tt.uncertain)
		}
	}
	if p.account.fault(nil) != nil {
		t.Error("nil is an error")
	}
}
