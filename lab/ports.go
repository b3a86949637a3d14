package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// A lab has a block of 1000 ports. The first few are for signalling, 400 each
// for the sound of the pbx and of the phones: a call needs four on each side.
const (
	portAMI = iota
	portTLS
	portPhonesAMI
	portSIP
	portPJSIP
	portPhonesSIP
	numSignalling

	portRTP       = 100
	portPhonesRTP = 500
	numRTP        = 400
)

// errPorts says that no block could be had.
var errPorts = errors.New("no block of 1000 free ports between 18000 and 32000 (set LAB_PORTS to the first of 1000 free ports)")

// blocks returns the first port of each block, in the order in which they are
// tried: all below the ports that Linux gives to outgoing connections.
// LAB_PORTS leaves only that one.
func blocks() ([]int, error) {
	if s := os.Getenv("LAB_PORTS"); s != "" {
		first, err := strconv.Atoi(s)
		if err != nil || first < 1024 || first > 64000 {
			return nil, fmt.Errorf("LAB_PORTS %q is not a port from 1024 to 64000", s)
		}
		return []int{first}, nil
	}
	return []int{18000, 19000, 20000, 21000, 22000, 23000, 24000, 28000, 29000, 30000, 31000}, nil
}

// ports is a block that nobody else has while the lock is held. The lock goes
// with the process, so a killed test binary leaves no block behind.
type ports struct {
	first int
	lock  *os.File
}

// longestPorts is how long a lab waits for others to end when all blocks are
// taken.
const longestPorts = 2 * time.Minute

// takePorts finds a block that no other lab holds and whose signalling ports
// are free, and waits for one.
func takePorts(ctx context.Context, dir string) (*ports, error) {
	for late := time.Now().Add(longestPorts); ; {
		p, err := tryPorts(ctx, dir)
		if !errors.Is(err, errPorts) || time.Now().After(late) {
			return p, err
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return nil, err
		}
	}
}

// tryPorts is takePorts without the waiting.
func tryPorts(ctx context.Context, dir string) (*ports, error) {
	firsts, err := blocks()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("folder of the port locks: %w", err)
	}
	for _, first := range firsts {
		lock, err := os.OpenFile(filepath.Join(dir, strconv.Itoa(first)), os.O_CREATE|os.O_RDWR, 0o644)
		if err != nil {
			return nil, fmt.Errorf("lock a block of ports: %w", err)
		}
		p := &ports{first: first, lock: lock}
		if syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil && p.areFree(ctx) {
			return p, nil
		}
		p.release()
	}
	return nil, errPorts
}

// areFree reports whether all signalling ports can be listened on, TCP and UDP.
func (p *ports) areFree(ctx context.Context) bool {
	var l net.ListenConfig
	for i := range numSignalling {
		tcp, err := l.Listen(ctx, "tcp", p.address(i))
		if err != nil {
			return false
		}
		udp, err := l.ListenPacket(ctx, "udp", p.address(i))
		if err == nil {
			err = udp.Close()
		}
		if errors.Join(err, tcp.Close()) != nil {
			return false
		}
	}
	return true
}

func (p *ports) address(port int) string { return fmt.Sprintf("127.0.0.1:%d", p.first+port) }

// release gives the block back. An error of closing a lock file changes nothing.
func (p *ports) release() { _ = p.lock.Close() }
