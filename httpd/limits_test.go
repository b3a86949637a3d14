package httpd_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"recgate/httpd"
	"recgate/internal/await"
)

// askAs calls a door from an address, with a key or without.
func askAs(door http.Handler, address, key string) (status int, body, retry string) {
	s := httpd.New(httpd.Options{})
	s.Mount("/door", httpd.FindKey(ring{"crm", "web"})(door))
	r := httptest.NewRequest("GET", "/door?apiKey="+key, http.NoBody)
	r.RemoteAddr = address
	status, body, h := ask(s.Handler(), r)
	return status, body, h.Get("Retry-After")
}

func TestRate(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	door := httpd.NewLimiter(httpd.Limits{
		PerSecond: 2, Burst: 5, Exempt: networks("127.0.0.0/8"), Now: func() time.Time { return now },
	}).Limit(fault)(inside)
	for _, tt := range []struct {
		address, key string
		in           int // of ten at once
		name         string
	}{
		{"192.0.2.7:1", "", 5, "192.0.2.7"},
		{"192.0.2.8:1", "", 5, "192.0.2.8"}, // another one is not in it
		{"192.0.2.7:2", "crm", 5, `the key "crm"`},
		{"192.0.2.9:2", "crm", 0, `the key "crm"`}, // the key's account, wherever it comes from
		{"192.0.2.7:2", "wrong", 0, "192.0.2.7"},
		{"[2001:db8::1]:1", "", 5, "2001:db8::1"},
		{"[2001:db8::2]:1", "", 0, "2001:db8::2"}, // the same customer
		{"[2001:db8:0:1::2]:1", "", 5, "2001:db8:0:1::2"},
		{"127.0.0.1:1", "", 10, ""},
	} {
		in := 0
		for range 10 {
			status, body, retry := askAs(door, tt.address, tt.key)
			if status == http.StatusOK {
				in++
				continue
			}
			want := "<fault>too many requests from " + tt.name + ": 2 a second are allowed, try again in 1 s</fault>"
			if status != http.StatusTooManyRequests || body != want || retry != "1" {
				t.Errorf("%s %s: %d %q, retry after %q; want 429 %q", tt.address, tt.key, status, body, retry, want)
			}
		}
		if in != tt.in {
			t.Errorf("%s %s: %d of 10 are let in, want %d", tt.address, tt.key, in, tt.in)
		}
	}
	now = now.Add(time.Second)
	for i, want := range []int{200, 200, 429} {
		if status, _, _ := askAs(door, "192.0.2.7:1", ""); status != want {
			t.Errorf("request %d a second later: %d, want %d", i, status, want)
		}
	}
}

// TestManyCallers: the table does not grow without end, and who was forgotten
// is let in.
func TestManyCallers(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	limit := httpd.NewLimiter(httpd.Limits{PerSecond: 1, Burst: 1, Now: func() time.Time { return now }}).Limit(fault)(inside)
	first := func() int {
		r := httptest.NewRequest("GET", "/", http.NoBody)
		r.RemoteAddr = "192.0.2.1:1"
		status, _, _ := ask(limit, r)
		return status
	}
	if a, b := first(), first(); a != 200 || b != 429 {
		t.Fatalf("the first caller: %d, then %d", a, b)
	}
	for i := range 10_000 {
		r := httptest.NewRequest("GET", "/", http.NoBody)
		r.RemoteAddr = fmt.Sprintf("10.%d.%d.%d:1", i>>16, i>>8&255, i&255)
		if status, _, _ := ask(limit, r); status != 200 {
			t.Fatalf("caller %d: %d", i, status)
		}
	}
	if status := first(); status != 200 {
		t.Errorf("after 10,000 others: %d, want it forgotten", status)
	}
}

// TestRunning: what runs is limited per caller and in total, and what has
// ended, by a panic too, is not counted.
func TestRunning(t *testing.T) {
	limiter := httpd.NewLimiter(httpd.Limits{Caller: 2, Total: 4, Exempt: networks("127.0.0.0/8")})
	entered, leave := make(chan struct{}), make(chan struct{})
	door := limiter.Limit(fault)(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		entered <- struct{}{}
		<-leave
		panic("at the end")
	}))
	var wait sync.WaitGroup
	begin := func(address string) {
		wait.Go(func() { askAs(door, address, "") })
		await.From(t, "the request to arrive", entered)
	}
	refused := func(address string, want int, says string) {
		t.Helper()
		status, body, retry := askAs(door, address, "")
		if status != want || !strings.Contains(body, says) || retry != "1" {
			t.Errorf("%s: %d %q, retry after %q; want %d %q", address, status, body, retry, want, says)
		}
	}
	begin("192.0.2.7:1")
	begin("192.0.2.7:2")
	refused("192.0.2.7:3", 429, "too many requests from 192.0.2.7 are under way (2): try again in 1 s")
	begin("127.0.0.1:1")
	begin("127.0.0.1:2")
	refused("192.0.2.8:1", 503, "too many requests are under way (4): try again in 1 s")
	refused("127.0.0.1:3", 503, "too many requests are under way (4)")
	if n := limiter.Running(); n != 4 {
		t.Errorf("%d are under way", n)
	}
	close(leave)
	await.Return(t, "all that was started to return", wait.Wait)
	if n := limiter.Running(); n != 0 {
		t.Errorf("%d are under way at the end", n)
	}
}
