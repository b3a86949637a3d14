package proof_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"recgate/audio/audiotest"
	"recgate/proof"
	"recgate/recording"
)

const channel = "recgate-test-000000001-1763737200.1"

// scene is a PBX and an endpoint that do as they are told.
type scene struct {
	call, end error // of the PBX
	refuse    map[string]answer
	wav       []byte

	steps []string // what was asked, in order
	tag   string   // of the start
}

// answer is what the endpoint says so many times before it gives in; 0 is forever.
type answer struct {
	status int
	text   string
	times  int
}

func (s *scene) Name() string { return "pbx1" }

func (s *scene) TestCall(_ context.Context, to string) (string, error) {
	s.steps = append(s.steps, "call "+to)
	return channel, s.call
}

func (s *scene) EndTestCall(ctx context.Context, uniqueID string) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	s.steps = append(s.steps, "end "+uniqueID)
	return s.end
}

// RoundTrip is the endpoint.
func (s *scene) RoundTrip(r *http.Request) (*http.Response, error) {
	q := r.URL.Query()
	method := q.Get("method")
	reply := func(status int, text string) (*http.Response, error) {
		return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(text))}, nil
	}
	switch a, refused := s.refuse[method]; {
	case r.Header.Get("Authorization") != "Bearer the-key":
		return reply(401, "a key is needed")
	case refused && a.status == 0:
		return nil, errors.New("connection refused")
	case refused && a.times == 1:
		delete(s.refuse, method)
		return reply(a.status, a.text)
	case refused:
		a.times--
		s.refuse[method] = a
		return reply(a.status, a.text)
	}
	s.steps = append(s.steps, method)
	switch method {
	case "start":
		s.tag = q.Get("tag")
		return reply(200, "200")
	case "stop":
		return reply(200, "200")
	}
	if q.Get("tag") != s.tag || q.Get("username") != proof.Username {
		return reply(404, "no recording carries the tag")
	}
	return reply(200, base64.StdEncoding.EncodeToString(s.wav))
}

// run makes the test, in a bubble whose time passes by itself.
func (s *scene) run(t *testing.T) (said []string, err error) {
	t.Helper()
	if s.wav == nil {
		s.wav = audiotest.Tone(1000, 2)
	}
	synctest.Test(t, func(t *testing.T) {
		err = proof.Test{
			PBX: s, Call: "tone@recgate-test", Endpoint: proof.Endpoint{URL: "http://h/x", Key: "the-key", Client: &http.Client{Transport: s}},
			Report: func(step, _ string) { said = append(said, step) },
		}.Run(t.Context())
	})
	return said, err
}

func TestAllIsWell(t *testing.T) {
	for _, tt := range []struct {
		name   string
		refuse map[string]answer
	}{
		{"at once", nil},
		{"heard of a little later", map[string]answer{"start": {404, "no live call", 3}}},
		{"heard of later, statuses hidden", map[string]answer{"start": {500, "no live call", 3}}},
		{"collected a little later", map[string]answer{"retrieve": {409, "the call is still in progress", 30}}},
	} {
		s := &scene{refuse: tt.refuse}
		said, err := s.run(t)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		if diff := cmp.Diff([]string{"call tone@recgate-test", "start", "stop", "end " + channel, "retrieve"}, s.steps); diff != "" {
			t.Errorf("%s: (-want +asked):\n%s", tt.name, diff)
		}
		if diff := cmp.Diff([]string{proof.StepCall, proof.StepStart, proof.StepStop, proof.StepHangup, proof.StepRetrieve, proof.StepSound}, said); diff != "" {
			t.Errorf("%s: (-want +said):\n%s", tt.name, diff)
		}
		if !strings.HasPrefix(s.tag, proof.TagPrefix) || len(s.tag) == len(proof.TagPrefix) {
			t.Errorf("%s: the tag is %q", tt.name, s.tag)
		}
	}
}

// TestEachStepFails names it, says why, and leaves no call.
func TestEachStepFails(t *testing.T) {
	away := recording.Errorf(recording.Unavailable, "the PBX is away")
	all := func(step string, a answer) map[string]answer { return map[string]answer{step: a} }
	for _, tt := range []struct {
		name  string
		scene scene
		step  string
		says  string
	}{
		{"no call", scene{call: away}, proof.StepCall, "the PBX is away"},
		{"start refused", scene{refuse: all("start", answer{503, "the disk is full", 0})}, proof.StepStart, "the disk is full"},
		{"never known", scene{refuse: all("start", answer{404, "no live call has\nthe unique id", 0})}, proof.StepStart, "no live call has the unique id"},
		{"nobody answers", scene{refuse: all("start", answer{})}, proof.StepStart, "recgate's own endpoint does not answer"},
		{"stop refused", scene{refuse: all("stop", answer{500, "", 0})}, proof.StepStop, "recgate's own endpoint answers 500"},
		{"no hangup", scene{end: away}, proof.StepHangup, "the PBX is away"},
		{"never given", scene{refuse: all("retrieve", answer{409, "the recording is lost", 0})}, proof.StepRetrieve, "the recording is lost"},
		{"no WAV", scene{wav: []byte("hello")}, proof.StepSound, "what came back is not a WAV"},
		{"another tone", scene{wav: audiotest.Tone(600, 2)}, proof.StepSound, "only 0 % of what came back is the 1000 Hz tone"},
		{"silence", scene{wav: audiotest.File(audiotest.Rate, 1, make([]int16, 16000))}, proof.StepSound, "only 0 %"},
		{"half of it", scene{wav: audiotest.Tone(1000, 0.9)}, proof.StepSound, "0.9 s of sound came back, but between 2.0 s and 2.0 s were recorded"},
		{"twice as long", scene{wav: audiotest.Tone(1000, 4)}, proof.StepSound, "4.0 s of sound came back"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := tt.scene.run(t)
			var at *proof.StepError
			if !errors.As(err, &at) || at.Step != tt.step || !strings.HasPrefix(recording.Message(at.Err), tt.says) {
				t.Errorf("%v, want %s: %s", err, tt.step, tt.says)
			}
			ended := strings.Contains(fmt.Sprint(tt.scene.steps), "end "+channel)
			if ended != (tt.scene.call == nil) {
				t.Errorf("asked: %q", tt.scene.steps)
			}
		})
	}
}

// TestGivenUp: a caller who leaves in the middle gets the call ended.
func TestGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scene{}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := proof.Test{PBX: s, Call: "tone@recgate-test", Endpoint: proof.Endpoint{URL: "http://h/x", Key: "the-key", Client: &http.Client{Transport: s}}}.Run(ctx)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("it gave %v", err)
		}
		if diff := cmp.Diff([]string{"call tone@recgate-test", "start", "end " + channel}, s.steps); diff != "" {
			t.Errorf("(-want +asked):\n%s", diff)
		}
	})
}
