package store

import (
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"

	"recgate/recording"
)

func TestParseMySQL(t *testing.T) {
	for _, tt := range []struct{ dsn, net, addr, user, password, name, tls string }{
		{"mysql://u:p@db:3307/recgate", "tcp", "db:3307", "u", "p", "recgate", ""},
		{"mysql://u:p@db/recgate", "tcp", "db:3306", "u", "p", "recgate", ""},
		{"mysql://u@127.0.0.1/r", "tcp", "127.0.0.1:3306", "u", "", "r", ""},
		{"mysql://u:p@[::1]/r", "tcp", "[::1]:3306", "u", "p", "r", ""},
		{"mysql://u:p@[::1]:3307/r", "tcp", "[::1]:3307", "u", "p", "r", ""},
		{"mysql://u:p@unix(/run/mysqld/mysqld.sock)/r", "unix", "/run/mysqld/mysqld.sock", "u", "p", "r", ""},
		{"mysql://us%40er:p%3A%40%2F%3F%25+x@db/r%20s", "tcp", "db:3306", "us@er", "p:@/?%+x", "r s", ""},
		{"mysql://u:p@a:3307,b,[::1]/r", "tcp", "a:3307,b:3306,[::1]:3306", "u", "p", "r", ""},
		{"mysql://u:a@b:c@db/r", "tcp", "db:3306", "u", "a@b:c", "r", ""},
		{"mysql://u:a?b@db/r", "tcp", "db:3306", "u", "a?b", "r", ""},
		{"mysql://u:?a/b:c#d@e&f=g@db:3307/r?tls=true", "tcp", "db:3307", "u", "?a/b:c#d@e&f=g", "r", "true"},
		{"mysql://u:a?b%25@h_1.example.org,10.0.0.5:3307/r", "tcp", "h_1.example.org:3306,10.0.0.5:3307", "u", "a?b%", "r", ""},
		{"mysql://u:p@[fe80::1%eth0]:3307/r", "tcp", "[fe80::1%eth0]:3307", "u", "p", "r", ""},
		{"mysql://u:p@db/r?tls=true", "tcp", "db:3306", "u", "p", "r", "true"},
		{"mysql://u:p@db/r?tls=skip-verify", "tcp", "db:3306", "u", "p", "r", "skip-verify"},
		{"mysql://u:p@db/r?tls=false", "tcp", "db:3306", "u", "p", "r", ""},
	} {
		s, err := parseDSN(tt.dsn)
		if err != nil {
			t.Errorf("%s: %v", tt.dsn, err)
			continue
		}
		c := s.(mysqlSource).config
		got := []string{c.Net, strings.Join(s.(mysqlSource).hosts, ","), c.User, c.Passwd, c.DBName, c.TLSConfig}
		want := []string{tt.net, tt.addr, tt.user, tt.password, tt.name, tt.tls}
		if strings.Join(got, "|") != strings.Join(want, "|") {
			t.Errorf("%s: %q, want %q", tt.dsn, got, want)
		}
		if _, err := mysql.NewConnector(c); err != nil {
			t.Errorf("%s: the driver refuses it: %v", tt.dsn, err)
		}
	}
}

func TestParseDSNRefuses(t *testing.T) {
	for _, dsn := range []string{
		"", "recgate.db", "sqlite:", "sqlite::memory:", "sqlite:a\x00b", "postgres://u:hunter2@db/r", "mysql:u:hunter2@db/r",
		"mysql://", "mysql://db/r", "mysql://:hunter2@db/r", "mysql://u:hunter2@db", "mysql://u:hunter2@db/", "mysql://u:hunter2@/r",
		"mysql://u:hunter2@:3306/r", "mysql://u:hunter2@a,/r", "mysql://u:hunter2@a,,b/r", "mysql://u:hunter2@db:/r", "mysql://u:hunter2@unix(/sock/r", "mysql://u:hunter2%zz@db/r",
		"mysql://u:hunter2@tcp(db:3306)/r", "mysql://u:hunter2@tcp(db)/r", "mysql://u:hunter2@db:port/r", "mysql://u:hunter2@db:0/r", "mysql://u:hunter2@db:70000/r", "mysql://u:hunter2@http://db/r",
		"mysql://u:p@hunter2 3/r", "mysql://hunter2?@db", "mysql://u:hunter2",
		"mysql://u:hunter2@db/r?tls=perhaps", "mysql://u:hunter2@db/r?tls=ca.pem", "mysql://u:hunter2@db/r?tls=/none/ca.pem", "mysql://u:hunter2@db/r?hunter2=1", "mysql://u:hunter2@db/r?tls=%zzhunter2", "mysql://u:hunter2@db/a/b",
	} {
		_, err := Open(t.Context(), dsn, Options{})
		if recording.CodeOf(err) != recording.Invalid {
			t.Errorf("%q: %v, want Invalid", dsn, err)
			continue
		}
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the error holds the password: %v", err)
		}
		if msg := recording.Message(err); !strings.Contains(msg, "use ") {
			t.Errorf("the error does not say what would do: %s", msg)
		}
	}
}

func FuzzParseDSN(f *testing.F) {
	f.Add("mysql://u:p@[::1]:3306/r?tls=true")
	f.Add("mysql://u:p@unix(/s)/r")
	f.Add("mysql://u:?p@x?y@h,[::1%e]:1/r?tls=/a@b")
	f.Add("sqlite:a?b#c")
	f.Fuzz(func(t *testing.T, dsn string) {
		s, err := parseDSN(dsn)
		if (s == nil) == (err == nil) {
			t.Errorf("%q: %v, %v", dsn, s, err)
		}
		if m, ok := s.(mysqlSource); ok {
			if _, err := mysql.NewConnector(m.config); err != nil {
				t.Errorf("%q: the driver refuses it: %v", dsn, err)
			}
		}
	})
}
