package chaos

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// vitals is how much recgate needs while it has nothing to do.
type vitals struct {
	goroutines, heap, files float64 // heap in bytes, after a collection
}

// readVitals reads /metrics often enough that the garbage is collected meanwhile,
// and returns the least of each.
func (r *run) readVitals(ctx context.Context) (vitals, error) {
	var least vitals
	cycles := 0.0
	for n := 0; n < 600; n++ {
		m, err := readMetrics(ctx, r.gateway.base)
		if err != nil {
			return least, err
		}
		if n == 0 {
			cycles = m["go_gc_duration_seconds_count"]
			least = vitals{m["go_goroutines"], m["go_memstats_heap_alloc_bytes"], m["process_open_fds"]}
		}
		least.goroutines = min(least.goroutines, m["go_goroutines"])
		least.heap = min(least.heap, m["go_memstats_heap_alloc_bytes"])
		least.files = min(least.files, m["process_open_fds"])
		if m["go_gc_duration_seconds_count"] >= cycles+4 {
			break
		}
	}
	return least, nil
}

// readMetrics returns the values without labels.
func readMetrics(ctx context.Context, base string) (map[string]float64, error) {
	status, body, err := fetch(ctx, base+"/metrics")
	if err != nil || status != http.StatusOK {
		return nil, fmt.Errorf("metrics: status %d: %w", status, err)
	}
	values := map[string]float64{}
	for line := range strings.Lines(body) {
		name, text, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok || strings.HasPrefix(name, "#") {
			continue
		}
		if v, err := strconv.ParseFloat(text, 64); err == nil {
			values[name] = v
		}
	}
	return values, nil
}
