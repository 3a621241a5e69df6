package explain

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"mlcfg/internal/backend"
	"mlcfg/internal/check"
	"mlcfg/internal/compile"
	"mlcfg/internal/config"
	"mlcfg/internal/diag"
	"mlcfg/internal/diag/secret"
	"mlcfg/internal/lazyregexp"
	"mlcfg/internal/manifest"
	"mlcfg/internal/merge"
	"mlcfg/schema"
)

// The sections that every backend reads.
const (
	topSection     = "config"
	envSection     = "env_config"
	harnessSection = "harness_config"
	loadgenSection = "loadgen"
	harnessEnv     = "harness_env" // variables that the harness itself reads
)

// Of returns the view of a configuration that a compiler made for a target.
// Where the outcome has errors, faulty keys have the value of the files.
func Of(config *config.Config, out compile.Outcome, target compile.Target) *View {
	return of(config, out, target, false)
}

// LastWords is [Of] with no more than what a backend gets and the step that made it: chains have
// one step, and findings, schemas' keys and what the backend does not read are left out.
func LastWords(config *config.Config, out compile.Outcome, target compile.Target) *View {
	return of(config, out, target, true)
}

func of(config *config.Config, out compile.Outcome, target compile.Target, last bool) *View {
	b := target.Backend
	tree := target.Tree
	v := &View{Overlay: config.Overlay.Path, Base: config.Base.Path, Backend: b, Release: target.Release, schema: target.Values.Schema, round: target.Values.Round}
	v.Values = make([]Value, 0, usualValues)
	w := &walker{view: v, last: last, found: out.Found, secrets: &out.Secrets, release: b.Engine + " " + target.Release}
	c := target.Values

	w.group, w.to = UseCase, &v.Values
	for _, t := range tree.Fields {
		if key, ok := v.round.Section(topSection).Key(t.Key); !ok || key.Kinds&schema.Map == 0 {
			w.tree(t, c.Top, v.round.Section(topSection), 1)
		}
	}
	w.environment(tree, b, c)
	read := []string{envSection, b.EnvSection(), b.EngineSection(), b.SamplingSection(), harnessSection}
	w.section(tree.Lookup(b.EngineSection()), Engine, c.EngineConfig, v.schema.Section(schema.EngineConfig))
	w.section(tree.Lookup(b.SamplingSection()), Sampling, c.SamplingConfig, v.schema.Section(schema.SamplingConfig))
	w.section(tree.Lookup(harnessSection), Harness, c.Harness, v.round.Section(harnessSection))
	w.loadgen(out.Loadgen)
	if last {
		return v
	}
	v.Unread = make([]Value, 0, usualValues/4)
	w.to = &v.Unread
	for _, t := range tree.Fields {
		if key, ok := v.round.Section(topSection).Key(t.Key); ok && key.Kinds&schema.Map != 0 && !slices.Contains(read, t.Key) {
			w.unread = fmt.Sprintf("backend %s does not read %s", b.Name, t.Key)
			w.section(t, groupOf(t.Key), nil, nil)
		}
	}
	return v
}

// usualValues is how many values a configuration has, about.
const usualValues = 160

// groupOf is the group of a section that another backend reads.
func groupOf(section string) Group {
	for _, b := range backend.All() {
		switch section {
		case b.EngineSection():
			return Engine
		case b.SamplingSection():
			return Sampling
		case b.EnvSection():
			return Environment
		}
	}
	return Harness
}

// walker collects values.
type walker struct {
	view    *View
	to      *[]Value
	found   diag.List
	secrets *check.Credentials
	group   Group
	release string
	unread  string
	last    bool   // of chains the last step alone is asked for
	steps   []Step // room for those
}

// only is the chain with the last step alone.
func (w *walker) only(path string, s merge.Setting) []Step {
	if len(w.steps) == 0 {
		w.steps = make([]Step, usualValues)
	}
	chain := w.steps[:1:1]
	w.steps = w.steps[1:]
	chain[0] = stepOf(path, s)
	return chain
}

func (w *walker) section(t *merge.Tree, g Group, values map[string]any, keys *schema.Section) {
	w.group = g
	if t == nil {
		return
	}
	for _, f := range t.Fields {
		w.tree(f, values, keys, 1)
	}
}

// maxDepth bounds maps in maps, as the reader of files does.
const maxDepth = 100

// tree collects a key and what is below it. values is the resolved map that
// holds the key, keys the section that its schema is in; both may be nil.
func (w *walker) tree(t *merge.Tree, values map[string]any, keys *schema.Section, depth int) {
	key, _ := keys.Key(t.Key)
	resolved, ok := values[t.Key]
	if len(t.Fields) > 0 && depth < maxDepth {
		inner, _ := resolved.(map[string]any)
		var below *schema.Section
		if key != nil {
			below = w.view.sectionOf(key, inner)
		}
		for _, f := range t.Fields {
			w.tree(f, inner, below, depth+1)
		}
		return
	}
	v := Value{Name: t.Path, Group: w.group, Set: true, Unread: w.unread, Value: resolved}
	if !ok {
		v.Value = t.Interface()
	}
	if w.last {
		v.Chain = w.only(t.Path, t.Winner())
		w.add(v)
		return
	}
	v.Key, v.Chain = key, make([]Step, 0, len(t.Chain)+1)
	if key != nil && key.HasDefault && w.unread == "" && key.Section != topSection {
		v.Chain = append(v.Chain, defaultStep(t.Path, key, w.release))
	}
	v.Chain = appendSteps(v.Chain, t)
	w.add(v)
}

// sectionOf is the section of the keys in a nested map of a value, nil where they are free.
func (v *View) sectionOf(key *schema.Key, value map[string]any) *schema.Section {
	if s := key.Nested(value); s != nil {
		return s
	}
	return v.round.Section(key.Config)
}

func defaultStep(path string, key *schema.Key, note string) Step {
	return Step{Layer: DefaultLayer, Key: path, Value: key.Default, Note: note}
}

func appendSteps(to []Step, t *merge.Tree) []Step {
	for _, s := range t.Chain {
		to = append(to, stepOf(t.Path, s))
	}
	return to
}

func stepOf(path string, s merge.Setting) Step {
	return Step{Layer: s.Layer, Key: path, Pos: s.Node.Pos, Value: s.Node.Interface()}
}

func (w *walker) add(v Value) {
	for i := range w.found {
		d := &w.found[i]
		if w.last {
			break
		}
		if d.Severity == diag.Info || d.Backend != "" && d.Backend != w.view.Backend.Name {
			continue
		}
		if d.Key == v.Name || slices.ContainsFunc(v.Chain, func(s Step) bool { return s.Key == d.Key }) {
			v.Found.Add(*d)
		}
	}
	w.hide(&v)
	*w.to = append(*w.to, v)
}

// Hidden stands for a value that no output may show.
const Hidden = "(not shown: it looks like a credential)"

// hide takes what looks like a credential out of a value and of what it
// overwrote: settings that are not checked have not been refused either.
func (w *walker) hide(v *Value) {
	name := v.Name[strings.LastIndexByte(v.Name, '.')+1:]
	if v.Set {
		v.Value = w.hidden(check.IsSecret, name, v.Value)
	}
	for i := range v.Chain {
		if s := &v.Chain[i]; s.Layer != DefaultLayer {
			s.Value = w.hidden(check.IsSecret, name, s.Value)
		}
	}
}

func (w *walker) hidden(is func(name, value string) bool, name string, value any) any {
	switch v := value.(type) {
	case string:
		if is(name, v) || w.secrets.Shown(v) != v {
			return Hidden
		}
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = w.hidden(is, name, item)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, item := range v {
			out[secret.Hide(key)] = w.hidden(check.IsSecretWithin, key, item)
		}
		return out
	}
	return value
}

// environment collects the variables of the engine's process: the backend's own
// section goes over the shared one, whichever layer they are of.
func (w *walker) environment(tree *merge.Tree, b *backend.Backend, c *check.Config) {
	w.group = Environment
	keys := w.view.schema.Section(schema.EnvConfig)
	at := map[string]int{}
	var values []Value
	for _, section := range []string{envSection, b.EnvSection()} {
		t := tree.Lookup(section)
		if t == nil {
			continue
		}
		for _, f := range t.Fields {
			i, seen := at[f.Key]
			if !seen {
				i = len(values)
				at[f.Key] = i
				if w.last {
					values = append(values, Value{Name: envSection + "." + f.Key, Group: Environment, Chain: w.only(f.Path, f.Winner())})
					continue
				}
				key, ok := keys.Key(f.Key)
				if !ok {
					key, _ = w.view.round.Section(harnessEnv).Key(f.Key)
				}
				values = append(values, Value{Name: envSection + "." + f.Key, Group: Environment, Key: key})
				if key != nil && key.HasDefault {
					values[i].Chain = append(values[i].Chain, defaultStep(envSection+"."+f.Key, key, w.release))
				}
			}
			if w.last {
				values[i].Chain[0] = stepOf(f.Path, f.Winner())
				continue
			}
			values[i].Chain = appendSteps(values[i].Chain, f)
		}
	}
	for _, v := range values {
		text, ok := c.Env[v.Name[len(envSection)+1:]]
		if v.Set = ok; ok {
			v.Value = text
		}
		w.add(v)
	}
}

// confPlace is the origin of a setting that a conf file makes.
var confPlace = lazyregexp.New(`^(.+):(\d+):(\d+)$`)

// placeIn are the parts of an origin that is a place, nil for another one.
func placeIn(origin string) []string {
	if origin == "" || strings.IndexByte("0123456789", origin[len(origin)-1]) < 0 || strings.Count(origin, ":") < 2 {
		return nil
	}
	return confPlace.FindStringSubmatch(origin)
}

// notSettings are the entries of the loadgen section that are no settings:
// they repeat, or say where the others are from.
var notSettings = []string{"effective", "origins", "user_conf", "user_conf_sha256"}

// loadgenFrom are the entries that follow from one key of the configuration.
var loadgenFrom = map[string]string{
	"benchmark": "benchmark_name", "library_total_sample_count": "benchmark_name", "library_performance_sample_count": "benchmark_name",
}

func (w *walker) loadgen(section map[string]any) { *w.to = append(*w.to, LoadgenValues(section)...) }

// LoadgenValues are the values of a manifest's loadgen section, with the
// origins that the section itself names, sorted by name.
func LoadgenValues(section map[string]any) []Value {
	origins := manifest.Section(section, "origins")
	values, steps := make([]Value, 0, len(section)), make([]Step, 0, len(section))
	for name, value := range section {
		if slices.Contains(notSettings, name) {
			continue
		}
		s := Step{Layer: DefaultLayer, Key: loadgenSection + "." + name, Value: value, Note: "LoadGen"}
		if key, ok := loadgenFrom[name]; ok {
			s.Layer, s.Note = KeyLayer, key
		}
		if origin, ok := origins[name].(string); ok {
			s.Layer, s.Note = KeyLayer, origin
			if m := placeIn(origin); m != nil {
				line, _ := strconv.Atoi(m[2])
				column, _ := strconv.Atoi(m[3])
				s.Layer, s.Note, s.Pos = ConfLayer, "", diag.Pos{File: m[1], Line: line, Column: column}
			} else if len(origin) > 6 && origin[:6] == "round " {
				s.Layer, s.Note = RoundLayer, origin[6:]
			}
		}
		steps = append(steps, s)
		values = append(values, Value{Name: s.Key, Group: LoadGen, Value: value, Set: true, Chain: steps[len(steps)-1 : len(steps) : len(steps)]})
	}
	slices.SortFunc(values, func(a, b Value) int { return cmp.Compare(a.Name, b.Name) })
	return values
}
