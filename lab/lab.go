// Package lab runs real Asterisk servers on loopback, for tests. A test that
// wants to know what Asterisk does asks for one:
//
//	l := lab.Start(t, 22, lab.Options{})
//	c := l.Call("410", "411", 10, "pjsip") // real SIP and RTP, bridged on return
//	... log in at l.AMI as "recorder" with l.Secret("recorder") ...
//
// Two versions are known, because their recorders differ: 16 has Monitor,
// MixMonitor, chan_sip and chan_pjsip, 22 has MixMonitor and chan_pjsip. Each
// lab is two processes, the "pbx" under test and "phones", a second Asterisk
// that plays the telephones. Extension ABC sends a steady tone of A*100 +
// C*200 Hz (410: 400 Hz, 411: 600, 412: 800, 500: 500, 501: 700), so that a
// recording shows who is in it. 420 rings and never answers, 600 and 601 are
// queues, 700 parks, 7411 is 411 recorded by the dialplan, 8440 is a 440 Hz
// tone; conf/pbx/extensions.conf has them all. The pbx knows the telephone 410
// by OddNames, too, for CallAs.
//
// The script install brings the packages, once, into a cache outside of the
// project; every lab then has ports and a run folder of its own, so that tests
// of several packages may run at the same time. The processes end with the
// test, also when the test binary is killed. What cannot be had fails the
// test: nothing here is ever skipped.
package lab

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"recgate/internal/await"
)

// Versions returns the major versions of Asterisk that a lab can run.
func Versions() []int { return []int{16, 22} }

// HasMonitor reports whether a version has Monitor and chan_sip.
func HasMonitor(version int) bool { return version < 21 }

// User is an AMI account of the pbx. Read and Write are classes as in
// manager.conf ("call,system", "all", ""); Permit, when not empty, is the only
// network that may log in.
type User struct {
	Name, Secret, Read, Write, Permit string
}

// Options is what a test wants different. The zero value is a good lab.
type Options struct {
	// Spool is an absolute folder outside of the run folder that the pbx
	// must be able to record into; it is made when it is missing.
	Spool string
	// Users are more AMI accounts; one with the name of a standard account
	// takes its place.
	Users []User
	// Extensions are more telephones besides the standard ones (410 to 419,
	// 420, 430 to 469, 500 to 503), three digits beginning with 4 or 5.
	Extensions []string
	// SystemName begins the unique ids of the pbx, with a hyphen behind it.
	SystemName string
	// Punctual has the servers run before everything else on the machine
	// (asterisk -p), so that sound is in time while other things keep it busy.
	// It needs root; for others it changes nothing.
	Punctual bool
}

// Lab is a running pbx with its phones. Its methods fail the test when
// Asterisk does not do what they ask, so call them from the test's goroutine.
type Lab struct {
	Version int
	AMI     string // address of AMI: 127.0.0.1:port
	AMITLS  string // address of AMI over TLS
	Monitor string // the pbx's own folder of recordings, where relative names go
	Spool   string // Options.Spool, or Monitor
	Dir     string // the run folder: pbx/log/messages, phones/log/messages

	t          testing.TB
	tree       tree
	users      []User
	ports      *ports
	pbx        *instance
	phones     *instance
	punctual   bool
	systemName string
	calling    sync.Mutex // held while a Call is set up, so that two are not taken for each other
}

// Start installs the version when the cache does not have it, starts a pbx and
// its phones, and stops both when the test ends.
func Start(t testing.TB, version int, o Options) *Lab {
	t.Helper()
	dir := t.TempDir() // removed after the processes have ended
	l, err := start(t, version, dir, o)
	if err != nil {
		t.Fatalf("lab with Asterisk %d: %v", version, err)
	}
	return l
}

func start(t testing.TB, version int, dir string, o Options) (*Lab, error) {
	cache := filepath.Join(Cache(t), "asterisk-lab")
	tree, err := install(t.Context(), version, cache)
	if err != nil {
		return nil, err
	}
	ports, err := takePorts(t.Context(), filepath.Join(cache, "ports"))
	if err != nil {
		return nil, err
	}
	l := &Lab{
		Version: version, AMI: ports.address(portAMI), AMITLS: ports.address(portTLS),
		Monitor: filepath.Join(dir, "pbx", "spool", "monitor"),
		Spool:   o.Spool, Dir: dir, punctual: o.Punctual, systemName: o.SystemName, t: t, tree: tree, users: accounts(o.Users), ports: ports,
	}
	t.Cleanup(l.stop)
	if l.Spool == "" {
		l.Spool = l.Monitor
	}
	if !filepath.IsAbs(l.Spool) {
		return nil, fmt.Errorf("spool %q is not an absolute path", l.Spool)
	}
	if err := os.MkdirAll(l.Spool, 0o755); err != nil {
		return nil, fmt.Errorf("make the spool: %w", err)
	}
	extensions := append(standardExtensions(), o.Extensions...)
	slices.Sort(extensions)
	return l, l.boot(slices.Compact(extensions))
}

// boot configures both servers and starts them, the phones first.
func (l *Lab) boot(extensions []string) error {
	for _, name := range []string{"phones", "pbx"} {
		i, err := newInstance(name, filepath.Join(l.Dir, name), l.tree)
		if err != nil {
			return err
		}
		i.punctual = l.punctual
		if err := i.configure(l.settings(i, extensions)); err != nil {
			return err
		}
		if name == "pbx" {
			l.pbx = i
		} else {
			l.phones = i
		}
		if err := i.start(l.t.Context(), l.accountOf(i)); err != nil {
			return err
		}
	}
	return nil
}

// stop ends both processes; it is called once, when the test is over.
func (l *Lab) stop() {
	var wg sync.WaitGroup
	for _, i := range []*instance{l.pbx, l.phones} {
		if i == nil {
			continue
		}
		if l.t.Failed() {
			l.t.Logf("end of the log of %s:\n%s", i.name, i.logTail())
		}
		wg.Go(i.close)
	}
	await.Return(l.t, "both Asterisks to end", wg.Wait)
	l.ports.release()
}

// Secret returns the AMI secret of a user: admin (all rights), recorder (read
// call,cdr; write call,system), systemonly, callonly, watcher (may only read),
// elsewhere (refused by its address), and those of Options.Users.
func (l *Lab) Secret(user string) string {
	l.t.Helper()
	i := slices.IndexFunc(l.users, func(u User) bool { return u.Name == user })
	if i < 0 {
		l.t.Fatalf("the lab has no AMI user %q", user)
	}
	return l.users[i].Secret
}

// Kill ends the pbx at once, as kill -9 does: calls and half-written files
// stay behind as they are. The phones live on.
func (l *Lab) Kill() { l.pbx.kill() }

// Shutdown ends the pbx in order ("core stop now"); its calls end.
func (l *Lab) Shutdown() { l.pbx.shutdown() }

// Restart ends the pbx in order when it runs, and starts it again with the same
// ports, files and configuration. Calls do not survive it.
func (l *Lab) Restart() {
	l.t.Helper()
	l.pbx.shutdown()
	if err := l.pbx.start(l.t.Context(), l.accountOf(l.pbx)); err != nil {
		l.t.Fatalf("restart the pbx: %v", err)
	}
}

// CLI runs one command on the console of the pbx and returns what it prints.
func (l *Lab) CLI(command string) string {
	l.t.Helper()
	out, err := l.pbx.console(l.t.Context(), command)
	if err != nil {
		l.t.Fatalf("console of the pbx: %q: %v", command, err)
	}
	return out
}

// accounts returns the AMI accounts of the pbx, one per set of rights that a
// test may want. The first is the one that the lab itself uses.
func accounts(more []User) []User {
	users := []User{
		{Name: "admin", Secret: "admin-secret", Read: "all", Write: "all"},
		{Name: "recorder", Secret: "recorder-secret", Read: "call,cdr", Write: "call,system"},
		{Name: "systemonly", Secret: "systemonly-secret", Read: "call", Write: "system"}, // the least for MixMonitor
		{Name: "callonly", Secret: "callonly-secret", Read: "call", Write: "call"},       // Monitor works, MixMonitor is refused
		{Name: "watcher", Secret: "watcher-secret", Read: "call,cdr"},
		{Name: "elsewhere", Secret: "elsewhere-secret", Read: "all", Write: "all", Permit: "192.0.2.1/255.255.255.255"},
	}
	for _, u := range more {
		users = slices.DeleteFunc(users, func(s User) bool { return s.Name == u.Name && s.Name != "admin" })
		users = append(users, u)
	}
	return users
}

// standardExtensions returns the telephones that every lab has.
func standardExtensions() []string {
	var all []string
	for _, span := range [][2]int{{410, 420}, {430, 469}, {500, 503}} {
		for e := span[0]; e <= span[1]; e++ {
			all = append(all, fmt.Sprint(e))
		}
	}
	return all
}
