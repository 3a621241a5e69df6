package config

import (
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/cuecontext"
	"github.com/bmatcuk/doublestar/v4"

	"mlcfg/internal/diag"
	"mlcfg/schema"
)

// readCUE reads a CUE file as plain data, with the place of each value by its
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

func join(at, step string) string {
	if at == "" {
		return step
	}
	return at + "." + step
}

// settingsReader checks what a project file says.
type settingsReader struct {
	file   string
	values map[string]any
	places map[string]diag.Pos
	found  diag.List
}

func (r *settingsReader) add(key string, pos diag.Pos, code, suggestion, format string, args ...any) {
	if pos.File == "" {
		pos.File = r.file
	}
	r.found.Add(diag.Diagnostic{Pos: pos, Severity: diag.Error, Code: code, Key: key, Suggestion: suggestion, Message: fmt.Sprintf(format, args...)})
}

// key checks one key against the schema. What has a fault is taken out.
func (r *settingsReader) key(section *schema.Section, name string) {
	k, ok := section.Key(name)
	if !ok {
		near, also := schema.Nearest(section.Names(), name), ""
		if near != "" {
			also = ", did you mean " + near
		}
		r.add(name, r.places[name+":"], schema.UnknownKey, near, "a project file has no key %s%s", name, also)
		if near == "" {
			r.found[len(r.found)-1].Hint = "the keys are " + strings.Join(section.Names(), ", ")
		}
		return
	}
	faults := k.Check(r.values[name])
	for _, f := range faults {
		at := join(name, strings.Join(f.Path, "."))
		at = strings.TrimSuffix(at, ".")
		if f.Code == schema.UnknownKey {
			also := ""
			if f.Suggestion != "" {
				also = ", did you mean " + f.Suggestion
			}
			r.add(at, r.places[at+":"], f.Code, f.Suggestion, "%s%s", f.Message, also)
			continue
		}
		r.add(at, r.places[at], f.Code, f.Suggestion, "%s is %s", at, f.Message)
	}
	if faults != nil {
		delete(r.values, name)
	}
}

// engines resolves the releases that are named.
func (r *settingsReader) engines() map[string]string {
	named, _ := r.values["engines"].(map[string]any)
	exact := map[string]string{}
	for engine, v := range named {
		spec, ok := v.(string)
		if !ok {
			continue
		}
		release, err := schema.Resolve(engine, spec)
		if err != nil {
			r.add("engines."+engine, r.places["engines."+engine], "engine-version", "", "%v", err)
			continue
		}
		exact[engine] = release
	}
	return exact
}

// patterns checks patterns of files below the project's folder.
func (r *settingsReader) patterns(key string, patterns []string) (good []string) {
	for i, p := range patterns {
		at := join(key, strconv.Itoa(i))
		switch {
		case !doublestar.ValidatePattern(p):
			r.add(at, r.places[at], "bad-pattern", "", "%q is not a pattern: * stands within one folder, ** for any number of them", p)
		case filepath.IsAbs(p) || strings.HasPrefix(path.Clean(p), ".."):
			r.add(at, r.places[at], "bad-pattern", "", "%q leads out of the project: patterns start at the project file's folder", p)
		default:
			good = append(good, p)
		}
	}
	return good
}

// files finds the files of patterns; each pattern has to match some.
func (r *settingsReader) files(s *Settings, key string, patterns []string) (files []string) {
	for i, p := range patterns {
		at := join(key, strconv.Itoa(i))
		if len(r.patterns(key, []string{p})) == 0 {
			continue
		}
		matches, err := s.glob(p)
		if err != nil || len(matches) == 0 {
			r.add(at, r.places[at], "bad-pattern", "", "%q matches no file", p)
		}
		files = append(files, matches...)
	}
	slices.Sort(files)
	return slices.Compact(files)
}

// manifests checks the form of manifests' paths: two manifests must not share one.
func (r *settingsReader) manifests(form string) string {
	if form == "" {
		return ""
	}
	for _, part := range []string{"{overlay}", "{backend}"} {
		if !strings.Contains(form, part) {
			r.add("manifests", r.places["manifests"], "bad-pattern", "", "%q lacks %s: manifests would share a path", form, part)
			return ""
		}
	}
	if filepath.IsAbs(form) || strings.HasPrefix(path.Clean(form), "..") {
		r.add("manifests", r.places["manifests"], "bad-pattern", "", "%q leads out of the project: it starts at the project file's folder", form)
		return ""
	}
	return form
}
