//go:build full

package galera

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"recgate/fulltest/operations"
	"recgate/internal/await"
	"recgate/internal/child"
	"recgate/internal/port"
)

// newBalancer runs nginx in front of both gateways, as the page for operators
// says, and returns where it listens.
func newBalancer(t *testing.T, pair [2]string) string {
	t.Helper()
	dir := child.Folder(t, "recgate-nginx-")
	listen := port.Address(t)
	server := strings.NewReplacer(
		"192.0.2.10:80", listen,
		"192.0.2.11:8080", strings.TrimPrefix(pair[0], "http://"),
		"192.0.2.12:8080", strings.TrimPrefix(pair[1], "http://"),
	).Replace(operations.Block(t, "balancer"))
	config := filepath.Join(dir, "nginx.conf")
	text := fmt.Sprintf("daemon off;\npid %s/pid;\nevents {}\nhttp {\naccess_log off;\nclient_body_temp_path %s/body;\nproxy_temp_path %s/proxy;\n"+
		"fastcgi_temp_path %s/fastcgi;\nuwsgi_temp_path %s/uwsgi;\nscgi_temp_path %s/scgi;\n%s}\n", dir, dir, dir, dir, dir, dir, server)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/usr/sbin/nginx", "-e", filepath.Join(dir, "log"), "-c", config) //nolint:noctx // ended below
	nginx, err := child.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := nginx.End(syscall.SIGTERM, await.Patience); err != nil {
			log, _ := os.ReadFile(filepath.Join(dir, "log"))
			t.Errorf("%v\n%s", err, log)
		}
	})
	await.Until(t, "nginx to listen", func() bool {
		conn, err := net.Dial("tcp", listen) //nolint:noctx // loopback
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
	return "http://" + listen
}
