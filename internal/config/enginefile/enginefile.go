// Package enginefile reads the file that an engine's own server takes with --config. Its grammar
// is another than that of overlays: a flat map, of which the server makes words of its command
// line before it parses them, each engine and release in a way of its own.
//
//	file, found := enginefile.Read("serve.yaml", data, release)
//	for _, a := range file.Arguments { use(a.Key, a.Words) }
//
// Some of what is valid there says nothing, or something else than it seems to: a false that is
// dropped, a name that only the command line takes. Findings say so at their place.
package enginefile

import (
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"mlcfg/internal/backend"
	"mlcfg/internal/diag"
	"mlcfg/internal/source"
	"mlcfg/schema"
)

// Code is the code of findings that are of this grammar alone.
const Code = "engine-file"

// File is a file that was read.
type File struct {
	// Arguments are what the server makes of it, in the order of the file.
	Arguments []Argument
}

// Argument is what one key of the file comes to.
type Argument struct {
	// Key is the engine's argument, empty where the release has none of that name.
	Key string
	// Words are those that the server puts on its command line, nil where it drops the key.
	Words []string
	// Pos is where the key stands, ValuePos its value.
	Pos, ValuePos diag.Pos
}

// Read reads a file as the server of a release does. The file is nil only where it cannot be
// read as one YAML map.
func Read(name string, data []byte, release *schema.Schema) (*File, diag.List) {
	root, found := source.Parse(name, data)
	if root == nil {
		return nil, found
	}
	r := reader{release: release, found: found}
	b, ok := backend.Of(release.Engine)
	if ok {
		r.form = b.ConfigFile
	}
	if r.form == nil || schema.CompareReleases(release.Release, r.form.From) < 0 {
		r.add(diag.Pos{File: name}, diag.Error, Code, "", "", "the server of %s %s reads no file of arguments", release.Engine, release.Release)
		return &File{}, r.found
	}
	if ext := filepath.Ext(name); ext != ".yaml" && ext != ".yml" {
		r.add(diag.Pos{File: name}, diag.Error, Code, "", "give it the ending .yaml", "%s refuses a file with the ending %q", release.Engine, ext)
	}
	r.flags()
	file := &File{Arguments: make([]Argument, 0, len(root.Fields))}
	for _, f := range root.Fields {
		file.Arguments = append(file.Arguments, r.argument(f))
	}
	r.dotted(root, file)
	r.found.Sort()
	return file, r.found
}

// reader reads one file.
type reader struct {
	release *schema.Schema
	form    *backend.ConfigFile
	found   diag.List
	// keys are the arguments by their long flag, without the dashes before it.
	keys map[string]*schema.Key
	// names are those flags, sorted.
	names []string
}

func (r *reader) add(at diag.Pos, severity diag.Severity, code, suggestion, hint, format string, args ...any) {
	r.found.Add(diag.Diagnostic{Pos: at, Severity: severity, Code: code, Message: fmt.Sprintf(format, args...), Suggestion: suggestion, Hint: hint})
}

func (r *reader) engine() string { return r.release.Engine + " " + r.release.Release }

// has reports whether the release has what came with another.
func (r *reader) has(since string) bool {
	return since != "" && schema.CompareReleases(r.release.Release, since) >= 0
}

// flags finds the arguments of the release by their spelling.
func (r *reader) flags() {
	r.keys = map[string]*schema.Key{}
	for _, name := range []string{schema.EngineConfig, schema.CLIOnly} {
		for _, key := range r.release.Section(name).Keys() {
			for _, flag := range key.Flags() {
				if long, ok := strings.CutPrefix(flag, "--"); ok {
					r.keys[long] = key
				}
			}
		}
	}
	r.names = slices.Sorted(maps.Keys(r.keys))
}

// key finds the argument that a flag means, which may be the beginning of one flag alone: the
// server's parser reads words.
func (r *reader) key(flag string) *schema.Key {
	if key := r.keys[flag]; key != nil || flag == "" {
		return key
	}
	if names := schema.Abbreviated(r.names, flag); len(names) == 1 {
		return r.keys[names[0]]
	}
	return nil
}

// argument is what the server makes of one entry.
func (r *reader) argument(f source.Field) Argument {
	a := Argument{Pos: f.KeyPos, ValuePos: f.Value.Pos}
	name, _, isDotted := strings.Cut(f.Key, ".")
	hyphens := strings.ReplaceAll(name, "_", "-")
	key := r.key(name)
	if key == nil && !r.form.Hyphens {
		key = r.key(hyphens)
	}
	switch positive, negated := r.negated(hyphens); {
	case key != nil:
		a.Key = key.Name
	case negated:
		a.Key = positive
	case r.form.Hyphens && r.key(hyphens) != nil:
		r.add(f.KeyPos, diag.Error, schema.UnknownKey, hyphens, "write "+hyphens, "%s takes %s with hyphens alone in its file", r.engine(), f.Key)
		return a
	case len(schema.Abbreviated(r.names, hyphens)) > 1:
		r.add(f.KeyPos, diag.Error, schema.UnknownKey, "", "write it out", "%s takes %s for the beginning of %s", r.engine(), f.Key, strings.Join(schema.Abbreviated(r.names, hyphens), " and "))
		return a
	default:
		near := diag.Name(r.names, hyphens)
		d := fmt.Sprintf("%s has no argument %s", r.engine(), f.Key)
		if near != "" {
			d += ", did you mean " + near
		}
		r.add(f.KeyPos, diag.Error, schema.UnknownKey, near, "", "%s", d)
		return a
	}
	a.Words = r.words(f, key, isDotted)
	return a
}

// negated finds the switch that a key turns off.
func (r *reader) negated(name string) (string, bool) {
	for _, key := range r.keys {
		if key.Flag.Negative == "--"+name {
			return key.Name, true
		}
	}
	return "", false
}

// words are the server's words for a value. key is nil for the negative of a switch.
func (r *reader) words(f source.Field, key *schema.Key, dotted bool) []string {
	flag := "--" + f.Key
	switch n := f.Value; n.Kind {
	case source.Bool:
		return r.boolean(f, key, dotted)
	case source.List:
		if !r.has(r.form.Lists) {
			r.add(f.KeyPos, diag.Error, Code, "", "write it on the command line", "%s hands the list on as one word, %s", r.engine(), n.PyStr())
			return []string{flag, n.PyStr()}
		}
		if len(n.Items) == 0 {
			r.add(f.KeyPos, diag.Warning, Code, "", "leave the key out", "%s drops an empty list: %s has its default", r.engine(), f.Key)
			return nil
		}
		words := []string{flag}
		for _, item := range n.Items {
			words = append(words, plain(item))
		}
		return words
	case source.Map:
		if !r.has(r.form.Maps) {
			r.add(f.KeyPos, diag.Error, Code, "", "write it as a text with JSON", "%s hands the map on as Python prints it, %s, which is no JSON", r.engine(), n.PyStr())
			return []string{flag, n.PyStr()}
		}
		text, err := json.Marshal(n.Interface())
		if err != nil { // a number that is not finite
			r.add(f.Value.Pos, diag.Error, Code, "", "", "%s: %v", f.Key, err)
		}
		return []string{flag, string(text)}
	case source.Null:
		r.add(f.KeyPos, diag.Warning, Code, "", "leave the key out", "%s hands null on as the text None", r.engine())
		return []string{flag, "None"}
	default:
		return []string{flag, plain(n)}
	}
}

// boolean are the words for a switch.
func (r *reader) boolean(f source.Field, key *schema.Key, dotted bool) []string {
	flag, on := "--"+f.Key, f.Value.Bool
	isSwitch := key == nil || dotted || key.Flag.Negative != "" || slices.Contains([]string{"store_true", "store_false", "bool"}, key.Flag.Action)
	switch {
	case key != nil && key.Flag.Nargs == "0" && r.form.SwitchWords && !isSwitch:
		r.add(f.KeyPos, diag.Error, Code, "", "write "+flag+" on the command line", "%s takes %s on its command line alone, not in its file", r.engine(), f.Key)
		return nil
	case !isSwitch && r.form.SwitchWords:
		return []string{flag, fmt.Sprint(on)}
	case on:
		return []string{flag}
	case key != nil && r.has(r.form.Negatives) && key.Flag.Negative == "--no-"+f.Key:
		return []string{key.Flag.Negative}
	}
	if key == nil || !key.HasDefault || key.Default == false {
		if key != nil && key.HasDefault {
			return nil // what it says is the default
		}
		r.add(f.KeyPos, diag.Warning, Code, "", "leave the key out", "%s drops a false: %s says nothing", r.engine(), f.Key)
		return nil
	}
	d := diag.Diagnostic{
		Pos: f.KeyPos, Severity: diag.Error, Code: Code,
		Message: fmt.Sprintf("%s drops a false: %s has its default, %s", r.engine(), f.Key, schema.Format(key.Default)),
	}
	if key.Flag.Negative != "" {
		d.Suggestion = strings.TrimPrefix(key.Flag.Negative, "--") + ": true"
		d.Hint = "write " + d.Suggestion
	}
	r.found.Add(d)
	return nil
}

// dotted finds maps that keys with dots take the place of: of both spellings of one map the
// engine takes the dotted one alone.
func (r *reader) dotted(root *source.Node, file *File) {
	for i, f := range root.Fields {
		if file.Arguments[i].Key == "" || strings.Contains(f.Key, ".") {
			continue
		}
		for j, other := range root.Fields {
			if file.Arguments[j].Key != file.Arguments[i].Key || !strings.Contains(other.Key, ".") {
				continue
			}
			r.found.Add(diag.Diagnostic{
				Pos: f.KeyPos, Severity: diag.Error, Code: Code, Hint: "write all of it in one of the two ways",
				Message: fmt.Sprintf("%s drops %s for %s, which stands beside it", r.engine(), f.Key, other.Key),
				Related: []diag.Related{{Pos: other.KeyPos, Message: "the key with a dot"}},
			})
			break
		}
	}
}

// plain is a scalar as Python's str() gives it once PyYAML alone has read it: 1e3, without a dot
// and a sign, is a text there.
func plain(n *source.Node) string {
	if n.Kind == source.Float && !n.Quoted && strings.ContainsAny(n.Text, "eE") && !isYAMLFloat(n.Text) {
		return n.Text
	}
	return n.PyStr()
}

// isYAMLFloat reports whether YAML 1.1 takes a number with an exponent for one: it has a dot,
// and its exponent a sign.
func isYAMLFloat(s string) bool {
	at := strings.IndexAny(s, "eE")
	return strings.Contains(s[:at], ".") && at+1 < len(s) && (s[at+1] == '+' || s[at+1] == '-')
}

// Named returns the file that a server's command line names, empty where it names none, and
// reports a spelling that the server does not read: it looks for the flag as a word of its own.
func Named(words []string, release *schema.Schema) (file string, found diag.List) {
	const flag = "--config"
	for i, word := range words {
		if word == flag && i+1 < len(words) {
			if file != "" {
				found.Add(diag.Diagnostic{Severity: diag.Error, Code: Code, Message: "the command line names two files with " + flag})
			}
			file = words[i+1]
		}
		if name, ok := strings.CutPrefix(word, flag+"="); ok {
			found.Add(diag.Diagnostic{
				Severity: diag.Error, Code: Code, Suggestion: flag + " " + name, Hint: "write " + flag + " " + name,
				Message: fmt.Sprintf("%s %s passes over the file of %s: it looks for the flag as a word of its own", release.Engine, release.Release, word),
			})
		}
	}
	return file, found
}
