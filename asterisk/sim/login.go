package sim

import (
	"crypto/md5" //nolint:gosec // the protocol's choice
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"math/big"
	"strings"
	"time"
)

// challenge gives the number that an MD5 login has to answer.
func challenge(c *session, req message) {
	if !strings.EqualFold(req.get("AuthType"), "MD5") {
		c.send(failure(req, "Must specify AuthType"))
		return
	}
	n, err := rand.Int(rand.Reader, big.NewInt(1e9))
	if err != nil {
		c.send(failure(req, "Failed to set up challenge"))
		return
	}
	c.challenge = n.String()
	c.send(success(req).with("Challenge", c.challenge))
}

// login admits a user, or refuses after a while and ends the connection.
func (c *session) login(req message) verdict {
	s := c.s
	if c.loggedIn {
		c.send(success(req).with("Message", "Already authenticated"))
		return verdict{}
	}
	user, known := c.authenticate(req)
	if !known || s.fault.refuse {
		return verdict{
			leave: true, after: time.Now().Add(s.o.Refusal),
			answer: failure(req, "Authentication failed"),
		}
	}
	if user.Once && inUse(s.sessions, user.Name) {
		return verdict{
			leave: true, after: time.Now().Add(s.o.Refusal),
			answer: failure(req, "Login Already In Use"),
		}
	}
	c.user, c.loggedIn = user.Name, true
	c.read, c.write, c.mask = parseClasses(user.Read), parseClasses(user.Write), classAll
	if mask := req.get("Events"); mask != "" {
		c.mask = parseClasses(mask)
	}
	c.readUntil(time.Time{})
	c.send(success(req).with("Message", "Authentication accepted"))
	c.welcome()
	return verdict{}
}

// inUse reports whether a session of the user is logged in.
func inUse(sessions map[*session]bool, user string) bool {
	for c := range sessions {
		if c.loggedIn && c.user == user {
			return true
		}
	}
	return false
}

// authenticate finds the user whose secret the request knows.
func (c *session) authenticate(req message) (User, bool) {
	for _, user := range c.s.o.Users {
		if user.Name != req.get("Username") {
			continue
		}
		want, got := user.Secret, req.get("Secret")
		if strings.EqualFold(req.get("AuthType"), "MD5") {
			sum := md5.Sum([]byte(c.challenge + user.Secret)) //nolint:gosec // the protocol's choice
			want, got = hex.EncodeToString(sum[:]), req.get("Key")
			if c.challenge == "" {
				return User{}, false
			}
		}
		return user, subtle.ConstantTimeCompare([]byte(want), []byte(got)) == 1
	}
	return User{}, false
}

// welcome sends what follows a good login.
func (c *session) welcome() {
	s, now := c.s, c.s.o.Now()
	if c.sees(classSystem) {
		up := fmt.Sprint(int(now.Sub(s.world.started).Seconds()))
		c.send(event("FullyBooted", classSystem).with("Uptime", up).with("LastReload", up).with("Status", "Fully Booted"))
	}
	at := now.UTC().Format("2006-01-02T15:04:05.000-0700")
	s.emit(classSecurity, append(event("SuccessfulAuth", classSecurity), message{
		{"EventTV", at},
		{"Severity", "Informational"},
		{"Service", "AMI"},
		{"EventVersion", "1"},
		{"AccountID", c.user},
		{"SessionID", fmt.Sprintf("%p", c)},
		{"LocalAddress", "IPV4/TCP/" + strings.Replace(c.conn.LocalAddr().String(), ":", "/", 1)},
		{"RemoteAddress", "IPV4/TCP/" + strings.Replace(c.conn.RemoteAddr().String(), ":", "/", 1)},
		{"UsingPassword", "0"},
		{"SessionTV", at},
	}...))
}

// sees reports whether events of a class reach this session.
func (c *session) sees(of class) bool { return c.loggedIn && c.read&c.mask&of != 0 }

// events sets which events the client wants to see.
func events(_ *Server, c *session, req message) {
	mask := req.get("EventMask")
	c.mask = parseClasses(mask)
	shown := "On"
	if c.mask == 0 {
		shown = "Off"
	}
	c.send(success(req).with("Events", shown))
}
