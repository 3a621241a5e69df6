package manifest

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"

	"mlcfg/internal/backend"
	"mlcfg/internal/lazyregexp"
)

// Role is one kind of process that an engine consists of; an engine that is one
// server is one role. It says what is started to the last word: a runner fills
// in open places (see [Fill]) and leaves out what is not for its circumstances.
type Role struct {
	// Name is what the role does: serve.
	Name string
	// Model is the path or the name that the engine is given; it may be {path:...}.
	Model string
	// Program are the words that start the process, Arguments what follows them, in order.
	Program   []string
	Arguments []Argument
	// Files are what the process reads its configuration from; a word names one by
	// the open place {file:NAME}.
	Files []File
	// Environment is exactly what the process gets of the configuration's;
	// Variables are set where it leaves them open.
	Environment map[string]string
	Variables   []Variable
	// Replicas is how many run side by side, Devices how many devices each takes.
	Replicas, Devices int64
	// TokenIDs reports whether the server tells the ids of the tokens it generates.
	TokenIDs bool
	// Companion is a program that runs beside it where several machines carry a
	// replica; nil where there is none.
	Companion *Companion
	// Spelled is [Manifest.EngineDigest] of the engine_config that Arguments say:
	// an engine_config that was changed since would be reported and not started.
	Spelled string
}

// Argument is a key's words of a command line.
type Argument struct {
	// Key is the key of engine_config that says them, empty where none does.
	Key string
	// When is the circumstance in which they are said, empty for always; an
	// argument with one replaces that of the same key without.
	When  string
	Words []string
}

// Said yields the arguments that count where the circumstances of when hold, in their order: with
// nil those that are said, and those of all circumstances that give way with the one of the same
// key that is said instead.
func Said(arguments []Argument, when map[string]bool) iter.Seq2[Argument, *Argument] {
	return func(yield func(Argument, *Argument) bool) {
		for _, a := range arguments {
			if !when[a.When] {
				continue
			}
			var instead *Argument
			if a.When == "" && a.Key != "" {
				if at := slices.IndexFunc(arguments, func(o Argument) bool { return o.When != "" && o.Key == a.Key && when[o.When] }); at >= 0 {
					instead = &arguments[at]
				}
			}
			if !yield(a, instead) {
				return
			}
		}
	}
}

// File is a file that is written before the process is started. Its text has open
// places as a word has.
type File struct{ Name, Text string }

// NewFile is a file of YAML in which every reader of YAML finds the same values.
// Their texts are words of a role.
func NewFile(name string, values map[string]any) (File, error) {
	text, err := appendYAML(nil, values)
	return File{Name: name, Text: string(text)}, err
}

// Variable is one of a process's environment under a circumstance.
type Variable struct{ Name, Value, When string }

// Companion is what an engine needs beside it.
type Companion struct {
	Name      string
	Arguments []Argument
	// Address is where the first machine's takes connections.
	Address string
}

// Serving is the role that answers requests. An engine of several roles is not
// executed yet: the error says so.
func (m *Manifest) Serving() (Role, error) {
	if len(m.Roles) != 1 {
		return Role{}, fmt.Errorf("the manifest has %d roles; engines of one are executed", len(m.Roles))
	}
	return m.Roles[0], nil
}

// MostDevices bounds what replicas and devices multiply to: more than any cluster has.
const MostDevices = 1 << 16

// EngineDigest is the digest of engine_config alone.
func (m *Manifest) EngineDigest() (string, error) {
	text, err := appendYAML(nil, m.EngineConfig)
	if err != nil {
		return "", fmt.Errorf("encoding engine_config: %w", err)
	}
	return Digest(text), nil
}

// agree says where sections say something else than the roles that were made of
// them. It asks nothing of what it cannot see: several roles share the sections.
func (m *Manifest) agree() error {
	for _, r := range m.Roles {
		have, err := m.EngineDigest()
		switch {
		case err != nil:
			return err
		case r.Spelled != have:
			return errors.New("engine_config is not what the roles were spelled from")
		case len(m.Roles) == 1 && !maps.Equal(r.Environment, m.EnvConfig):
			return errors.New("env_config is not the environment of the role")
		}
		if err := m.said(&r); err != nil {
			return err
		}
		if n, ok := Int(m.HarnessConfig, "device_count"); ok && len(m.Roles) == 1 && n != r.Replicas*r.Devices {
			return fmt.Errorf("harness_config.device_count is %d, the role has %d replicas of %d devices", n, r.Replicas, r.Devices)
		}
	}
	return nil
}

// plainFile is a name without a folder.
var plainFile = lazyregexp.New(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

// fields is the role as it stands on disk.
func (r *Role) fields() map[string]any {
	env := make(map[string]any, len(r.Environment))
	for k, v := range r.Environment {
		env[k] = v
	}
	variables := make([]any, len(r.Variables))
	for i, v := range r.Variables {
		variables[i] = withWhen(map[string]any{"name": v.Name, "value": v.Value}, v.When)
	}
	var companion any
	if c := r.Companion; c != nil {
		companion = map[string]any{"name": c.Name, "address": c.Address, "arguments": argumentFields(c.Arguments)}
	}
	fields := map[string]any{
		"name": r.Name, "model": r.Model, "program": anys(r.Program), "arguments": argumentFields(r.Arguments),
		"environment": env, "variables": variables, "replicas": r.Replicas, "devices": r.Devices, "token_ids": r.TokenIDs, "companion": companion, "spelled": r.Spelled,
	}
	if len(r.Files) > 0 {
		files := make([]any, len(r.Files))
		for i, f := range r.Files {
			files[i] = map[string]any{"name": f.Name, "text": f.Text}
		}
		fields["files"] = files
	}
	return fields
}

func argumentFields(list []Argument) []any {
	out := make([]any, len(list))
	for i, a := range list {
		entry := map[string]any{"words": anys(a.Words)}
		if a.Key != "" {
			entry["key"] = a.Key
		}
		out[i] = withWhen(entry, a.When)
	}
	return out
}

func withWhen(entry map[string]any, when string) map[string]any {
	if when != "" {
		entry["when"] = when
	}
	return entry
}

func anys(words []string) []any {
	out := make([]any, len(words))
	for i, w := range words {
		out[i] = w
	}
	return out
}

// role reads a role back. Whatever a later hand has put there is of the right
// type and within its range, or refused.
func (f *fieldReader) role(v any) Role {
	e := entry{f: f, field: "roles", values: take1[map[string]any](f, "roles", "a map", v)}
	r := Role{
		Name: e.text("name"), Model: e.textOrEmpty("model"), Program: e.words("program"), Arguments: e.arguments(),
		Environment: map[string]string{}, Replicas: e.count("replicas"), Devices: e.count("devices"), TokenIDs: entryValue[bool](&e, "token_ids", "a boolean"), Spelled: e.text("spelled"),
	}
	if r.Replicas*r.Devices > MostDevices {
		f.fail("roles", fmt.Sprintf("roles: %d replicas of %d devices, more than %d together", r.Replicas, r.Devices, MostDevices))
	}
	if len(r.Program) == 0 {
		f.fail("roles", "roles: program is empty")
	}
	for name, value := range entryValue[map[string]any](&e, "environment", "a map") {
		r.Environment[name] = take1[string](f, "roles", "text, in environment."+name, value)
	}
	for _, v := range e.optional("files") {
		one := entry{f: f, field: "roles", values: take1[map[string]any](f, "roles", "a map, in files", v)}
		file := File{Name: one.text("name"), Text: one.places("text")}
		if !plainFile.MatchString(file.Name) {
			f.fail("roles", fmt.Sprintf("roles: %q is no plain name of a file", file.Name))
		}
		r.Files = append(r.Files, file)
		one.rest()
	}
	for _, v := range entryValue[[]any](&e, "variables", "a list") {
		one := entry{f: f, field: "roles", values: take1[map[string]any](f, "roles", "a map, in variables", v)}
		r.Variables = append(r.Variables, Variable{Name: one.text("name"), Value: one.places("value"), When: one.when()})
		one.rest()
	}
	if e.values["companion"] == nil {
		e.seen = append(e.seen, "companion")
	} else {
		c := entry{f: f, field: "roles", values: entryValue[map[string]any](&e, "companion", "a map")}
		r.Companion = &Companion{Name: c.text("name"), Address: c.places("address"), Arguments: c.arguments()}
		c.rest()
	}
	e.rest()
	return r
}

// entry takes values out of one entry of a field.
type entry struct {
	f      *fieldReader
	field  string
	values map[string]any
	seen   []string
}

// take1 is a value of a type, or the fault that it is none.
func take1[T any](f *fieldReader, field, what string, value any) T {
	v, ok := value.(T)
	if !ok {
		f.fail(field, fmt.Sprintf("%s: an entry must be %s, it is %s", field, what, kindOf(value)))
	}
	return v
}

func entryValue[T any](e *entry, key, what string) T {
	e.seen = append(e.seen, key)
	v, ok := e.values[key].(T)
	if !ok {
		e.f.fail(e.field, fmt.Sprintf("%s: %s must be %s, it is %s", e.field, key, what, kindOf(e.values[key])))
	}
	return v
}

func (e *entry) textOrEmpty(key string) string { return entryValue[string](e, key, "text") }

func (e *entry) text(key string) string {
	s := e.textOrEmpty(key)
	if s == "" {
		e.f.fail(e.field, fmt.Sprintf("%s: %s is empty", e.field, key))
	}
	return s
}

// places is a text whose open places are all known.
func (e *entry) places(key string) string {
	s := e.textOrEmpty(key)
	e.checkPlaces(s)
	return s
}

func (e *entry) checkPlaces(word string) {
	if _, err := Fill(word, func(Place) (string, error) { return "", nil }); err != nil {
		e.f.fail(e.field, e.field+": "+err.Error())
	}
}

// optional is a list that may be absent.
func (e *entry) optional(key string) []any {
	if _, there := e.values[key]; !there {
		return nil
	}
	return entryValue[[]any](e, key, "a list")
}

func (e *entry) words(key string) []string {
	var words []string
	for _, v := range entryValue[[]any](e, key, "a list") {
		word := take1[string](e.f, e.field, "text, in "+key, v)
		e.checkPlaces(word)
		words = append(words, word)
	}
	return words
}

func (e *entry) arguments() []Argument {
	var list []Argument
	for _, v := range entryValue[[]any](e, "arguments", "a list") {
		one := entry{f: e.f, field: e.field, values: take1[map[string]any](e.f, e.field, "a map, in arguments", v)}
		a := Argument{Words: one.words("words"), When: one.when()}
		if one.values["key"] != nil {
			a.Key = one.text("key")
		}
		if len(a.Words) == 0 {
			e.f.fail(e.field, e.field+": words is empty")
		}
		one.rest()
		list = append(list, a)
	}
	return list
}

func (e *entry) when() string {
	if e.values["when"] == nil {
		return ""
	}
	when := e.text("when")
	if !slices.Contains(backend.Circumstances(), backend.When(when)) {
		e.f.fail(e.field, fmt.Sprintf("%s: when %q is not known here", e.field, when))
	}
	return when
}

// count is a whole number from 1 on.
func (e *entry) count(key string) int64 {
	n := entryValue[int64](e, key, "a whole number")
	if n < 1 || n > MostDevices {
		e.f.fail(e.field, fmt.Sprintf("%s: %s is %d, legal is 1 to %d", e.field, key, n, MostDevices))
	}
	return n
}

// rest refuses what nobody took.
func (e *entry) rest() {
	for _, key := range slices.Sorted(maps.Keys(e.values)) {
		if !slices.Contains(e.seen, key) {
			e.f.fail(e.field, fmt.Sprintf("%s: the field %q is not known here", e.field, key))
		}
	}
}
