//go:build full

package soapclients_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"recgate/audio/audiotest"
)

// talk is how long a recording runs before it is stopped. It is part of the
// scene: what is asked for afterwards must have been said.
const talk = 1500 * time.Millisecond

// maxArrival is how long a stopped recording may be on its way to the archive.
const maxArrival = 20 * time.Second

func TestClientsThatNobodyHereWrote(t *testing.T) {
	d := startDemo(t)
	for _, tt := range []struct {
		name string
		make func(t *testing.T, address string) client
	}{
		{"php", phpClient},
		{"zeep", zeepClient},
		{"node", nodeClient},
		{"gowsdl", goClient},
		{"curl", curlClient},
	} {
		t.Run(tt.name, func(t *testing.T) {
			play(t, tt.make(t, d.address), d, "O'Brien, "+tt.name+" <é> & 22")
		})
	}
}

// play is the scene: 410 by extension and its partner 411 by unique id are
// recorded and stopped, both recordings come back with their sound, and two
// mistakes are told as what they are.
func play(t *testing.T, do client, d demo, tag string) {
	t.Helper()
	partner := d.uniqueID(t, "411")
	want200(t, do, call{"start", map[string]string{"extenOrUniqueId": "410", "tag": tag}})
	want200(t, do, call{"start", map[string]string{"extenOrUniqueId": partner, "tag": tag + " by id"}})
	time.Sleep(talk)
	want200(t, do, call{"stop", map[string]string{"extenOrUniqueId": "410"}})
	want200(t, do, call{"stop", map[string]string{"extenOrUniqueId": partner}})

	wantSound(t, do, call{"retrieve", map[string]string{"tag": tag, "username": "fred"}})
	wantSound(t, do, call{"retrieve", map[string]string{"tag": tag + " by id", "username": "fred"}})
	wantSound(t, do, call{"retrieveByUniqueId", map[string]string{"uniqueId": partner, "username": "fred"}})

	wantFault(t, do, call{"start", map[string]string{"extenOrUniqueId": "999", "tag": tag}}, `"999"`)
	wantFault(t, do, call{"retrieve", map[string]string{"tag": "no " + tag, "username": "fred"}}, `"no `+tag+`"`)
}

func want200(t *testing.T, do client, c call) {
	t.Helper()
	if got := do(t, c); got.Value != "200" || got.Fault != "" {
		t.Fatalf("%s %v: %+v, want the value 200", c.Method, c.Args, got)
	}
}

// wantFault checks that the client reports a fault whose message quotes what was wrong.
func wantFault(t *testing.T, do client, c call, quote string) {
	t.Helper()
	if got := do(t, c); got.Value != "" || !strings.Contains(got.Fault, quote) {
		t.Errorf("%s %v: %+v, want a fault that quotes %s", c.Method, c.Args, got, quote)
	}
}

// wantSound retrieves, again while the recording is on its way to the archive,
// and checks that it is a WAV in which both parties of the call are heard.
func wantSound(t *testing.T, do client, c call) {
	t.Helper()
	got := do(t, c)
	for end := time.Now().Add(maxArrival); got.Fault != "" && time.Now().Before(end); got = do(t, c) {
		time.Sleep(50 * time.Millisecond)
	}
	if got.Fault != "" {
		t.Fatalf("%s %v: fault %q after %v", c.Method, c.Args, got.Fault, maxArrival)
	}
	wav, err := base64.StdEncoding.Strict().DecodeString(got.Value)
	if err != nil {
		t.Fatalf("%s: not plain base64 on one line: %v", c.Method, err)
	}
	for _, hz := range []float64{400, 600} {
		share, err := audiotest.Share(wav, 0, hz)
		if err != nil {
			t.Fatalf("%s: %v", c.Method, err)
		}
		if share < 25 {
			t.Errorf("%s %v: %.0f Hz has %.0f %% of the power, want about half", c.Method, c.Args, hz, share)
		}
	}
	if seconds := float64(len(wav)-44) / 16000; seconds < 0.5*talk.Seconds() {
		t.Errorf("%s: %.1f s of sound, want about %v", c.Method, seconds, talk)
	}
}
