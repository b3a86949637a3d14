package config

import (
	"encoding"
	"fmt"
	"log/slog"
	"reflect"
	"strconv"
	"strings"
)

// isGroup reports whether a type has keys below it: a struct that is not
// written as one text, or a list of such.
func isGroup(t reflect.Type) bool {
	if t.Kind() == reflect.Slice {
		return isGroup(t.Elem())
	}
	return t.Kind() == reflect.Struct && !reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

// leaf is a key that holds a value.
type leaf struct {
	key   string
	value reflect.Value
	oneof string // the values that it may have, parted by |; empty: any
}

// visitLeaves visits all leaves below v in the order of the struct.
func visitLeaves(v reflect.Value, prefix string, visit func(leaf)) {
	for f, value := range v.Fields() {
		key := prefix + f.Tag.Get("yaml")
		switch {
		case !isGroup(f.Type):
			visit(leaf{key: key, value: value, oneof: f.Tag.Get("oneof")})
		case f.Type.Kind() == reflect.Slice:
			for i := range value.Len() {
				visitLeaves(value.Index(i), key+"."+strconv.Itoa(i)+".", visit)
			}
		default:
			visitLeaves(value, key+".", visit)
		}
	}
}

// visitEveryLeaf visits every leaf, with one item for each list.
func visitEveryLeaf(visit func(leaf)) {
	c := Default()
	c.PBX = []PBX{DefaultPBX()}
	c.PBX[0].Extensions = make([]Extension, 1)
	visitLeaves(reflect.ValueOf(c), "", visit)
}

// Keys returns every key there is, in the order of recgate.example.yaml, each
// list of mappings with one item: pbx.0.name.
func Keys() []string {
	var keys []string
	visitEveryLeaf(func(l leaf) { keys = append(keys, l.key) })
	return keys
}

// values returns every key with its value, secrets hidden.
func (c Config) values() []slog.Attr {
	var all []slog.Attr
	visitLeaves(reflect.ValueOf(c), "", func(l leaf) {
		all = append(all, slog.String(l.key, fmt.Sprint(l.value.Interface())))
	})
	return all
}

// String returns a line "key: value" for each key, without any secret.
func (c Config) String() string {
	var b strings.Builder
	for _, a := range c.values() {
		fmt.Fprintf(&b, "%s: %s\n", a.Key, a.Value)
	}
	return b.String()
}

// LogValue implements slog.LogValuer, without any secret.
func (c Config) LogValue() slog.Value { return slog.GroupValue(c.values()...) }
