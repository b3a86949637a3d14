package store

import (
	"net"
	"net/url"
	"path"
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
// User, password and name are percent-encoded. Errors are Invalid, say what
// would do and repeat nothing that could be a password.
func parseDSN(dsn string) (source, error) {
	if path, ok := strings.CutPrefix(dsn, "sqlite:"); ok {
		if path == "" || strings.HasPrefix(path, ":") || strings.ContainsRune(path, 0) {
			return nil, recording.Errorf(recording.Invalid, "the database %q names no file: write sqlite:recgate.db", dsn)
		}
		return sqliteSource(path), nil
	}
	if rest, ok := strings.CutPrefix(dsn, "mysql://"); ok {
		config, hosts, trusts, problem := parseMySQL(rest)
		if problem != "" {
			return nil, recording.Errorf(recording.Invalid, "the mysql database setting %s: write mysql://user:password@host:3306/recgate", problem)
		}
		return mysqlSource{config, hosts, trusts}, nil
	}
	return nil, recording.Errorf(recording.Invalid, "the database setting begins with neither sqlite: nor mysql://: write sqlite:recgate.db or mysql://user:password@host:3306/recgate")
}

// parseMySQL reads what follows mysql://, or says what is wrong with it.
func parseMySQL(rest string) (c *mysql.Config, hosts []string, trusts, problem string) {
	c = mysql.NewConfig()
	rest, query, _ := strings.Cut(rest, "?")
	at := strings.LastIndexByte(rest, '@')
	if at < 0 {
		return nil, nil, "", "names no user"
	}
	user, password, _ := strings.Cut(rest[:at], ":")
	server, name, err := cutServer(rest[at+1:])
	if err != "" {
		return nil, nil, "", err
	}
	for _, field := range []struct {
		what, value string
		into        *string
	}{{"user", user, &c.User}, {"password", password, &c.Passwd}, {"database name", name, &c.DBName}} {
		text, err := url.PathUnescape(field.value)
		if err != nil {
			return nil, nil, "", "holds a " + field.what + " with a bad escape (a percent sign is written %25)"
		}
		*field.into = text
	}
	if c.User == "" {
		return nil, nil, "", "names no user"
	}
	if c.DBName == "" || strings.Contains(c.DBName, "/") {
		return nil, nil, "", "names no database"
	}
	if path, ok := strings.CutPrefix(server, "unix("); ok {
		c.Net, hosts = "unix", []string{strings.TrimSuffix(path, ")")}
	} else if c.Net, hosts = "tcp", withPorts(server); hosts == nil {
		return nil, nil, "", "names no host, or an empty one"
	}
	c.Addr = hosts[0]
	trusts, problem = setOptions(c, query)
	return c, hosts, trusts, problem
}

// withPorts parts hosts at their commas and adds the port of MySQL to those
// without one; nil when one is empty.
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
		return "", "", "names no database"
	}
	return server, name, ""
}

// withPort adds the port of MySQL to a host without one; "" for no host.
func withPort(server string) string {
	if host, port, err := net.SplitHostPort(server); err == nil {
		if host == "" || port == "" {
			return ""
		}
		return server
	}
	host := strings.Trim(server, "[]")
	if host == "" {
		return ""
	}
	return net.JoinHostPort(host, "3306")
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
			return "", "has an option that is not known, only tls=true, tls=skip-verify and tls=/FILE are"
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
