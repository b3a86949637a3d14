package proof

import (
	"fmt"
	"time"

	"recgate/audio/audiotest"
	"recgate/recording"
)

const (
	enoughTone = 80.0        // percent of the power
	tolerance  = time.Second // of the length, to either side
)

// sound is what a recording contains.
type sound struct {
	length time.Duration
	share  float64 // percent of the power that is the tone
}

// listen measures a WAV.
func listen(wav []byte, hertz float64) (sound, error) {
	samples, rate, err := audiotest.Decode(wav, 0)
	if err != nil {
		return sound{}, &recording.Error{Code: recording.Unavailable, Msg: "what came back is not a WAV: see the log of recgate", Err: err}
	}
	return sound{
		length: time.Duration(len(samples)) * time.Second / time.Duration(rate),
		share:  audiotest.SampleShare(samples, rate, hertz),
	}, nil
}

// check demands the tone, for as long as was recorded.
func (h sound) check(recorded span, hertz float64) error {
	switch {
	case h.share < enoughTone:
		return recording.Errorf(recording.Unavailable, "only %s of what came back is the %d Hz tone that the call plays: "+
			"does the extension of the key test_call play it (see docs/asterisk.md), and is a timing module loaded on the PBX (timing test)?", percent(h.share), int(hertz))
	case h.length < recorded.least-tolerance || h.length > recorded.most+tolerance:
		return recording.Errorf(recording.Unavailable, "%s of sound came back, but between %s and %s were recorded: sound is missing or doubled; check the load of the PBX",
			seconds(h.length), seconds(recorded.least), seconds(recorded.most))
	}
	return nil
}

func percent(share float64) string { return fmt.Sprintf("%.0f %%", share) }

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }
