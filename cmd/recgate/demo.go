package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"recgate/ami/amisim"
	"recgate/config"
)

// demoCommand is recgate demo.
type demoCommand struct {
	Listen string `default:"127.0.0.1:8080" help:"Where to answer; loopback only."`
	Data   string `default:"recgate-demo" help:"Folder for the database, the archive and the simulated spool."`
}

// Help is shown below the flags.
func (demoCommand) Help() string {
	return "Everything but the telephones is real: the endpoint, AMI, the database, the archive. Ctrl-C ends it; the folder stays.\n\n" +
		"Example:\n  recgate demo --listen 127.0.0.1:8081 --data /tmp/recgate-demo"
}

// The account of the simulated Asterisk. It is on loopback and in memory.
const demoUser, demoSecret = "recgate", "demo"

// demoSpool is the folder below the simulated monitor folder.
const demoSpool = "recgate"

// Run starts the simulated Asterisk and recgate in front of it.
func (c demoCommand) Run(ctx context.Context, p process) error {
	log := newLog(p.stderr, "auto", slog.LevelInfo)
	cfg, err := c.config()
	if err != nil {
		return err
	}
	sim, err := amisim.New(amisim.Options{
		Version: 22, Listen: "127.0.0.1:0", Spool: filepath.Dir(cfg.PBX[0].Mount),
		Users: []amisim.User{{Name: demoUser, Secret: demoSecret, Read: "all", Write: "all"}}, Log: log,
	})
	if err != nil {
		return fmt.Errorf("the simulated Asterisk: %w", err)
	}
	sim.AddTone("tone", "recgate-test", 1000) // what the key test_call names
	cfg.PBX[0].Address = sim.Addr()
	if err := c.keep(cfg); err != nil {
		return err
	}
	scene, err := amisim.NewDemoScene(sim)
	if err != nil {
		return err
	}
	g, err := build(ctx, cfg, log)
	if err != nil {
		return err
	}
	defer g.close()
	return g.run(ctx, func() { c.explain(p.stdout, sim, cfg) }, sim.Run, scene.Run)
}

// config is the configuration of the demo: one PBX, all below one folder.
func (c demoCommand) config() (config.Config, error) {
	cfg := config.Default()
	if err := loopback(c.Listen); err != nil {
		return cfg, err
	}
	data, err := filepath.Abs(c.Data)
	if err != nil {
		return cfg, fmt.Errorf("--data %q: %w", c.Data, err)
	}
	mount := filepath.Join(data, "spool", demoSpool)
	if err := os.MkdirAll(mount, 0o750); err != nil {
		return cfg, fmt.Errorf("--data %q cannot be made: %w", c.Data, err)
	}
	cfg.Listen = c.Listen
	cfg.Database = config.Secret("sqlite:" + filepath.Join(data, "recgate.db"))
	cfg.Archive = "file:" + filepath.Join(data, "archive")
	cfg.Legacy.RetrieveDuringCall = true
	pbx := config.DefaultPBX()
	pbx.Name, pbx.Username, pbx.Secret = "demo", demoUser, demoSecret
	pbx.Spool, pbx.Mount = demoSpool, mount // relative: below the monitor folder, whatever that is named
	cfg.PBX = []config.PBX{pbx}
	return cfg, nil
}

// file is where the configuration is kept for the other commands.
func (c demoCommand) file() string { return filepath.Join(c.Data, "recgate.yaml") }

// keep writes the configuration down, so that recgate ledger and recgate
// explain can be tried too.
func (c demoCommand) keep(cfg config.Config) error {
	p := cfg.PBX[0]
	text := fmt.Sprintf(`# Of the demo: for recgate ledger, explain and check, beside it or afterwards.
listen: %q
database: %q
archive: %q
legacy:
  retrieve_during_call: true
pbx:
  - name: %s
    address: %s
    username: %s
    secret: %s
    spool: /var/spool/asterisk/monitor/recgate
    mount: %q
`, cfg.Listen, cfg.Database.Reveal(), cfg.Archive, p.Name, p.Address, p.Username, p.Secret.Reveal(), p.Mount)
	if err := os.WriteFile(c.file(), []byte(text), 0o600); err != nil {
		return fmt.Errorf("--data %q: %w", c.Data, err)
	}
	return nil
}

// calledAs is how this program is called in lines to paste.
func calledAs() string {
	if strings.Contains(os.Args[0], "go-build") { // by go run
		return "go run ./cmd/recgate"
	}
	return os.Args[0]
}

// explain prints what there is to record, and lines to paste.
func (c demoCommand) explain(w io.Writer, sim *amisim.Server, cfg config.Config) {
	endpoint := "http://" + cfg.Listen + "/servicemanager/services/njadmin-api-recording"
	fmt.Fprintf(w, "recgate demo: a simulated Asterisk with live calls, and recgate in front of it.\n\n")
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "EXTENSION\tCHANNEL\tUNIQUE ID")
	var id string
	for _, ch := range sim.Channels() {
		if ch.Extension == "410" {
			id = ch.UniqueID
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", ch.Extension, ch.Name, ch.UniqueID)
	}
	_ = table.Flush() // w is a terminal or a buffer
	fmt.Fprintf(w, `
410 talks with 411 all the time; 500 with 501 for 20 seconds, again and again. Their voices are
tones: 410 has 400 Hz, 411 600 Hz, 500 500 Hz, 501 700 Hz.

Paste this into another terminal to record four seconds of 410 and get them as tmp.wav:

  curl '%[1]s?method=start&extenOrUniqueId=410&tag=22'; echo
  sleep 4
  curl '%[1]s?method=stop&extenOrUniqueId=410'; echo
  curl -o tmp.64 '%[1]s?method=retrieve&tag=22&username=fred'
  base64 -d tmp.64 > tmp.wav

If base64 complains, "cat tmp.64" shows the refusal.

By unique id instead of the extension:

  curl '%[1]s?method=start&extenOrUniqueId=%[2]s&tag=23'; echo
  curl '%[1]s?method=stop&extenOrUniqueId=%[2]s'; echo

What was asked, what the PBX said and what became of it; the sum of all starts; and a test call
that is recorded, fetched and listened to:

  %[7]s explain --config %[8]s 22
  %[7]s ledger --config %[8]s
  %[7]s check --record --config %[8]s

Endpoint:            %[1]s
SOAP clients:        %[1]s?wsdl
AMI of the PBX:      %[3]s, user %[4]s, secret %[5]s
Data:                %[6]s

The legacy API refuses a recording whose call is still up. Here the calls never end, so
the demo sets retrieve_during_call: true. Ctrl-C ends it.
`, endpoint, id, sim.Addr(), demoUser, demoSecret, c.Data, calledAs(), c.file())
}

// loopback refuses addresses that others could reach: the demo has no
// access control worth the name.
func loopback(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("--listen %q: write an address and a port, such as 127.0.0.1:8081", address)
	}
	if ip := net.ParseIP(host); host == "localhost" || (ip != nil && ip.IsLoopback()) {
		return nil
	}
	return fmt.Errorf("--listen %q: the demo listens on loopback only, such as 127.0.0.1:8081", address)
}
