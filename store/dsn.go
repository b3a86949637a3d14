package store

import (
	"net"
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/go-sql-driver/mysql"

	"recgate/recording"
)

// source is a database that can be opened.
type source interface {
	open(o Options) (*DB, error)
}

// sqliteSource is the path of an SQLite file.
type sqliteSource string

// mysqlSource is where a MySQL server is and who we are there; several hosts
// are the servers of one cluster.
type mysqlSource struct {
	config *mysql.Config
	hosts  []string
	trusts string // a file of certificates; empty: what TLSConfig of the driver says
}

// parseDSN reads the database setting:
//
//	sqlite:PATH
//	mysql://USER:PASSWORD@HOST[:PORT][,HOST[:PORT]...]/NAME[?tls=true|skip-verify|/FILE]
//	mysql://USER:PASSWORD@unix(/PATH)/NAME
//
// User, password and name are percent-encoded; a password may hold any other
// character as it is, but for a percent sign, which is written %25. Errors are
// Invalid, say what would do and repeat nothing that could be a password.
func parseDSN(dsn string) (source, error) {
	if path, ok := strings.CutPrefix(dsn, "sqlite:"); ok {
		if path == "" || strings.HasPrefix(path, ":") || strings.ContainsRune(path, 0) {
			return nil, recording.Errorf(recording.Invalid, "the database %q has no file name: use sqlite:recgate.db", dsn)
		}
		return sqliteSource(path), nil
	}
	if rest, ok := strings.CutPrefix(dsn, "mysql://"); ok {
		config, hosts, trusts, problem := parseMySQL(rest)
		if problem != "" {
			return nil, recording.Errorf(recording.Invalid, "the mysql database setting %s: use mysql://user:password@host:3306/recgate", problem)
		}
		return mysqlSource{config, hosts, trusts}, nil
	}
	return nil, recording.Errorf(recording.Invalid, "the database setting begins with neither sqlite: nor mysql://: use sqlite:recgate.db or mysql://user:password@host:3306/recgate")
}

// parseMySQL reads what follows mysql://, or says what is wrong with it.
func parseMySQL(rest string) (c *mysql.Config, hosts []string, trusts, problem string) {
	c = mysql.NewConfig()
	login, place, query := cutLogin(rest)
	user, password, _ := strings.Cut(login, ":")
	server, name, err := cutServer(place)
	if err != "" {
		return nil, nil, "", err
	}
	for _, field := range []struct {
		what, value string
		into        *string
	}{{"user", user, &c.User}, {"password", password, &c.Passwd}, {"database name", name, &c.DBName}} {
		text, err := url.PathUnescape(field.value)
		if err != nil {
			return nil, nil, "", "has a " + field.what + " with a bad escape (write a percent sign as %25)"
		}
		*field.into = text
	}
	if c.User == "" {
		return nil, nil, "", "has no user"
	}
	if c.DBName == "" || strings.Contains(c.DBName, "/") {
		return nil, nil, "", "has no database name"
	}
	if path, ok := strings.CutPrefix(server, "unix("); ok {
		c.Net, hosts = "unix", []string{strings.TrimSuffix(path, ")")}
	} else if c.Net, hosts = "tcp", withPorts(server); hosts == nil {
		return nil, nil, "", "has no host, a host that is neither a name nor an address, or a port that is not a number (write an @ in the password as %40)"
	}
	c.Addr = hosts[0]
	trusts, problem = setOptions(c, query)
	return c, hosts, trusts, problem
}

// cutLogin parts user:password, server/name and the options. The login ends at
// the last @, so that a password may hold what has a meaning elsewhere, a
// question mark too; only an @ behind an option of ours belongs to the option.
func cutLogin(s string) (login, place, query string) {
	front, options, _ := strings.Cut(s, "?")
	if strings.Contains(front, "@") && strings.HasPrefix(options, "tls=") {
		at := strings.LastIndexByte(front, '@')
		return front[:at], front[at+1:], options
	}
	at := strings.LastIndexByte(s, '@')
	if at < 0 {
		return "", s, ""
	}
	place, query, _ = strings.Cut(s[at+1:], "?")
	return s[:at], place, query
}

// withPorts parts hosts at their commas and adds the port of MySQL to those
// without one; nil when one is empty or not a host.
func withPorts(servers string) []string {
	var hosts []string
	for server := range strings.SplitSeq(servers, ",") {
		host := withPort(strings.TrimSpace(server))
		if host == "" {
			return nil
		}
		hosts = append(hosts, host)
	}
	return hosts
}

// cutServer parts host:port/name or unix(/path)/name.
func cutServer(s string) (server, name, problem string) {
	mark := "/"
	if strings.HasPrefix(s, "unix(") {
		mark = ")/"
	}
	server, name, ok := strings.Cut(s, mark)
	if !ok {
		return "", "", "has no database name"
	}
	return server, name, ""
}

// hostText is a host name or an IP address; one of IPv6 may name its interface.
var hostText = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_.])?$|^[0-9A-Fa-f:.]+(%[A-Za-z0-9_.-]+)?$`)

// withPort adds the port of MySQL to a host without one; "" for what is not a
// host, or not a port.
func withPort(server string) string {
	host, port, err := net.SplitHostPort(server)
	if err != nil {
		host, port = strings.TrimSuffix(strings.TrimPrefix(server, "["), "]"), "3306"
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 || !hostText.MatchString(host) {
		return ""
	}
	return net.JoinHostPort(host, port)
}

// setOptions reads what follows the question mark. trusts is the file of
// certificates that tls names, if it does.
func setOptions(c *mysql.Config, query string) (trusts, problem string) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return "", "has a bad escape after the question mark"
	}
	for key, value := range values {
		if key != "tls" {
			return "", "has an unknown option: only tls=true, tls=skip-verify and tls=/FILE are valid"
		}
		switch how := value[0]; {
		case how == "true", how == "skip-verify":
			c.TLSConfig = how
		case path.IsAbs(how):
			trusts = how
		case how != "false":
			return "", "has a tls option that is neither true, skip-verify nor the absolute path of a file with the server's certificate or its authority"
		}
	}
	return trusts, ""
}
