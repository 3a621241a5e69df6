// Package spell writes out what a manifest's engine is started with: each role's
// command line as the release spells its arguments, with the open places that
// only the machine knows, and the types of what requests carry.
//
//	faults := spell.Manifest(m, s) // m.Roles and m.SamplingTypes are set
//
// The flag tables are the schema's; what an engine is, is package backend's. A
// runner of the manifest needs neither: it spells nothing.
package spell

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"mlcfg/internal/backend"
	"mlcfg/internal/manifest"
	"mlcfg/schema"
)

// Fault is a value that cannot be carried out.
type Fault struct {
	// Key is the value's, in the manifest: engine_config.max_num_seqs.
	Key string
	// Message says what is wrong; lower case, no full stop.
	Message string
	// Hint is what to do about it, may be empty.
	Hint string
}

// Error is the key and the message.
func (f *Fault) Error() string { return f.Key + ": " + f.Message }

func fault(key, format string, args ...any) *Fault {
	return &Fault{Key: key, Message: fmt.Sprintf(format, args...)}
}

// Manifest sets the roles of a manifest whose sections are filled, and the types
// of its sampling parameters, as the release of its engine has them. A number that
// stands for a map, which the command line does not take, becomes the map. own reports
// whether a key is one that a site's fork of the engine has added; nil: none is.
// Its faults are sorted by key; there are no roles then.
func Manifest(m *manifest.Manifest, release *schema.Schema, own func(key string) bool) []*Fault {
	b, ok := backend.With(m.Backend, m.Engine.Name)
	if !ok {
		return []*Fault{fault("backend", "backend %q is not known: %s", m.Backend, strings.Join(backend.Names(), ", "))}
	}
	m.SamplingTypes = types(m.SamplingConfig, release.Section(schema.SamplingConfig))
	s := speller{backend: b, release: release, section: m.EngineConfig, own: own}
	for key := range b.Shorthands {
		if n, isInt := m.EngineConfig[key].(int64); isInt {
			m.EngineConfig[key] = s.numberForMap(key, n)
		}
	}
	role := s.serve(m)
	if len(s.faults) > 0 {
		slices.SortStableFunc(s.faults, func(x, y *Fault) int { return cmp.Compare(x.Key, y.Key) })
		return s.faults
	}
	m.Roles = []manifest.Role{role}
	return nil
}

// Load is Manifest with the schema that the manifest itself names, an embedded fork included.
func Load(m *manifest.Manifest) error {
	if m.Engine.Version == "" {
		return fmt.Errorf("the manifest does not name the release of %s, so its arguments are not known", m.Engine.Name)
	}
	release, err := schema.Load(m.Engine.Name, m.Engine.Version)
	if err != nil {
		return err
	}
	own := func(string) bool { return false }
	if m.Engine.Fork != "" {
		fork, err := schema.LoadFork(m.Engine.Fork)
		if err != nil {
			return err
		}
		release = release.With(fork)
		own = func(key string) bool { return release.OfFork(schema.EngineConfig, key) }
	}
	var errs []error
	for _, f := range Manifest(m, release, own) {
		errs = append(errs, f)
	}
	return errors.Join(errs...)
}

// speller spells one role and collects faults.
type speller struct {
	backend *backend.Backend
	release *schema.Schema
	section map[string]any
	own     func(key string) bool
	faults  []*Fault
}

func (s *speller) fail(f *Fault) { s.faults = append(s.faults, f) }

// serve is the one role of an engine that is a server.
func (s *speller) serve(m *manifest.Manifest) manifest.Role {
	b := s.backend
	for _, key := range slices.Sorted(maps.Keys(b.Fixed)) {
		if set := s.section[key]; set != nil && set != b.Fixed[key] {
			s.fail(fault("engine_config."+key, "%s is %v, but backend %s means %v", key, set, b.Name, b.Fixed[key]))
		}
	}
	s.section = s.withKept(b.WithFixed(s.section))
	r := manifest.Role{
		Name: "serve", Program: slices.Clone(b.Program), Environment: m.EnvConfig,
		TokenIDs: b.TokenIDsFrom == "" || schema.CompareReleases(s.release.Release, b.TokenIDsFrom) >= 0,
	}
	for _, v := range b.Variables {
		r.Variables = append(r.Variables, manifest.Variable{Name: v.Name, Value: v.Value, When: string(v.When)})
	}
	var err error
	if r.Spelled, err = m.EngineDigest(); err != nil {
		s.fail(fault("engine_config", "%v", err))
	}
	companion := s.companion(&r)
	r.Arguments = s.model(&r)
	if b.File != nil {
		r.Arguments = append(r.Arguments, s.file(&r))
	} else {
		r.Arguments = append(r.Arguments, s.arguments(companion == nil)...)
	}
	r.Arguments = append(r.Arguments, manifest.Argument{Words: slices.Clone(b.Listen)})
	r.Devices, r.Replicas = s.replicas(m.HarnessConfig)
	return r
}

// withKept adds the values that keep the model's folder out of what requests carry,
// where the configuration leaves their keys open and the release would look there.
func (s *speller) withKept(section map[string]any) map[string]any {
	for key, kept := range s.backend.Kept {
		k, known := s.release.Section(schema.EngineConfig).Key(key)
		if known && section[key] == nil && k.Default == kept.Instead {
			section = maps.Clone(section)
			section[key] = kept.Value
		}
	}
	return section
}

// companion adds what the engine needs beside it.
func (s *speller) companion(r *manifest.Role) *backend.Companion {
	if s.backend.Companion == nil {
		return nil
	}
	c := s.backend.Companion(s.section)
	if c == nil {
		return nil
	}
	r.Companion = &manifest.Companion{Name: c.Name, Address: c.Address}
	for _, a := range c.Arguments {
		r.Companion.Arguments = append(r.Companion.Arguments, manifest.Argument{Words: a.Words, When: string(a.When)})
	}
	for _, v := range c.Variables {
		r.Variables = append(r.Variables, manifest.Variable{Name: v.Name, Value: v.Value, When: string(v.When)})
	}
	return c
}

// model names the model, and returns its argument where it stands by itself.
func (s *speller) model(r *manifest.Role) []manifest.Argument {
	key := s.backend.Model
	name, _ := manifest.Text(s.section, key)
	switch {
	case name == "":
		s.fail(fault("engine_config."+key, "%s is not set: there is no model to serve", key))
	case s.backend.ModelPositional && strings.HasPrefix(name, "-"):
		s.fail(fault("engine_config."+key, "%s %q would be read as an argument", key, name))
	}
	r.Model = manifest.OpenPath(name)
	if !s.backend.ModelPositional {
		return nil
	}
	delete(s.section, key)
	return []manifest.Argument{{Key: key, Words: []string{r.Model}}}
}

// file puts the section into the file that the engine reads, null and all, and
// returns the argument that names it.
func (s *speller) file(r *manifest.Role) manifest.Argument {
	values, _ := openPaths(s.section).(map[string]any)
	f, err := manifest.NewFile(s.backend.File.Name, values)
	if err != nil {
		s.fail(fault("engine_config", "%v", err))
	}
	r.Files = append(r.Files, f)
	return manifest.Argument{Words: []string{s.backend.File.Flag, "{file:" + f.Name + "}"}}
}

// arguments are those of the section, sorted by key, and where the engine itself
// spreads over nodes, those that do so. A release that lacks one of these has none of them.
func (s *speller) arguments(spread bool) []manifest.Argument {
	var list []manifest.Argument
	for _, key := range slices.Sorted(maps.Keys(s.section)) {
		if s.section[key] == nil || slices.Contains(s.backend.ListenKeys, key) {
			continue
		}
		words, err := s.words(key, s.section[key])
		if err != nil {
			s.fail(fault("engine_config."+key, "%v", err))
		}
		if len(words) > 0 {
			list = append(list, manifest.Argument{Key: key, Words: words})
		}
	}
	if !spread {
		return list
	}
	var nodes []manifest.Argument
	for _, n := range s.backend.Nodes {
		flag, known := s.release.Flag(n.Key)
		if !known {
			return list
		}
		var words []string
		if text, isText := n.Value.(string); isText {
			words = pair(flag.Names[0], text)
		} else if words, known = mustSay(flag, n.Value); !known {
			return list
		}
		nodes = append(nodes, manifest.Argument{Key: n.Key, When: string(n.When), Words: words})
	}
	list = append(list, nodes...)
	slices.SortStableFunc(list, func(x, y manifest.Argument) int { return cmp.Compare(x.Key, y.Key) })
	return list
}

func mustSay(flag schema.Flag, value any) ([]string, bool) {
	words, err := argument(flag, value)
	return words, err == nil
}

func (s *speller) words(key string, value any) ([]string, error) {
	flag, known := s.release.Flag(key)
	if !known && s.own != nil && s.own(key) {
		flag, known = flagOfFork(s.backend, key, value), true
	}
	if !known {
		return nil, fmt.Errorf("the command line of %s %s has no argument for %s", s.release.Engine, s.release.Release, key)
	}
	if k, ok := s.release.Section(schema.EngineConfig).Key(key); ok && value == "" && k.Default == "" {
		return nil, nil // what is so without a word, and some command lines have none for it
	}
	if list, isList := value.([]any); isList && slices.Contains(s.backend.CommaLists, key) {
		return commaList(flag, list)
	}
	if own, ok := schema.Takes().Section(s.backend.EngineSection()).Key(key); ok {
		if lower := own.InLowerCase(value); lower != "" {
			value = lower // as the constructor has it
		}
	}
	return argument(flag, value)
}

// numberForMap is the map that a number stands for, where the constructor takes the number
// and the command line the map alone: vLLM's since 0.9.1, where from_cli is gone.
func (s *speller) numberForMap(key string, n int64) any {
	k, known := s.release.Section(schema.EngineConfig).Key(key)
	if names := s.backend.Shorthands[key]; known && names != nil && schema.CompareReleases(s.release.Release, "0.9.1") >= 0 {
		for _, name := range names {
			if section := s.release.Section(k.Config); section != nil && slices.Contains(section.Names(), name) {
				return map[string]any{name: n}
			}
		}
	}
	return n
}

// flagOfFork is the flag that a fork's key has by the engine's own custom, for no
// table has it.
func flagOfFork(b *backend.Backend, key string, value any) schema.Flag {
	name := strings.ReplaceAll(key, "_", "-")
	f := schema.Flag{Names: []string{"--" + name}, Action: "store"}
	if _, isSwitch := value.(bool); isSwitch {
		f.Action = "store_true"
		if b.Negative != "" {
			f.Action, f.Negative = "bool", b.Negative+name
		}
	}
	return f
}

// replicas is the number of devices each replica takes, and of replicas.
func (s *speller) replicas(harness map[string]any) (each, count int64) {
	b := s.backend
	shared, _ := manifest.Bool(s.section, b.DPShares)
	need := int64(1)
	var factors []string
	for _, key := range b.Sizes(shared) {
		n, ok := manifest.Int(s.section, key)
		if !ok {
			n = 1
		}
		if n < 1 || n > manifest.MostDevices || need*n > manifest.MostDevices {
			s.fail(fault("engine_config."+key, "%s %d: it must be at least 1, and the product of %s at most %d", key, n, strings.Join(b.Sizes(shared), ", "), manifest.MostDevices))
			return 0, 0
		}
		need *= n
		factors = append(factors, fmt.Sprintf("%s %d", key, n))
	}
	devices, ok := manifest.Int(harness, "device_count")
	if !ok {
		devices = need
	}
	switch {
	case devices < 1 || devices > manifest.MostDevices:
		s.fail(fault("harness_config.device_count", "device_count is %d, legal is 1 to %d", devices, manifest.MostDevices))
	case devices%need != 0:
		s.fail(fault("harness_config.device_count", "device_count %d cannot be shared out to replicas of %d devices (%s)", devices, need, strings.Join(factors, " x ")))
	}
	return need, devices / need
}

// types are the types of the parameters that requests carry. What the schema
// does not know, a site's own key, may be anything.
func types(section map[string]any, keys *schema.Section) map[string]string {
	out := map[string]string{}
	for name, value := range section {
		if value == nil {
			continue
		}
		out[name] = "any"
		if k, known := keys.Key(name); known {
			out[name] = typesOf(k)
		}
	}
	return out
}

// kindNames are the kinds as manifests write them.
var kindNames = []struct {
	kind schema.Kind
	name string
}{
	{schema.Bool, "bool"},
	{schema.Int, "int"},
	{schema.Float, "number"},
	{schema.String, "text"},
	{schema.List, "list"},
	{schema.Map, "map"},
	{schema.Null, "null"},
}

func typesOf(k *schema.Key) string {
	kinds := k.Kinds
	if kinds == schema.AnyKind {
		return "any"
	}
	if kinds&schema.Float != 0 {
		kinds &^= schema.Int // a number is either
	}
	var words []string
	for _, n := range kindNames {
		if kinds&n.kind == 0 {
			continue
		}
		word := n.name
		if n.kind&(schema.Int|schema.Float) != 0 {
			word += limit(" >", k.Min) + limit(" <", k.Max)
		}
		words = append(words, word)
	}
	return strings.Join(words, " | ")
}

func limit(sign string, b *schema.Bound) string {
	if b == nil {
		return ""
	}
	if !b.Exclusive {
		sign += "="
	}
	return sign + strconv.FormatFloat(b.Value, 'g', -1, 64)
}
