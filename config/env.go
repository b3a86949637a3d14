package config

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
)

const (
	envPrefix     = "RECGATE_"
	byteOrderMark = "\uFEFF" // in front of a value that was read from a file made on Windows
	anItem        = "="      // stands for a number; it is in the name of no variable
)

// foreignVariable are variables with our prefix that are not ours: the path of the
// file itself, and those that Kubernetes sets beside a service called recgate.
var foreignVariable = regexp.MustCompile(`^RECGATE_(CONFIG|SERVICE_HOST|SERVICE_PORT.*|PORT(_.*)?)$`)

// The numbers in variables go up to 99.
var (
	number = regexp.MustCompile(`_(?:0|[1-9][0-9]?)_`)
	digit  = regexp.MustCompile(`\.([0-9])\.`)
)

// MapEnv returns the variable of a key: RECGATE_, then the key in capitals,
// its dots as underscores. Items of a list of mappings are numbered from 0
// (pbx.0.address is RECGATE_PBX_0_ADDRESS); the number after the last item of the
// file adds an item. A list of texts is one variable, its items separated by commas.
// An empty variable counts as not set. A byte order mark at the beginning and line
// ends at the end, which files of variables leave there, are dropped.
func MapEnv(key string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

// readEnv lists what the environment sets, in the order of the keys.
func readEnv(environ []string) ([]entry, []Problem) {
	var entries []entry
	var problems []Problem
	known := variables()
	for _, variable := range environ {
		name, value, _ := strings.Cut(variable, "=")
		name, value = strings.TrimPrefix(name, byteOrderMark), strings.TrimRight(strings.TrimPrefix(value, byteOrderMark), "\r\n")
		if !strings.HasPrefix(name, envPrefix) || value == "" || foreignVariable.MatchString(name) {
			continue
		}
		l, ok := known[number.ReplaceAllString(name, "_"+anItem+"_")]
		if !ok {
			problems = append(problems, Problem{From: name, Msg: "is not a recgate key: recgate.example.yaml lists the keys, and says how to write them as variables"})
			continue
		}
		e := entry{key: l.key, from: name, kind: text, texts: []string{value}}
		for _, n := range number.FindAllString(name, -1) {
			e.key = strings.Replace(e.key, anItem, strings.Trim(n, "_"), 1)
		}
		if l.value.Kind() == reflect.Slice {
			e.kind, e.texts = list, splitList(value)
		}
		entries = append(entries, e)
	}
	slices.SortStableFunc(entries, func(a, b entry) int { return strings.Compare(sortable(a.key), sortable(b.key)) })
	slices.SortStableFunc(problems, func(a, b Problem) int { return strings.Compare(a.From, b.From) })
	return entries, problems
}

// variables returns every key by its variable, and by its former one; anItem stands
// for the numbers of items.
func variables() map[string]leaf {
	all := map[string]leaf{}
	visitEveryLeaf(func(l leaf) {
		l.key = strings.ReplaceAll(l.key, ".0.", "."+anItem+".")
		all[MapEnv(l.key)] = l
	})
	for before, now := range former {
		l := all[MapEnv(now)]
		l.key = before
		all[MapEnv(before)] = l
	}
	return all
}

func splitList(value string) []string {
	items := strings.Split(value, ",")
	for i := range items {
		items[i] = strings.TrimSpace(items[i])
	}
	return items
}

// sortable writes the numbers in a key with two digits: pbx.9 before pbx.10.
func sortable(key string) string { return digit.ReplaceAllString(key, ".0$1.") }
