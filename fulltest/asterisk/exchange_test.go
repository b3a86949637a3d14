//go:build full

package asterisk_test

import (
	"io"
	"strconv"
	"strings"
	"testing"
	"time"

	"recgate/ami"
	"recgate/asterisk"
	"recgate/audio/audiotest"
	"recgate/fulltest/wire"
	"recgate/lab"
	"recgate/recording"
	"recgate/recording/recordingtest"
)

// exchange is a real Asterisk with its telephones, reached through a wire
// that can be cut.
type exchange struct {
	*lab.Lab
	pbx  *asterisk.PBX
	wire *wire.Wire
	tech string
}

// newExchange uses a lab without calls for one test.
func newExchange(t *testing.T, l *lab.Lab, tech, recorder string) *exchange {
	t.Helper()
	l.Hangup()
	w := wire.New(t, l.AMI)
	pbx, err := asterisk.New(asterisk.Config{
		Name:        "pbx1",
		Client:      ami.Options{Address: w.Address(), Username: "recorder", Secret: l.Secret("recorder"), BackoffMin: 20 * time.Millisecond},
		Actions:     2,
		Recorder:    recorder,
		Spool:       l.Spool,
		VerifyStart: time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	return &exchange{Lab: l, pbx: pbx, wire: w, tech: tech}
}

func (x *exchange) PBX() recording.PBX { return x.pbx.Ports() }

func (x *exchange) Call(t testing.TB, from, to string) (caller, callee string) {
	t.Helper()
	c := x.Lab.Call(from, to, 60, x.tech)
	return c.CallerUniqueID, c.CalleeUniqueID
}

func (x *exchange) CallAs(t testing.TB, from, to, uniqueID string) {
	t.Helper()
	x.Lab.CallAs(from, to, uniqueID, x.tech)
}

func (x *exchange) Ring(t testing.TB, from, to string) string {
	t.Helper()
	x.Dial(from, to, 60, x.tech)
	for limit := time.Now().Add(10 * time.Second); time.Now().Before(limit); time.Sleep(20 * time.Millisecond) {
		for _, c := range x.Channels() {
			if recording.Extension(c.Name) == to && !strings.HasPrefix(c.Name, "Local/") {
				return c.UniqueID
			}
		}
	}
	t.Fatalf("%s does not ring", to)
	return ""
}

func (x *exchange) Hangup(t testing.TB, uniqueID string) {
	t.Helper()
	x.HangupChannel(uniqueID)
}

func (x *exchange) Pass(d time.Duration) { time.Sleep(d) }

func (x *exchange) Tone(extension string) float64 { return tone(extension) }

func (x *exchange) Cut(testing.TB) { x.wire.Cut() }

// tone is the voice of an extension of the lab, in Hz.
func tone(extension string) float64 {
	n, err := strconv.Atoi(extension)
	if err != nil {
		panic(err)
	}
	return float64(n/100*100 + n%10*200)
}

func listen(t testing.TB, wav io.ReaderAt, size int64, hz float64) float64 {
	t.Helper()
	b := make([]byte, size)
	if _, err := wav.ReadAt(b, 0); err != nil && err != io.EOF {
		t.Fatal(err)
	}
	return toneShare(t, b, hz)
}

// toneShare is how much of a WAV's power lies near a frequency, 0 to 1.
func toneShare(t testing.TB, wav []byte, hz float64) float64 {
	t.Helper()
	percent, err := audiotest.Share(wav, 0, hz)
	if err != nil {
		t.Fatal(err)
	}
	return percent / 100
}

// TestPBX holds the real Asterisk and our client to the contract that the
// simulated one obeys.
func TestPBX(t *testing.T) {
	for _, version := range lab.Versions() {
		t.Run(strconv.Itoa(version), func(t *testing.T) {
			t.Parallel() // each has its own Asterisk, and most of a scene is waiting
			l := lab.Start(t, version, lab.Options{Punctual: true})
			for _, kind := range kinds(version) {
				t.Run(kind.recorder+" over "+kind.tech, func(t *testing.T) {
					recordingtest.TestPBX(t, listen, func(t *testing.T) recordingtest.Exchange {
						return recordingtest.ExchangeOf(newExchange(t, l, kind.tech, kind.recorder))
					})
				})
			}
		})
	}
}

type kind struct{ recorder, tech string }

// kinds are the recorders and technologies that a version has.
func kinds(version int) []kind {
	if !lab.HasMonitor(version) {
		return []kind{{"mixmonitor", "pjsip"}}
	}
	return []kind{{"mixmonitor", "pjsip"}, {"mixmonitor", "sip"}, {"monitor", "pjsip"}, {"monitor", "sip"}}
}
