package config

// former maps the names that keys had before each door got its own limits. These
// names still work.
var former = map[string]string{
	"limits.per_second": "legacy.limits.per_second",
	"limits.burst":      "legacy.limits.burst",
	"limits.per_caller": "legacy.limits.per_caller",
	"limits.total":      "legacy.limits.total",
	"limits.exempt":     "legacy.limits.exempt",
}

// renameFormer replaces former names of keys. One source may not set a key by both
// names.
func renameFormer(entries []entry) []Problem {
	var problems []Problem
	named := map[string]string{} // how each key is called in entries
	for i, e := range entries {
		now := e.key
		if name, ok := former[e.key]; ok {
			now = name
		}
		if other, twice := named[now]; twice && other != e.key {
			problems = append(problems, Problem{From: e.from, Key: e.key, Msg: "is set together with " + other + ": set only one of them"})
		}
		named[now] = e.key
		entries[i].key = now
	}
	return problems
}
