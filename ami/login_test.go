package ami_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"recgate/ami"
	"recgate/ami/amitest"
	"recgate/internal/await"
)

// noID is an action without its ActionID, which is random.
func noID(a ami.Message) ami.Message {
	var rest ami.Message
	for _, h := range a {
		if h.Name != "ActionID" {
			rest = append(rest, h)
		}
	}
	return rest
}

func TestLoginAction(t *testing.T) {
	logins := make(chan ami.Message, 2)
	o := amitest.OnLoopback(t, func(p *amitest.Peer) {
		a, _ := p.Login()
		logins <- a
		p.Action()
	})
	for _, events := range []string{"", "call,cdr"} {
		o.Events = events
		c := run(t, o)
		c.next(t, ami.SignalUp)
		c.stop()
	}
	first, second := await.From(t, "the first login", logins), await.From(t, "the second login", logins)
	want := ami.Message{{"Action", "Login"}, {"Username", amitest.Username}, {"Events", "call"}, {"Secret", amitest.Secret}}
	if diff := cmp.Diff(want, noID(first)); diff != "" {
		t.Errorf("login (-want +got):\n%s", diff)
	}
	if got := second.Get("Events"); got != "call,cdr" {
		t.Errorf("Events: %q", got)
	}
	ids := []string{first.Get("ActionID"), second.Get("ActionID")}
	if ids[0] == ids[1] || len(ids[0]) < 16 {
		t.Errorf("ActionIDs %q: want random ones", ids)
	}
}

// TestMD5 replays the captured login-md5: the key was computed by another
// program, and Asterisk accepted it.
func TestMD5(t *testing.T) {
	got := make(chan ami.Message, 2)
	o := amitest.OnLoopback(t, func(p *amitest.Peer) {
		p.Greet()
		a, _ := p.Action()
		got <- a
		p.Send(amitest.Answer(a, "Success", "Challenge: 162943667"))
		a, _ = p.Action()
		got <- a
		p.Send(amitest.Answer(a, "Success"))
		p.Action()
	})
	o.MD5, o.Secret = true, "adminsecret"
	c := run(t, o)
	c.next(t, ami.SignalUp)
	want := []ami.Message{
		{{"Action", "Challenge"}, {"AuthType", "MD5"}},
		{
			{"Action", "Login"},
			{"Username", amitest.Username},
			{"Events", "call"},
			{"AuthType", "MD5"},
			{"Key", "06100311b42ce807abd2ff123307df3e"},
		},
	}
	if diff := cmp.Diff(want, []ami.Message{noID(await.From(t, "the first action", got)), noID(await.From(t, "the second action", got))}); diff != "" {
		t.Errorf("actions (-want +got):\n%s", diff)
	}
}

// TestOneSegment: what follows the login answer in the same piece is kept.
func TestOneSegment(t *testing.T) {
	o := amitest.OnLoopback(t, func(p *amitest.Peer) {
		p.Greet()
		a, _ := p.Action()
		messages := [][]string{{"Event: Early"}, amitest.Answer(a, "Success"), {"Event: FullyBooted"}, {}}
		for n := range 5 {
			messages = append(messages, []string{"Event: Newchannel", fmt.Sprintf("Uniqueid: 1.%d", n)})
		}
		p.Send(messages...)
		p.Action()
	})
	c := run(t, o)
	c.next(t, ami.SignalUp)
	var got []string
	for range 7 {
		m := c.next(t, ami.SignalEvent).Message
		got = append(got, m.Get("Event")+m.Get("Uniqueid"))
	}
	want := []string{"Early", "FullyBooted", "Newchannel1.0", "Newchannel1.1", "Newchannel1.2", "Newchannel1.3", "Newchannel1.4"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// TestLoginAlreadyInUse: Asterisk allows one login at a time, and has not seen
// yet that we left it. The error names the setting, and we are back soon.
func TestLoginAlreadyInUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := amitest.OnPipes(t, func(p *amitest.Peer) {
			if p.N > 3 {
				amitest.Obey(amitest.Succeed)(p)
				return
			}
			p.Greet()
			a, _ := p.Action()
			p.Send(amitest.Answer(a, "Error", "Message: Login Already In Use"))
		})
		c := run(t, o)
		synctest.Wait()
		if _, err := c.State(); !errors.Is(err, ami.ErrInUse) || !errors.Is(err, ami.ErrAuth) ||
			!strings.Contains(err.Error(), "allowmultiplelogin = yes") || !strings.Contains(err.Error(), "Login Already In Use") {
			t.Errorf("State: %v, want that allowmultiplelogin is off", err)
		}
		time.Sleep(3 * time.Second)
		c.next(t, ami.SignalUp)
	})
}

// TestLoginRefusedThenAllowed: refusals slow the client down, and it still
// comes up when the account is repaired.
func TestLoginRefusedThenAllowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var attempts []time.Duration
		o := amitest.OnPipes(t, func(p *amitest.Peer) {
			attempts = append(attempts, time.Since(bubbleStart))
			if p.N > 4 {
				amitest.Obey(amitest.Succeed)(p)
				return
			}
			p.Greet()
			a, _ := p.Action()
			time.Sleep(time.Second) // of the bubble: Asterisk waits, then closes
			p.Send(amitest.Answer(a, "Error", "Message: Authentication failed"))
		})
		o.BackoffMin, o.BackoffMax, o.BackoffRefused = 100*time.Millisecond, 10*time.Second, time.Minute
		o.Random = half{}
		c := run(t, o)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if up, err := c.State(); up || !errors.Is(err, ami.ErrAuth) {
			t.Errorf("State = %v, %v; want ErrAuth", up, err)
		}
		_, err := c.Do(t.Context(), ami.NewAction("Ping"))
		if !errors.Is(err, ami.ErrAuth) || !errors.Is(err, ami.ErrDown) {
			t.Errorf("Do: %v, want ErrDown for ErrAuth", err)
		}
		if s := waitSignal(t, c); s.Kind != ami.SignalUp {
			t.Errorf("%+v, want Up", s)
		}
		// 1 s for each refusal, then waits of 10, 20, 40 and 60 s, less the jitter.
		want := []time.Duration{0, 11, 32, 73, 134}
		for i := range want {
			want[i] *= time.Second
		}
		if diff := cmp.Diff(want, attempts); diff != "" {
			t.Errorf("attempts (-want +got):\n%s", diff)
		}
		c.stop()
	})
}

// half is chance that always comes out as nothing: no jitter.
type half struct{}

func (half) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// TestFailedLogins: none of these peers is logged in to; each gets another
// attempt, and each has its reason.
func TestFailedLogins(t *testing.T) {
	tests := []struct {
		name   string
		script func(*amitest.Peer)
		md5    bool
		took   time.Duration // until the first attempt has failed
		want   error
	}{
		{"no greeting", func(p *amitest.Peer) { p.Action() }, false, 4 * time.Second, ami.ErrTimeout},
		{"half a greeting", func(p *amitest.Peer) { fmt.Fprint(p, "Asterisk Call Man"); p.Action() }, false, 4 * time.Second, ami.ErrTimeout},
		{"no answer", func(p *amitest.Peer) { p.Greet(); p.Action(); p.Action() }, false, 4 * time.Second, ami.ErrTimeout},
		{"another protocol", func(p *amitest.Peer) { fmt.Fprint(p, "220 mail.example ESMTP\r\n"); p.Action() }, false, 0, ami.ErrProtocol},
		{"an endless greeting", func(p *amitest.Peer) { fmt.Fprint(p, strings.Repeat("Asterisk", 10_000)) }, false, 0, ami.ErrProtocol},
		{"too many events", func(p *amitest.Peer) {
			p.Greet()
			p.Action()
			for range 1000 {
				p.Send([]string{"Event: X"})
			}
		}, false, 0, ami.ErrProtocol},
		{"an empty challenge", func(p *amitest.Peer) { p.Login(); p.Action() }, true, 0, ami.ErrProtocol},
		{"a refused challenge", func(p *amitest.Peer) { p.Greet(); a, _ := p.Action(); p.Send(amitest.Answer(a, "Error")) }, true, 0, ami.ErrAuth},
		{"a refusal without ActionID", func(p *amitest.Peer) { p.Greet(); p.Action(); p.Send([]string{"Response: Error"}) }, false, 0, ami.ErrAuth},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				again := make(chan time.Duration)
				o := amitest.OnPipes(t, func(p *amitest.Peer) {
					if p.N > 1 {
						again <- time.Since(bubbleStart)
						p.Action() // until the client has stopped
						return
					}
					tt.script(p)
				})
				o.MD5, o.LoginTimeout, o.Random = tt.md5, 4*time.Second, half{}
				o.BackoffMin, o.BackoffMax = time.Second, time.Second
				c := run(t, o)
				if took := await.From(t, "the next login", again); took != tt.took+time.Second {
					t.Errorf("tried again after %v, want %v", took, tt.took+time.Second)
				}
				if up, err := c.State(); up || !errors.Is(err, tt.want) {
					t.Errorf("State = %v, %v; want %v", up, err, tt.want)
				}
				c.stop()
				if len(c.signals) > 0 {
					t.Errorf("told %+v of a connection that was never up", <-c.signals)
				}
			})
		})
	}
}

// TestNothingIsSentToStrangers: before an Asterisk has greeted, not a byte leaves.
func TestNothingIsSentToStrangers(t *testing.T) {
	got := make(chan error, 1)
	o := amitest.OnLoopback(t, func(p *amitest.Peer) {
		_, _ = fmt.Fprint(p, "SSH-2.0-OpenSSH_9.6\r\n")
		_, err := p.Read(make([]byte, 1))
		select {
		case got <- err:
		default:
		}
	})
	run(t, o)
	if err := await.From(t, "the login to fail", got); err == nil {
		t.Error("the client sent something to an SSH server")
	}
}

// TestSecretStaysSecret: a server that throws the secret back at us does not
// get it into an error or a log line, nor does a secret that cannot be sent.
func TestSecretStaysSecret(t *testing.T) {
	for name, secret := range map[string]string{"echoed": amitest.Secret, "unsafe": "line\r\nbreak"} {
		t.Run(name, func(t *testing.T) {
			refused := make(chan struct{}, 100)
			o := amitest.OnLoopback(t, func(p *amitest.Peer) {
				defer func() { refused <- struct{}{} }()
				p.Greet()
				if a, ok := p.Action(); ok {
					p.Send(amitest.Answer(a, "Error", "Message: wrong: "+a.Get("Secret")+" <"+a.Get("Secret")+">"))
				}
			})
			var log lockedBuffer
			o.Secret, o.Log = secret, logInto(&log)
			c := run(t, o)
			<-refused
			await.Until(t, "the error is known", func() bool { _, err := c.State(); return err != nil })
			_, state := c.State()
			_, err := c.Do(t.Context(), ami.NewAction("Ping"))
			c.stop()
			for where, text := range map[string]string{"State": fmt.Sprint(state), "Do": fmt.Sprint(err), "log": log.String()} {
				if text == "" || strings.Contains(text, secret) || strings.Contains(text, "break\"") {
					t.Errorf("%s: %s", where, text)
				}
			}
		})
	}
}

// lockedBuffer is a log that may be written to and read at once.
type lockedBuffer struct {
	mu sync.Mutex // guards b
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
