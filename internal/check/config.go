package check

import (
	"cmp"
	"strings"

	"mlcfg/internal/backend"
	"mlcfg/internal/config"
	"mlcfg/internal/diag"
	"mlcfg/internal/manifest"
	"mlcfg/internal/merge"
	"mlcfg/schema"
)

// Config is a configuration's values for one backend, sentinels resolved and
// faulty keys left out. Values are as in package manifest.
type Config struct {
	Backend *backend.Backend
	// Schema is the engine's schema that the sections were checked against.
	Schema *schema.Schema
	// Round is the schema of the harness's round.
	Round *schema.Schema
	Shared
	// Env is the environment that the engine's process gets.
	Env map[string]string
	// EngineConfig and SamplingConfig are the backend's sections; null is kept.
	EngineConfig, SamplingConfig map[string]any

	// named reports whether the backend was named on the command line.
	named  bool
	tree   *merge.Tree
	faulty map[string]bool
	// overlay is where a finding goes that no key in a file stands for.
	overlay string
	// server are the values of the server's own arguments, of a launch alone.
	server map[string]any
	// release is the engine's where it is older than the schema's, empty otherwise; gpu is the accelerator
	// that the file names.
	release, gpu string
	// gpus are the machines' accelerators, where the project file says them.
	gpus map[string]string
}

// GPU is the accelerator of the configuration's machine: what the file says, else the project file, else the
// machine's name. It may be none that is known.
func (c *Config) GPU() string {
	_, machine := config.UseCase(c.overlay)
	return cmp.Or(c.gpu, c.gpus[machine], machine)
}

// Shared are the values that no backend changes; faulty keys are left out.
type Shared struct {
	// Top are the scalars at the top: benchmark_name, scenario, ...
	Top map[string]any
	// Harness is the harness section; null is kept.
	Harness map[string]any
}

// key is a key's value, with what a rule needs to report on it.
type key struct {
	path []string
	// value is the configuration's, or the engine's default where the
	// configuration does not set the key; nil where there is neither.
	value any
	// setting is the layer's word that counts, nil for a default.
	setting *merge.Setting
}

// name is the last step of the path.
func (k key) name() string { return k.path[len(k.path)-1] }

// engine returns a key of the engine's section. ok is false where there is no
// value to compare: not set and without default, null, or faulty.
func (c *Config) engine(name string) (key, bool) {
	return c.find(c.EngineConfig, c.Schema.Section(schema.EngineConfig), c.Backend.EngineSection(), name)
}

// sampling is engine for the sampling section.
func (c *Config) sampling(name string) (key, bool) {
	return c.find(c.SamplingConfig, c.Schema.Section(schema.SamplingConfig), c.Backend.SamplingSection(), name)
}

// harness is engine for the harness section; there are no defaults.
func (c *Config) harness(path ...string) (key, bool) {
	values := c.Harness
	for _, step := range path[:len(path)-1] {
		values = manifest.Section(values, step)
	}
	return c.find(values, nil, append([]string{harnessSection}, path...)...)
}

// top is engine for the scalars at the top; there are no defaults.
func (c *Config) top(name string) (key, bool) { return c.find(c.Top, nil, name) }

func (c *Config) find(values map[string]any, defaults *schema.Section, path ...string) (key, bool) {
	k := key{path: path}
	if c.faulty[strings.Join(path, ".")] {
		return k, false
	}
	if v := values[k.name()]; v != nil {
		k.value, k.setting = v, settingOf(c.tree.Lookup(path...))
		return k, true
	}
	if def, ok := defaults.Key(k.name()); ok && def.HasDefault {
		k.value = def.Default
	}
	return k, k.value != nil
}

// int and number give a key's value where it is a number.
func (k key) int() (int64, bool) {
	return manifest.Int(map[string]any{"": k.value}, "")
}

func (k key) number() (float64, bool) {
	return manifest.Float(map[string]any{"": k.value}, "")
}

// report adds a finding of a rule over several keys. It stands at the key that
// the latest layer set, the first given of equals; the others are related. Where
// no key is set it stands at the overlay.
func (c *Config) report(found *diag.List, d diag.Diagnostic, keys ...key) {
	at := -1
	for i, k := range keys {
		if k.setting != nil && (at < 0 || rank(k.setting.Layer) > rank(keys[at].setting.Layer)) {
			at = i
		}
	}
	d.Pos = diag.Pos{File: c.overlay}
	if at >= 0 {
		d.Pos = keys[at].setting.Node.Pos
	}
	if at >= 0 && d.Key == "" {
		d.Key = strings.Join(keys[at].path, ".")
	}
	for i, k := range keys {
		if i != at && k.setting != nil {
			d.Related = append(d.Related, diag.Related{Pos: k.setting.Node.Pos, Message: k.name() + " is set here"})
		}
	}
	if d.Severity == 0 {
		d.Severity = diag.Error
	}
	d.Backend = c.Backend.Name
	found.Add(d)
}

// rank orders layers by name; what is not known counts as highest.
func rank(layer string) int {
	switch layer {
	case "base":
		return 0
	case "overlay":
		return 1
	}
	return 2
}

func settingOf(t *merge.Tree) *merge.Setting {
	if t == nil || len(t.Chain) == 0 {
		return nil
	}
	return &t.Chain[len(t.Chain)-1]
}
