package config

import (
	"encoding"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// loader writes entries into a Config and remembers where each came from.
type loader struct {
	root     reflect.Value
	from     map[string]string
	problems []Problem
}

func (l *loader) addProblem(key, msg string) {
	l.problems = append(l.problems, Problem{From: l.from[key], Key: key, Msg: msg})
}

// apply sets the key of the entry.
func (l *loader) apply(e entry) {
	l.from[e.key] = e.from
	v, err := l.find(e.key)
	switch {
	case err != nil:
		l.addProblem(e.key, err.Error())
		return
	case !v.IsValid() || e.kind == null: // a problem of the key above, or left at its default
		return
	case isGroup(v.Type()):
		if e.kind != mapping && (e.kind != list || len(e.texts) > 0) {
			l.addProblem(e.key, "has keys below it: see recgate.example.yaml")
		}
		return
	case e.kind == mapping:
		l.addProblem(e.key, "is a single value and has no keys below it")
		return
	}
	if err := set(v, e); err != nil {
		l.addProblem(e.key, err.Error())
	}
}

// find returns the field of a key. Items of lists are added when they are first
// named. An invalid value without an error means that the key is below a single
// value, which is a problem of that value.
func (l *loader) find(key string) (v reflect.Value, err error) {
	v = l.root
	for part := range strings.SplitSeq(key, ".") {
		switch {
		case !isGroup(v.Type()):
			return reflect.Value{}, nil
		case v.Kind() == reflect.Slice:
			v, err = listItem(v, part)
		default:
			v, err = structField(v, part)
		}
		if err != nil {
			return v, err
		}
	}
	return v, nil
}

// structField returns the field of a key in a struct.
func structField(v reflect.Value, key string) (reflect.Value, error) {
	var known []string
	for f, value := range v.Fields() {
		if f.Tag.Get("yaml") == key {
			return value, nil
		}
		known = append(known, f.Tag.Get("yaml"))
	}
	return reflect.Value{}, fmt.Errorf("unknown key: the keys here are %s", strings.Join(known, ", "))
}

// listItem returns an item of a list of mappings, a new one if it is the next.
func listItem(v reflect.Value, number string) (reflect.Value, error) {
	i, err := strconv.Atoi(number)
	if err != nil {
		return reflect.Value{}, fmt.Errorf("this is a list: begin each item with a hyphen")
	}
	switch {
	case i > v.Len():
		return reflect.Value{}, fmt.Errorf("item %d would leave a gap: the next item is %d", i, v.Len())
	case i == v.Len():
		fresh := reflect.New(v.Type().Elem()).Elem()
		if p, ok := fresh.Addr().Interface().(*PBX); ok {
			*p = DefaultPBX()
		}
		v.Set(reflect.Append(v, fresh))
	}
	return v.Index(i), nil
}

// set converts the text of an entry. Messages quote it unless it is secret.
func set(v reflect.Value, e entry) error {
	switch {
	case v.Kind() == reflect.Slice:
		if e.kind != list {
			return fmt.Errorf("is a list: write it as [one, two], even with a single item")
		}
		all := reflect.MakeSlice(v.Type(), len(e.texts), len(e.texts))
		for i, s := range e.texts {
			if err := set(all.Index(i), entry{texts: []string{s}}); err != nil {
				return err
			}
		}
		v.Set(all)
		return nil
	case e.kind == list:
		return fmt.Errorf("is a single value, not a list")
	}
	return setText(v, e.texts[0], e.kind == boolean)
}

func setText(v reflect.Value, s string, isBool bool) error {
	switch p := v.Addr().Interface().(type) {
	case encoding.TextUnmarshaler:
		return p.UnmarshalText([]byte(s))
	case *time.Duration:
		d, err := time.ParseDuration(s)
		if err != nil {
			return fmt.Errorf("%q is not a duration: use one such as 1s or 500ms", s)
		}
		*p = d
	case *bool:
		if s != "true" && s != "false" {
			return fmt.Errorf("%q must be true or false", s)
		}
		*p = s == "true"
	case *int:
		n, err := strconv.Atoi(s)
		if err != nil {
			return fmt.Errorf("%q is not a whole number: use one such as 2", s)
		}
		*p = n
	case *Secret:
		*p = Secret(s)
	case *string:
		if isBool {
			return fmt.Errorf("%s is not text: put it in quotes if you mean text", s)
		}
		*p = s
	default:
		return fmt.Errorf("cannot be set: %T", p)
	}
	return nil
}
