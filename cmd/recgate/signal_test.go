package main

import (
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestSecondSignal: a recgate that still waits for a caller when it is told to
// end for the second time ends at once.
func TestSecondSignal(t *testing.T) {
	t.Parallel()
	for _, with := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(with.String(), func(t *testing.T) {
			t.Parallel()
			s := newServing(t)
			s.start(t)
			caller, err := net.Dial("tcp", strings.TrimPrefix(s.base, "http://")) //nolint:noctx // on loopback
			if err != nil {
				t.Fatal(err)
			}
			defer caller.Close()
			if _, err := caller.Write([]byte("POST " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n\r\n")); err != nil {
				t.Fatal(err)
			}
			await(t, "the request to run", func() bool {
				return strings.Contains(s.send(t, http.MethodGet, "/metrics", "", nil).body, "recgate_http_requests_running 1\n")
			})
			tick := time.NewTicker(20 * time.Millisecond)
			defer tick.Stop()
			for deadline := time.After(patience); s.run.IsRunning(); {
				_ = s.run.Signal(with) // it may have ended
				select {
				case <-s.run.Ended():
				case <-tick.C:
				case <-deadline:
					t.Fatalf("recgate had not ended after %v:\n%s", patience, s.log)
				}
			}
			if status, ok := s.run.Cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != with {
				t.Errorf("%v, want an end by %v:\n%s", s.run.Cmd.ProcessState, with, s.log)
			}
			s.run = nil
		})
	}
}
