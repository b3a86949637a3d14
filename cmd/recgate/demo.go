package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"text/tabwriter"

	"recgate/asterisk/sim"
	"recgate/config"
)

// demoCommand is recgate demo.
type demoCommand struct {
	Listen string `default:"127.0.0.1:8080" help:"The listen address; loopback only."`
	Data   string `default:"recgate-demo" help:"Folder for the database, the archive and the simulated spool."`
}

// Help is shown below the flags.
func (demoCommand) Help() string {
	return "Everything except the telephones is real: the endpoint, AMI, the database, the archive. Ctrl-C stops it; the folder stays.\n\n" +
		"Example:\n  recgate demo --listen 127.0.0.1:8081 --data /tmp/recgate-demo"
}

// The account of the simulated Asterisk. It is on loopback and in memory.
const demoUser, demoSecret = "recgate", "demo"

// demoMonitor is what the simulated Asterisk calls its folder of recordings:
// --data may hold characters that a name given to Asterisk may not.
const demoMonitor = "/var/spool/asterisk/monitor"

// demoFolder is recgate's folder below it.
const demoFolder = "recgate"

// Run starts the simulated Asterisk and recgate in front of it.
func (c demoCommand) Run(ctx context.Context, p process) error {
	log := newLog(p.stderr, "auto", slog.LevelInfo)
	server, cfg, err := c.prepare(log)
	if err != nil {
		return err
	}
	scene, err := sim.NewDemoScene(server)
	if err != nil {
		return errors.Join(err, server.Close())
	}
	g, err := build(ctx, cfg, log)
	if err != nil {
		return errors.Join(err, server.Close())
	}
	defer g.close()
	return g.run(ctx, func() { c.printGuide(p.stdout, server, cfg) }, server.Run, scene.Run)
}

// prepare makes the folder, the simulated Asterisk and the configuration.
func (c demoCommand) prepare(log *slog.Logger) (*sim.Server, config.Config, error) {
	if err := checkLoopback(c.Listen); err != nil {
		return nil, config.Config{}, err
	}
	data, err := filepath.Abs(c.Data)
	if err != nil {
		return nil, config.Config{}, fmt.Errorf("--data %q: %w", c.Data, err)
	}
	spool := filepath.Join(data, "spool")
	if err := os.MkdirAll(filepath.Join(spool, demoFolder), 0o750); err != nil {
		return nil, config.Config{}, fmt.Errorf("--data %q: create the folder: %w", c.Data, err)
	}
	server, err := sim.New(sim.Options{
		Version: 22, Listen: "127.0.0.1:0", Spool: spool, Monitor: demoMonitor,
		Users: []sim.User{{Name: demoUser, Secret: demoSecret, Read: "all", Write: "all"}}, Log: log,
	})
	if err != nil {
		return nil, config.Config{}, fmt.Errorf("the simulated Asterisk: %w", err)
	}
	server.AddTone("tone", "recgate-test", 1000) // what the key test_call names
	cfg, err := c.configure(data, server.Addr())
	if err != nil {
		return nil, config.Config{}, errors.Join(err, server.Close())
	}
	return server, cfg, nil
}

// configure writes the configuration, with one PBX and everything below one folder,
// and reads it like every other command.
func (c demoCommand) configure(data, address string) (config.Config, error) {
	text := fmt.Sprintf(`# Of the demo: for recgate ledger, explain, check and serve, beside it or afterwards.
listen: %q
database: %q
archive: %q
legacy:
  retrieve_during_call: true
pbx:
  - name: demo
    address: %s
    username: %s
    secret: %s
    spool: %s/%s
    mount: %q
`, c.Listen, "sqlite:"+filepath.Join(data, "recgate.db"), "file:"+filepath.Join(data, "archive"),
		address, demoUser, demoSecret, demoMonitor, demoFolder, filepath.Join(data, "spool", demoFolder))
	cfg, err := config.Parse(c.configFile(), []byte(text), nil)
	if err != nil {
		return cfg, err
	}
	if err := os.WriteFile(c.configFile(), []byte(text), 0o600); err != nil {
		return cfg, fmt.Errorf("--data %q: %w", c.Data, err)
	}
	return cfg, nil
}

// configFile is where the configuration is kept for the other commands.
func (c demoCommand) configFile() string { return filepath.Join(c.Data, "recgate.yaml") }

// programName returns the name of this program for lines to paste.
func programName() string {
	if strings.Contains(os.Args[0], "go-build") { // by go run
		return "go run ./cmd/recgate"
	}
	return quoteForShell(os.Args[0])
}

// quoteForShell quotes a text for a line to paste, if it contains anything with a
// meaning to a shell.
func quoteForShell(text string) string {
	if plainInShell.MatchString(text) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

var plainInShell = regexp.MustCompile(`^[A-Za-z0-9_./-]+$`)

// printGuide prints which calls can be recorded, and lines to paste.
func (c demoCommand) printGuide(w io.Writer, server *sim.Server, cfg config.Config) {
	endpoint := "http://" + cfg.Listen + "/servicemanager/services/njadmin-api-recording"
	fmt.Fprintf(w, "recgate demo: a simulated Asterisk with live calls, and recgate in front of it.\n\n")
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "EXTENSION\tCHANNEL\tUNIQUE ID")
	var id string
	for _, ch := range server.Channels() {
		if ch.Extension == "410" {
			id = ch.UniqueID
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", ch.Extension, ch.Name, ch.UniqueID)
	}
	_ = table.Flush() // w is a terminal or a buffer
	fmt.Fprintf(w, `
410 talks to 411 all the time, and 500 to 501 for 20 seconds, again and again. Their voices are
tones: 410 is 400 Hz, 411 600 Hz, 500 500 Hz, 501 700 Hz.

Paste this into another terminal to record four seconds of 410 and save them as tmp.wav:

  curl '%[1]s?method=start&extenOrUniqueId=410&tag=22'; echo
  sleep 4
  curl '%[1]s?method=stop&extenOrUniqueId=410'; echo
  curl -o tmp.64 '%[1]s?method=retrieve&tag=22&username=fred'
  base64 -d tmp.64 > tmp.wav

If base64 complains, "cat tmp.64" shows the refusal.

By unique id instead of the extension:

  curl '%[1]s?method=start&extenOrUniqueId=%[2]s&tag=23'; echo
  curl '%[1]s?method=stop&extenOrUniqueId=%[2]s'; echo

The history of the recording, the count of all starts, and a test call that is recorded, fetched
and listened to:

  %[7]s explain --config %[8]s 22
  %[7]s ledger --config %[8]s
  %[7]s check --record --config %[8]s

Endpoint:            %[1]s
SOAP clients:        %[1]s?wsdl
AMI of the PBX:      %[3]s, user %[4]s, secret %[5]s
Data:                %[6]s

The legacy API refuses a recording whose call is still up. Here the calls never end, so
the demo sets retrieve_during_call: true. Ctrl-C stops it.
`, endpoint, id, server.Addr(), demoUser, demoSecret, c.Data, programName(), quoteForShell(c.configFile()))
}

// checkLoopback refuses addresses that other machines could reach: the demo has no
// access control. It also refuses an address without a port.
func checkLoopback(address string) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil || port == "0" || port == "" { // the lines to paste name the port
		return fmt.Errorf("--listen %q: use an address and a port, such as 127.0.0.1:8081", address)
	}
	if ip := net.ParseIP(host); host == "localhost" || (ip != nil && ip.IsLoopback()) {
		return nil
	}
	return fmt.Errorf("--listen %q: the demo listens on loopback only, such as 127.0.0.1:8081", address)
}
