package recording_test

import (
	"testing"

	"recgate/recording"
)

// TestMay: a key holder may use the methods of the key and no other, and a
// revoked key is for none.
func TestMay(t *testing.T) {
	crm := recording.Actor{Kind: recording.KeyHolder, Name: "crm", Methods: []string{recording.MethodStart, recording.MethodStop}}
	old := recording.Actor{Kind: recording.KeyHolder, Name: "old"}
	for _, tt := range []struct {
		actor        recording.Actor
		method, says string
	}{
		{recording.Actor{}, recording.MethodRetrieve, ""},
		{crm, recording.MethodStop, ""},
		{crm, recording.MethodRetrieve, `the key "crm" may not use retrieve: it is for start, stop`},
		{crm, "Start", `the key "crm" may not use Start: it is for start, stop`},
		{old, recording.MethodStart, `the key "old" was revoked`},
	} {
		err := tt.actor.May(tt.method)
		if tt.says == "" {
			if err != nil {
				t.Errorf("%q %s: %v", tt.actor.Name, tt.method, err)
			}
			continue
		}
		if recording.CodeOf(err) != recording.Forbidden || recording.Message(err) != tt.says {
			t.Errorf("%v, want %q", err, tt.says)
		}
	}
}
