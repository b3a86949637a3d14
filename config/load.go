package config

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"recgate/smallfile"
)

// Load reads the file at path (none if path is empty) and then environ, as
// os.Environ gives it, which wins. The error joins a Problem for everything
// that is wrong, and shows no secret. With an OpenToEverybody the configuration is
// valid and returned.
func Load(path string, environ []string) (Config, error) {
	if path == "" {
		return Parse("", nil, environ)
	}
	data, err := smallfile.Read(path)
	if err != nil {
		return Config{}, fmt.Errorf("read the configuration: %w", err)
	}
	return Parse(path, data, environ)
}

// Parse is Load for a file that has been read already; errors call it name. It still
// reads the files that keys such as secret_file name.
func Parse(name string, data []byte, environ []string) (Config, error) {
	file, problems := readYAML(name, data)
	if len(problems) > 0 {
		return Config{}, joinProblems(problems)
	}
	env, problems := readEnv(environ)
	problems = append(problems, renameFormer(file)...)
	problems = append(problems, renameFormer(env)...)
	entries, more := overlay(file, env)
	problems = append(problems, more...)

	c := Default()
	l := loader{root: reflect.ValueOf(&c).Elem(), from: map[string]string{}}
	for _, e := range entries {
		l.apply(e)
	}
	l.readSecrets()
	if problems = append(problems, l.problems...); len(problems) > 0 {
		return Config{}, joinProblems(problems)
	}
	err := judge(c, l.from)
	if _, usable := errors.AsType[OpenToEverybody](err); err != nil && !usable {
		return Config{}, err
	}
	c.complete()
	return c, err
}

// overlay puts the environment over the file. Of a key and its _file twin, the one
// that the environment sets wins; one source may not set both.
func overlay(file, env []entry) ([]entry, []Problem) {
	var problems []Problem
	taken := map[string]bool{}
	for _, layer := range [][]entry{file, env} {
		clear(taken)
		for _, e := range layer {
			if e.isBlank() {
				continue
			}
			taken[e.key] = true
			if t := twin(e.key); t != "" && taken[t] {
				problems = append(problems, Problem{From: e.from, Key: e.key, Msg: "is set together with " + t + ": set only one of them"})
			}
		}
	}
	all := make([]entry, 0, len(file)+len(env))
	for _, e := range file { // taken is the environment's now
		if t := twin(e.key); t == "" || !taken[t] {
			all = append(all, e)
		}
	}
	return append(all, env...), problems
}

// twin returns the other key of a pair such as secret and secret_file, or "".
func twin(key string) string {
	if plain, ok := strings.CutSuffix(key, "_file"); ok {
		return plain
	}
	switch key[strings.LastIndexByte(key, '.')+1:] {
	case "database", "secret", "api_keys", "archive_access_key", "archive_secret_key":
		return key + "_file"
	}
	return ""
}
