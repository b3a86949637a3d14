package lab

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"recgate/internal/child"
)

//go:embed install
var installScript string

// maxInstall is how long one install may take, other installs before it included.
const maxInstall = 5 * time.Minute

// Cache returns the folder in which the lab and fulltest/install keep what they
// have brought: $LAB_CACHE, or recgate in the user's cache folder.
func Cache(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("LAB_CACHE")
	if dir == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			t.Fatalf("no place for a cache (set LAB_CACHE): %v", err)
		}
		dir = filepath.Join(user, "recgate")
	}
	absolute, err := filepath.Abs(dir)
	if err != nil {
		t.Fatalf("cache folder: %v", err)
	}
	return absolute
}

// tree is an unpacked Asterisk.
type tree struct {
	version int
	root    string
	loader  string // the dynamic linker that came with it
	modules string
}

// install runs the script install, which does nothing when the version is there.
func install(ctx context.Context, version int, cache string) (tree, error) {
	cmd := exec.CommandContext(ctx, "bash", "-c", installScript, "lab/install", strconv.Itoa(version), cache)
	if said, err := child.Output(maxInstall, cmd); err != nil {
		return tree{}, fmt.Errorf("install: %w\n%s", errors.Join(err, ctx.Err()), said)
	}
	t := tree{version: version, root: filepath.Join(cache, strconv.Itoa(version))}
	var err error
	if t.loader, err = firstMatch(t.root, "lib/*-linux-gnu*/ld-linux*.so.*", "usr/lib/*-linux-gnu*/ld-linux*.so.*"); err != nil {
		return tree{}, err
	}
	t.modules, err = firstMatch(t.root, "usr/lib/asterisk/modules", "usr/lib/*/asterisk/modules")
	return t, err
}

func firstMatch(root string, patterns ...string) (string, error) {
	for _, p := range patterns {
		found, err := filepath.Glob(filepath.Join(root, p))
		if err == nil && len(found) > 0 {
			return found[0], nil
		}
	}
	return "", fmt.Errorf("%s has nothing like %q: remove that folder, and it is installed again", root, patterns)
}

// command runs the unpacked Asterisk under its own dynamic linker. The libraries
// are not named in the environment, because the programs that Asterisk starts
// must get the libraries of the host.
func (t tree) command(ctx context.Context, args ...string) *exec.Cmd {
	triple := filepath.Base(filepath.Dir(t.loader))
	libraries := fmt.Sprintf("%[1]s/lib/%[2]s:%[1]s/usr/lib/%[2]s:%[1]s/usr/lib", t.root, triple)
	return exec.CommandContext(ctx, t.loader,
		append([]string{"--library-path", libraries, filepath.Join(t.root, "usr/sbin/asterisk")}, args...)...)
}
