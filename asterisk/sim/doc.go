// Package sim is a simulated Asterisk that speaks AMI, the manager
// interface of Asterisk, on a loopback port. Programs see what a real server
// of version 16 or 22 sends: the same greetings, answers, refusals and
// events, with the same headers in the same order, as captured transcripts in
// testdata hold them. Behind that stands a small telephone exchange: a script
// makes calls (Server.Call), and answers, holds, transfers, picks up, parks
// and ends them; MixMonitor and Monitor really write WAV files, in real time,
// in which every extension is heard as a tone of its own.
//
// It is what the demo of the gateway runs on and what fast tests use. It can
// be told to misbehave (Server.Misbehave), to forget everything as a killed
// and restarted server does (Server.Restart), and says afterwards what it was
// asked (Server.Actions).
//
// It shares no code with the AMI client of the gateway, so that client and
// simulator prove each other. What it leaves out: dialplan, queues, DTMF,
// codecs other than 16 bit PCM, events of the classes dialplan, reporting and
// dtmf (but for VarSet of Setvar and the TestEvent at the end of a
// MixMonitor), and Local channels that optimise themselves away. An action
// that exists and is not simulated, such as Bridge, is answered with an error
// that says so; of Originate only the test call is (AddTone). Recordings never
// leave the spool folder, although a real server lets them.
//
// Start with server.go, then world.go and call.go; session.go is one
// connection, actions.go the table of what it may ask.
package sim
