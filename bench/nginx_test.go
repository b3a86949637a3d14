//go:build full

package bench

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"recgate/internal/port"
)

// nginxConfig is what Debian delivers, with two differences: sendfile is off
// (a proxy with TLS or a filter cannot use it either, and it would compare the
// kernel with a program), and it listens where we say.
const nginxConfig = `daemon off;
worker_processes auto;
pid %[1]s/pid;
error_log %[1]s/error.log;
events { worker_connections 768; }
http {
	sendfile off;
	types_hash_max_size 2048;
	default_type text/plain;
	access_log %[1]s/access.log;
	client_body_temp_path %[1]s/body;
	proxy_temp_path %[1]s/proxy;
	fastcgi_temp_path %[1]s/fastcgi;
	uwsgi_temp_path %[1]s/uwsgi;
	scgi_temp_path %[1]s/scgi;
	server {
		listen %[2]s;
		root %[3]s;
		location /large/ {
			alias %[3]s/;
			output_buffers 2 256k;
		}
		location = /retrieve.php {
			fastcgi_pass unix:%[1]s/php.sock;
			fastcgi_param REQUEST_METHOD $request_method;
			fastcgi_param QUERY_STRING $query_string;
			fastcgi_param SCRIPT_FILENAME %[1]s/retrieve.php;
		}
	}
}
`

// phpConfig is the pool that Debian delivers: five children at most.
const phpConfig = `[global]
error_log = %[1]s/php.log
daemonize = no
[www]
listen = %[1]s/php.sock
listen.mode = 0666
%[2]s
pm = dynamic
pm.max_children = 5
pm.start_servers = 2
pm.min_spare_servers = 1
pm.max_spare_servers = 3
php_admin_value[memory_limit] = 512M
`

// phpScript is how a recording usually leaves such a server: read, encode,
// print. An hour does not fit into PHP's 128 MB, so its pool is given 512.
const phpScript = `<?php
header('Content-Type: text/plain');
$audio = base64_encode(file_get_contents('%s/' . basename($_GET['name'])));
header('Content-Length: ' . strlen($audio));
echo $audio;
`

// rivals are nginx and PHP-FPM in front of the same recordings.
type rivals struct {
	address string
	nginx   processes
	php     processes
}

// newRivals serves from plain, where the WAV files are, and from encoded,
// where the same are in base64.
func newRivals(b *testing.B, plain, encoded string) rivals {
	b.Helper()
	dir := b.TempDir()
	for path := dir; path != "/" && path != os.TempDir(); path = filepath.Dir(path) { // the workers are of another user
		if err := os.Chmod(path, 0o755); err != nil {
			b.Fatal(err)
		}
	}
	address := port.Address(b)
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			b.Fatal(err)
		}
		return path
	}
	user := ""
	if os.Getuid() == 0 {
		user = "user = www-data\ngroup = www-data"
	}
	write("retrieve.php", fmt.Sprintf(phpScript, plain))
	php := launch(b, exec.Command(fpm(b), "--nodaemonize", "--fpm-config", write("php.conf", fmt.Sprintf(phpConfig, dir, user))))
	nginx := launch(b, exec.Command("/usr/sbin/nginx", "-e", filepath.Join(dir, "error.log"),
		"-c", write("nginx.conf", fmt.Sprintf(nginxConfig, dir, address, encoded))))
	awaitStatus(b, "http://"+address+"/", http.StatusForbidden)
	await(b, "php-fpm", func() bool { _, err := os.Stat(filepath.Join(dir, "php.sock")); return err == nil })
	return rivals{address, processes{nginx}, processes{nginx, php}}
}

func fpm(b *testing.B) string {
	b.Helper()
	found, err := filepath.Glob("/usr/sbin/php-fpm[0-9]*")
	if err != nil || len(found) == 0 {
		b.Fatal("php-fpm is missing: fulltest/install brings it")
	}
	return found[0]
}

// encodeFile writes a file in base64 as it would be kept for nginx.
func encodeFile(b *testing.B, from, to string) {
	b.Helper()
	in, err := os.Open(from)
	if err != nil {
		b.Fatal(err)
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		b.Fatal(err)
	}
	encoder := base64.NewEncoder(base64.StdEncoding, out)
	_, err = io.Copy(encoder, in)
	for _, end := range []func() error{encoder.Close, out.Close} {
		if failed := end(); err == nil {
			err = failed
		}
	}
	if err != nil {
		b.Fatal(err)
	}
}

// makeReadable lets the workers of nginx and PHP read a folder of the benchmark.
func makeReadable(b *testing.B, dir string) {
	b.Helper()
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.Chmod(path, 0o755)
		}
		return os.Chmod(path, 0o644)
	})
	for path := dir; err == nil && path != "/" && strings.HasPrefix(path, os.TempDir()+"/"); path = filepath.Dir(path) {
		err = os.Chmod(path, 0o755)
	}
	if err != nil {
		b.Fatal(err)
	}
}
