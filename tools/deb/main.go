// Command deb builds a Debian package as an nfpm configuration says. It is
// nfpm's library with the one format that is needed: the program nfpm brings
// those of every other distribution along.
//
// Usage: deb CONFIG TARGET. Paths in CONFIG are as seen from the working
// folder, and ${NAME} in it is a variable of the environment. TARGET is a
// folder; the name of the file that was made is printed.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/goreleaser/nfpm/v2"
	"github.com/goreleaser/nfpm/v2/deb"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: deb CONFIG TARGET")
		os.Exit(2)
	}
	name, err := build(os.Args[1], os.Args[2])
	if err != nil {
		fmt.Fprintf(os.Stderr, "deb: %v\n", err)
		os.Exit(1)
	}
	fmt.Println(name)
}

// build makes the package in the folder target and returns its path. The file
// has its name only once it is whole.
func build(config, target string) (string, error) {
	parsed, err := nfpm.ParseFile(config)
	if err != nil {
		return "", fmt.Errorf("read %s: %w", config, err)
	}
	info, err := parsed.Get("deb")
	if err != nil {
		return "", fmt.Errorf("the settings of deb in %s: %w", config, err)
	}
	info = nfpm.WithDefaults(info)
	if err := nfpm.PrepareForPackager(info, "deb"); err != nil {
		return "", fmt.Errorf("check %s: %w", config, err)
	}
	name := filepath.Join(target, deb.Default.ConventionalFileName(info))
	file, err := os.CreateTemp(target, ".deb-*")
	if err != nil {
		return "", err
	}
	defer os.Remove(file.Name()) // already renamed after a success
	if err := deb.Default.Package(info, file); err != nil {
		file.Close()
		return "", fmt.Errorf("package %s: %w", name, err)
	}
	if err := file.Close(); err != nil {
		return "", err
	}
	if err := os.Chmod(file.Name(), 0o644); err != nil {
		return "", err
	}
	return name, os.Rename(file.Name(), name)
}
