package config

import (
	"encoding"
	"fmt"
	"iter"
	"log/slog"
	"reflect"
	"strconv"
	"strings"
)

// field is one field of a configuration struct.
type field struct {
	tag   string // its key
	typ   reflect.Type
	index int
	oneof []string // the values that it may have; none: any
}

// fields lists the fields of a configuration struct in their order.
func fields(t reflect.Type) iter.Seq[field] {
	return func(yield func(field) bool) {
		for i := range t.NumField() {
			f := t.Field(i)
			var oneof []string
			if tag := f.Tag.Get("oneof"); tag != "" {
				oneof = strings.Split(tag, "|")
			}
			if !yield(field{tag: f.Tag.Get("yaml"), typ: f.Type, index: i, oneof: oneof}) {
				return
			}
		}
	}
}

// isGroup tells whether a type has keys below it: a struct that is not
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
}

// walk visits all leaves below v in the order of the struct.
func walk(v reflect.Value, prefix string, visit func(leaf)) {
	for f := range fields(v.Type()) {
		value, key := v.Field(f.index), prefix+f.tag
		switch {
		case !isGroup(f.typ):
			visit(leaf{key: key, value: value})
		case f.typ.Kind() == reflect.Slice:
			for i := range value.Len() {
				walk(value.Index(i), key+"."+strconv.Itoa(i)+".", visit)
			}
		default:
			walk(value, key+".", visit)
		}
	}
}

// Keys returns every key there is, in the order of recgate.example.yaml, each
// list of mappings with one item: pbx.0.name.
func Keys() []string {
	c := Default()
	c.PBX = []PBX{DefaultPBX()}
	c.PBX[0].Extensions = make([]Extension, 1)
	var keys []string
	walk(reflect.ValueOf(c), "", func(l leaf) { keys = append(keys, l.key) })
	return keys
}

// shown is every key with its value, secrets hidden.
func (c Config) shown() []slog.Attr {
	var all []slog.Attr
	walk(reflect.ValueOf(c), "", func(l leaf) {
		all = append(all, slog.String(l.key, fmt.Sprint(l.value.Interface())))
	})
	return all
}

// String returns a line "key: value" for each key, without any secret.
func (c Config) String() string {
	var b strings.Builder
	for _, a := range c.shown() {
		fmt.Fprintf(&b, "%s: %s\n", a.Key, a.Value)
	}
	return b.String()
}

// LogValue implements slog.LogValuer, without any secret.
func (c Config) LogValue() slog.Value { return slog.GroupValue(c.shown()...) }
