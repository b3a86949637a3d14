package chaos

import (
	"context"
	"fmt"
	"strings"
	"sync"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// wire is a TCP connection's way from recgate to something, on which
// everything can be done that networks do.
type wire struct {
	proxy *toxiproxy.Proxy
	mu    sync.Mutex // guards the changes of proxy
}

// newWire listens on loopback and leads to the address.
func newWire(name, to string) (*wire, error) {
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	w := &wire{proxy: toxiproxy.NewProxy(server, name, "127.0.0.1:0", to)}
	if err := w.proxy.Start(); err != nil {
		return nil, fmt.Errorf("proxy in front of %s: %w", to, err)
	}
	return w, nil
}

// addr is where recgate connects to.
func (w *wire) addr() string { return w.proxy.Listen }

// cut closes all connections and refuses new ones.
func (w *wire) cut() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.proxy.Stop()
	return nil
}

// stall keeps all connections and lets nothing pass.
func (w *wire) stall() error { return w.add(`"timeout"`, `{"timeout": 0}`) }

// slow delays all that passes by about 0.4 s in each direction.
func (w *wire) slow() error { return w.add(`"latency"`, `{"latency": 400, "jitter": 300}`) }

// reset ends each connection with the next byte on it.
func (w *wire) reset() error { return w.add(`"reset_peer"`, `{"timeout": 0}`) }

func (w *wire) add(kind, attributes string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, direction := range []string{"upstream", "downstream"} {
		toxic := fmt.Sprintf(`{"type": %s, "stream": %q, "attributes": %s}`, kind, direction, attributes)
		if _, err := w.proxy.Toxics.AddToxicJson(strings.NewReader(toxic)); err != nil {
			return fmt.Errorf("disturb the wire to %s: %w", w.proxy.Name, err)
		}
	}
	return nil
}

// heal makes the wire a good one again. What was stalled is closed then.
func (w *wire) heal(ctx context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.proxy.Toxics.ResetToxics(ctx)
	if w.proxy.Enabled {
		return nil
	}
	if err := w.proxy.Start(); err != nil {
		return fmt.Errorf("mend the wire to %s: %w", w.proxy.Name, err)
	}
	return nil
}

// close ends it for good.
func (w *wire) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.proxy.Stop()
}
