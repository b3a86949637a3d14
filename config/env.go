package config

import (
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const (
	envPrefix = "RECGATE_"
	mark      = "\uFEFF" // the byte order mark, in front of what was read from a file made on Windows
	maxItems  = 100      // of a list in the environment
)

// foreign are variables with our prefix that are not ours: the path of the
// file itself, and those that Kubernetes sets beside a service called recgate.
var foreign = regexp.MustCompile(`^RECGATE_(CONFIG|SERVICE_HOST|SERVICE_PORT.*|PORT(_.*)?)$`)

// MapEnv returns the variable of a key: RECGATE_, then the key in capitals,
// its dots as underscores. Items of a list of mappings are numbered from 0
// (pbx.0.address is RECGATE_PBX_0_ADDRESS), and a number one past those of
// the file adds an item. A list of texts is one variable, its items parted by
// commas. An empty variable is as good as none. A byte order mark at the
// beginning and line ends at the end are dropped, which files of variables
// leave there.
func MapEnv(key string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

// readEnv lists what the environment sets, in the order of the keys.
func readEnv(environ []string) ([]entry, []Problem) {
	var entries []entry
	var problems []Problem
	for _, variable := range environ {
		name, value, _ := strings.Cut(variable, "=")
		name, value = strings.TrimPrefix(name, mark), strings.TrimRight(strings.TrimPrefix(value, mark), "\r\n")
		rest, ok := strings.CutPrefix(name, envPrefix)
		if !ok || value == "" || foreign.MatchString(name) {
			continue
		}
		key, field, ok := envKey(reflect.TypeFor[Config](), rest)
		if !ok {
			problems = append(problems, Problem{From: name, Msg: "is no key of recgate in the environment: see recgate.example.yaml for the keys, and their rule there for the variables"})
			continue
		}
		e := entry{key: key, from: name, kind: text, texts: []string{value}}
		if field.Kind() == reflect.Slice {
			e.kind, e.texts = list, split(value)
		}
		entries = append(entries, e)
	}
	slices.SortStableFunc(entries, func(a, b entry) int { return compareKeys(a.key, b.key) })
	slices.SortStableFunc(problems, func(a, b Problem) int { return strings.Compare(a.From, b.From) })
	return entries, problems
}

// envKey finds the key that MapEnv turns into the rest of a variable's name.
func envKey(t reflect.Type, rest string) (key string, field reflect.Type, ok bool) {
	for f := range fields(t) {
		name := strings.ToUpper(f.tag)
		if rest == name && !isGroup(f.typ) {
			return f.tag, f.typ, true
		}
		below, ok := strings.CutPrefix(rest, name+"_")
		if !ok || !isGroup(f.typ) {
			continue
		}
		group, prefix := f.typ, f.tag+"."
		if group.Kind() == reflect.Slice {
			number, after, _ := strings.Cut(below, "_")
			n, err := strconv.Atoi(number)
			if err != nil || n < 0 || n >= maxItems || strconv.Itoa(n) != number {
				continue
			}
			group, prefix, below = group.Elem(), prefix+number+".", after
		}
		if key, field, ok := envKey(group, below); ok {
			return prefix + key, field, true
		}
	}
	return "", nil, false
}

func split(value string) []string {
	items := strings.Split(value, ",")
	for i := range items {
		items[i] = strings.TrimSpace(items[i])
	}
	return items
}

// compareKeys orders keys with their numbers by value: pbx.9 before pbx.10.
func compareKeys(a, b string) int {
	return slices.CompareFunc(strings.Split(a, "."), strings.Split(b, "."), func(a, b string) int {
		m, errA := strconv.Atoi(a)
		n, errB := strconv.Atoi(b)
		if errA == nil && errB == nil {
			return m - n
		}
		return strings.Compare(a, b)
	})
}
