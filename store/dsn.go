package store

import (
	"net"
	"net/url"
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

// mysqlSource is where a MySQL server is and who we are there.
type mysqlSource struct{ config *mysql.Config }

// parseDSN reads the database setting:
//
//	sqlite:PATH
//	mysql://USER:PASSWORD@HOST[:PORT]/NAME[?tls=true|skip-verify]
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
		config, problem := parseMySQL(rest)
		if problem != "" {
			return nil, recording.Errorf(recording.Invalid, "the mysql database setting %s: write mysql://user:password@host:3306/recgate", problem)
		}
		return mysqlSource{config}, nil
	}
	return nil, recording.Errorf(recording.Invalid, "the database setting begins with neither sqlite: nor mysql://: write sqlite:recgate.db or mysql://user:password@host:3306/recgate")
}

// parseMySQL reads what follows mysql://, or says what is wrong with it.
func parseMySQL(rest string) (c *mysql.Config, problem string) {
	c = mysql.NewConfig()
	rest, query, _ := strings.Cut(rest, "?")
	at := strings.LastIndexByte(rest, '@')
	if at < 0 {
		return nil, "names no user"
	}
	user, password, _ := strings.Cut(rest[:at], ":")
	server, name, err := cutServer(rest[at+1:])
	if err != "" {
		return nil, err
	}
	for _, field := range []struct {
		what, value string
		into        *string
	}{{"user", user, &c.User}, {"password", password, &c.Passwd}, {"database name", name, &c.DBName}} {
		text, err := url.PathUnescape(field.value)
		if err != nil {
			return nil, "holds a " + field.what + " with a bad escape (a percent sign is written %25)"
		}
		*field.into = text
	}
	if c.User == "" {
		return nil, "names no user"
	}
	if c.DBName == "" || strings.Contains(c.DBName, "/") {
		return nil, "names no database"
	}
	if path, ok := strings.CutPrefix(server, "unix("); ok {
		c.Net, c.Addr = "unix", strings.TrimSuffix(path, ")")
	} else if c.Net, c.Addr = "tcp", withPort(server); c.Addr == "" {
		return nil, "names no host"
	}
	return c, setOptions(c, query)
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

// setOptions reads what follows the question mark.
func setOptions(c *mysql.Config, query string) (problem string) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return "has a bad escape after the question mark"
	}
	for key, value := range values {
		if key != "tls" {
			return "has an option that is not known, only tls=true and tls=skip-verify are"
		}
		switch value[0] {
		case "true", "skip-verify":
			c.TLSConfig = value[0]
		case "false":
		default:
			return "has a tls option that is neither true nor skip-verify"
		}
	}
	return ""
}
