//go:build unix

package asterisk_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"recgate/ami"
	"recgate/asterisk"
	"recgate/internal/await"
	"recgate/recording"
)

// memoryConn is a connection to a server without a network: what it sends is
// put into in, and each action is answered in the goroutine that writes it.
type memoryConn struct {
	net.Conn // for deadlines and addresses
	in       chan []byte
	rest     []byte
	closed   chan struct{}
}

func (c *memoryConn) Read(b []byte) (int, error) {
	for len(c.rest) == 0 {
		select {
		case c.rest = <-c.in:
		case <-c.closed:
			return 0, net.ErrClosed
		}
	}
	n := copy(b, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

func (c *memoryConn) Write(b []byte) (int, error) {
	_, after, _ := strings.Cut(string(b), "ActionID: ")
	id, _, _ := strings.Cut(after, "\r\n")
	more := "MixMonitor: Record\r\nStopMixMonitor: Stop\r\nCoreShowChannels: List"
	if bytes.HasPrefix(b, []byte("Action: CoreShowChannels")) {
		more = "EventList: start\r\n\r\nEvent: CoreShowChannelsComplete\r\nActionID: " + id + "\r\nEventList: Complete"
	}
	c.in <- fmt.Appendf(nil, "Response: Success\r\nActionID: %s\r\n%s\r\n\r\n", id, more)
	return len(b), nil
}

func (c *memoryConn) Close() error {
	select {
	case <-c.closed:
	default:
		close(c.closed)
	}
	return c.Conn.Close()
}

// portions are the events of a day in pieces that fit into the queue, each of
// which ends with the hangup of channel 1.9.
func portions() (all [][]byte, events int) {
	x := newTraffic(1, 1000)
	last := &leg{id: "1.9", linked: "1.9", name: "PJSIP/599-00000001", exten: "599"}
	cut := func() {
		x.tell("Newchannel", last)
		x.tell("Hangup", last)
		all = append(all, bytes.Clone(x.out.Bytes()))
		x.out.Reset()
	}
	for range 20 {
		for until := x.events + 2000; x.events < until; {
			x.step()
		}
		cut()
	}
	x.end()
	cut()
	return all, x.events
}

// cpuTime is what all threads of this process have used.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// BenchmarkIngest brings events into the live table, from the bytes on the
// connection to the change of the table and what the core is told; 500 to 1000
// channels are live. One operation is one event. Nothing else is measured: the
// server is a few bytes in memory. With -cpu 1 it is what one core takes; the
// time on the processor is told as well, for a machine that has other work.
func BenchmarkIngest(b *testing.B) {
	all, events := portions()
	conn := &memoryConn{in: make(chan []byte, 100), closed: make(chan struct{})}
	// The event before all others spares the listings by which a login that
	// hears nothing is found out.
	conn.in <- []byte("Asterisk Call Manager/11.0.0\r\nEvent: Newstate\r\nPrivilege: call,all\r\n\r\n")
	conn.Conn, _ = net.Pipe()
	p, err := asterisk.New(asterisk.Config{Name: "pbx1", Spool: "/spool", Client: ami.Options{
		Username: "recgate", Secret: "secret",
		Dial: func(context.Context, string, string) (net.Conn, error) { return conn, nil },
	}})
	if err != nil {
		b.Fatal(err)
	}
	up, last := make(chan bool, 1), make(chan bool, 1)
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan error, 1)
	go func() {
		done <- p.Run(ctx, func(e recording.Event) {
			switch {
			case e.Kind == recording.PBXUp:
				up <- true
			case e.Kind == recording.ChannelHungUp && e.Channel.UniqueID == "1.9":
				last <- true
			}
		})
	}()
	await.From(b, "the connection", up)
	b.ReportAllocs()
	b.SetBytes(int64(len(bytes.Join(all, nil)) / events))
	b.ResetTimer()
	before := cpuTime(b)
	n, perPortion := 0, events/len(all)
	for i := 0; n < b.N; i++ {
		conn.in <- all[i%len(all)]
		<-last
		n += perPortion
	}
	b.StopTimer()
	if h := p.Health(); h.Dropped > 0 {
		b.Errorf("%d events were dropped", h.Dropped)
	}
	b.ReportMetric(float64(cpuTime(b)-before)/float64(n), "cpu-ns/op")
	cancel()
	if err := await.From(b, "Run to end", done); err != nil {
		b.Error(err)
	}
}
