package recording

import "time"

// Health is how the connections to a PBX do, for metrics.
type Health struct {
	Connected  bool          // the event connection is logged in
	Up         bool          // and calls can be recorded: the live table is in step, and there is a recorder
	Actions    int           // how many connections for actions are up
	Wanted     int           // how many there should be
	Reconnects int64         // connections of any kind that were made again after a loss; only grows
	Events     int64         // that came, dropped ones too; only grows
	Dropped    int64         // events that were dropped; only grows
	Lag        time.Duration // how long the oldest event waits to be brought into the table; 0: none does
	Ping       time.Duration // round trip of the last ping, the longest of all connections; 0 before it
}
