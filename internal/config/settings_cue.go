//go:build !split

package config

import (
	"fmt"
	"strconv"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/cuecontext"

	"mlcfg/internal/diag"
)

// readSettings reads a project file as plain data, with the place of each value by its
// dotted path; keys' places stand under the path with a colon behind.
func readSettings(file string) (map[string]any, map[string]diag.Pos, diag.List, error) {
	v, found, err := readCUE(cuecontext.New(), file)
	if err != nil || found.HasErrors() {
		return nil, nil, found, err
	}
	r := &plainReader{file: file, places: map[string]diag.Pos{}}
	values, ok := r.plain(v, "").(map[string]any)
	if !ok && !r.found.HasErrors() {
		r.fault(diag.Pos{File: file}, "", "a project file is a struct: base: \"config.yaml\", and so on")
	}
	return values, r.places, r.found, nil
}

type plainReader struct {
	file   string
	places map[string]diag.Pos
	found  diag.List
}

func (r *plainReader) fault(pos diag.Pos, key, message string) {
	if pos.File == "" {
		pos.File = r.file
	}
	r.found.Add(diag.Diagnostic{Pos: pos, Severity: diag.Error, Code: Code, Key: key, Message: message})
}

func (r *plainReader) plain(v cue.Value, at string) any {
	key, value := Places(v)
	r.places[at+":"], r.places[at] = key, value
	if def, ok := v.Default(); ok {
		v = def
	}
	switch v.Kind() {
	case cue.NullKind:
		return nil
	case cue.BoolKind:
		b, _ := v.Bool()
		return b
	case cue.IntKind:
		n, err := v.Int64()
		if err != nil {
			r.fault(value, at, fmt.Sprintf("%s is out of range", at))
		}
		return n
	case cue.FloatKind, cue.NumberKind:
		f, _ := v.Float64()
		return f
	case cue.StringKind:
		s, _ := v.String()
		return s
	case cue.ListKind:
		list := []any{}
		items, _ := v.List()
		for items.Next() {
			list = append(list, r.plain(items.Value(), join(at, strconv.Itoa(len(list)))))
		}
		return list
	case cue.StructKind:
		m := map[string]any{}
		fields, err := v.Fields()
		if err != nil {
			r.fault(value, at, err.Error())
			return m
		}
		for fields.Next() {
			name := fields.Selector().Unquoted()
			m[name] = r.plain(fields.Value(), join(at, name))
		}
		return m
	}
	r.fault(value, at, fmt.Sprintf("%s has no value of its own: it is %v", at, v))
	return nil
}
