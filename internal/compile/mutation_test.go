package compile

import (
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"mlcfg/internal/config"
	"mlcfg/internal/diag"
	"mlcfg/schema"
)

// entry is a line of an overlay that sets a scalar, begins a section or is an
// item of a list.
type entry struct {
	line               int // from 0
	indent, key, value string
	form               entryForm
	section            string // the top-level key it stands under; empty for one at the top
	schema             *schema.Key
}

type entryForm int

const (
	scalar entryForm = iota
	header
	item
	inline // a list on one line
)

var (
	scalarLine = regexp.MustCompile(`^( *)([A-Za-z_][A-Za-z0-9_]*): +([^\s#\[{][^#]*?) *(#.*)?$`)
	headerLine = regexp.MustCompile(`^( *)([A-Za-z_][A-Za-z0-9_]*):( *\[)? *(#.*)?$`)
	itemLine   = regexp.MustCompile(`^( *)(- +)?([-0-9.]+)(,?) *(#.*)?$`)
)

var listLine = regexp.MustCompile(`^( *)([A-Za-z_][A-Za-z0-9_]*): +(\[.*\]) *(#.*)?$`)

// entries finds the lines that set something, with their keys' schemas where there are any.
// schemas are those that the overlay is checked against, by engine, the harness's among them.
func entries(lines []string, schemas map[string]*schema.Schema) []entry {
	var found []entry
	type open struct {
		indent int
		key    string
	}
	var in []open // the sections that a line stands in
	for i, line := range lines {
		text := strings.TrimRight(line, " \r")
		e := entry{line: i}
		if m := itemLine.FindStringSubmatch(text); m != nil {
			e.indent, e.value, e.form = m[1]+m[2], m[4], item
		} else if m := headerLine.FindStringSubmatch(text); m != nil {
			e.indent, e.key, e.value, e.form = m[1], m[2], strings.TrimSpace(m[3]), header
		} else if m := listLine.FindStringSubmatch(text); m != nil {
			e.indent, e.key, e.value, e.form = m[1], m[2], m[3], inline
		} else if m := scalarLine.FindStringSubmatch(text); m != nil {
			e.indent, e.key, e.value = m[1], m[2], m[3]
		} else {
			continue
		}
		if e.form != item {
			for len(in) > 0 && in[len(in)-1].indent >= len(e.indent) {
				in = in[:len(in)-1]
			}
		}
		path := make([]string, len(in))
		for j, o := range in {
			path[j] = o.key
		}
		if len(path) > 0 {
			e.section = path[0]
		}
		if e.form != item {
			e.schema = schemaOf(schemas, path, e.key)
		}
		if e.form == header && !strings.Contains(text, "[") {
			in = append(in, open{len(e.indent), e.key})
		}
		found = append(found, e)
	}
	return found
}

// schemaOf finds a key in the sections that it stands in, nil where none is known.
func schemaOf(schemas map[string]*schema.Schema, path []string, key string) *schema.Key {
	s, section := schemas[schema.Harness], "config"
	if len(path) > 0 {
		engine, part, _ := strings.Cut(path[0], "_")
		switch {
		case part == schema.EnvConfig || path[0] == schema.EnvConfig:
			return nil
		case schemas[engine] != nil && engine != schema.Harness:
			s, section = schemas[engine], part
		default:
			section = path[0]
		}
		for _, step := range path[1:] {
			above, ok := s.Section(section).Key(step)
			if !ok || above.Config == "" {
				return nil
			}
			section = above.Config
		}
	}
	k, ok := s.Section(section).Key(key)
	if !ok && len(path) == 2 { // what the harness adds to the engine's map
		k, _ = schemas[schema.Harness].Section(path[1]).Key(key)
	}
	return k
}

// mutation puts one fault into a line; ok is false where it does not apply.
// atNext reports whether the fault stands in a line that comes behind.
type mutation struct {
	name  string
	apply func(e entry, r *rand.Rand) (text string, atNext, ok bool)
}

func (e entry) with(key, value string) string { return e.indent + key + ": " + value }

var mutations = []mutation{
	{"misspelt key", func(e entry, r *rand.Rand) (string, bool, bool) {
		if e.form == item {
			return "", false, false
		}
		b := []byte(e.key)
		i := r.IntN(len(b))
		switch r.IntN(4) {
		case 0:
			b = slices.Delete(b, i, i+1)
		case 1:
			b = slices.Insert(b, i, b[i])
		case 2:
			b[i] = 'q'
		default:
			if i+1 < len(b) {
				b[i], b[i+1] = b[i+1], b[i]
			}
		}
		known := e.schema != nil && e.key != "n" || e.form == header
		known = known || e.form == inline && e.schema != nil
		return e.with(string(b), e.value), false, known && string(b) != e.key && len(b) > 0
	}},
	{"key in another form", func(e entry, r *rand.Rand) (string, bool, bool) {
		if dashed := strings.Replace(e.key, "_", "-", 1); e.form == scalar && dashed != e.key && r.IntN(2) == 0 {
			return e.with(dashed, e.value), false, true // also no name of a variable
		}
		return e.with(strings.ToUpper(e.key), e.value), false, e.schema != nil || e.form == header
	}},
	{"wrong type", func(e entry, r *rand.Rand) (string, bool, bool) {
		switch {
		case e.form == item:
			return e.indent + "plenty" + e.value, false, true
		case e.form == inline:
			return e.with(e.key, "{a: 1}"), false, e.schema != nil && e.schema.Kinds&schema.Map == 0
		case e.form == scalar && strings.HasSuffix(e.section, schema.EnvConfig):
			return e.with(e.key, "[1, 2]"), false, true
		case e.schema == nil || e.form == header:
			return "", false, false
		}
		candidates := []struct {
			text  string
			value any
		}{{"plenty", "plenty"}, {"[1, 2]", []any{int64(1), int64(2)}}, {"{a: 1}", map[string]any{"a": int64(1)}}, {"12.5", 12.5}, {"true", true}, {`"1"`, "1"}}
		r.Shuffle(len(candidates), func(i, j int) { candidates[i], candidates[j] = candidates[j], candidates[i] })
		for _, c := range candidates {
			if f := e.schema.Check(c.value); len(f) > 0 && f[0].Code == schema.WrongType {
				return e.with(e.key, c.text), false, true
			}
		}
		return "", false, false
	}},
	{"misspelt boolean", func(e entry, r *rand.Rand) (string, bool, bool) {
		words := []string{"Flase", "Ture", "Fales", "'True'", "tRue", "Flse", "yess", `"no"`, "t"}
		return e.with(e.key, words[r.IntN(len(words))]), false, e.schema != nil && (e.value == "True" || e.value == "False")
	}},
	{"duplicate key", func(e entry, r *rand.Rand) (string, bool, bool) {
		return e.with(e.key, e.value) + "\n" + e.with(e.key, e.value), true, e.form == scalar
	}},
	{"section set twice", func(e entry, r *rand.Rand) (string, bool, bool) {
		return e.with(e.key, "{}") + "\n" + e.with(e.key, e.value), true, e.form == header
	}},
	{"broken syntax", func(e entry, r *rand.Rand) (string, bool, bool) {
		text := []string{
			e.indent + e.key + ":" + e.value,
			"\t" + e.with(e.key, e.value),
			e.with(e.key, "'"+strings.Trim(e.value, `"'`)),
		}[r.IntN(3)]
		return text, false, e.form == scalar
	}},
	{"out of range", func(e entry, r *rand.Rand) (string, bool, bool) {
		if e.form == item {
			return e.indent + "-1000" + e.value, false, true
		}
		if e.schema == nil || e.schema.Min == nil && e.schema.Max == nil {
			return "", false, false
		}
		for _, v := range []int64{-1000000, 1 << 60} {
			if f := e.schema.Check(v); len(f) > 0 && f[0].Code == schema.OutOfRange {
				return e.with(e.key, fmt.Sprint(v)), false, true
			}
		}
		return "", false, false
	}},
	{"key of another section", func(e entry, r *rand.Rand) (string, bool, bool) {
		strange := map[string][]string{
			"vllm_engine_config":     {"mem_fraction_static: 0.9", "target_qps: 5", "temperature: 0.5", "max_tokens: 5"},
			"sglang_engine_config":   {"gpu_memory_utilization: 0.9", "target_qps: 5", "temperature: 0.5", "max_num_seqs: 5"},
			"vllm_sampling_config":   {"max_new_tokens: 5", "max_num_seqs: 64", "target_qps: 5"},
			"sglang_sampling_config": {"max_tokens: 5", "mem_fraction_static: 0.9", "device_count: 8"},
			"harness_config":         {"max_num_seqs: 64", "scenario: server", "temperature: 0.5", "buckets: [50, 50]", "strategy: ignore"},
			"sorting":                {"target_qps: 5", "max_num_seqs: 64"},
		}[e.key]
		if e.form != header || e.value != "" || len(strange) == 0 {
			return "", false, false
		}
		return e.indent + e.key + ":\n" + e.indent + "  " + strange[r.IntN(len(strange))], true, true
	}},
	{"wrong enum", func(e entry, r *rand.Rand) (string, bool, bool) {
		return e.with(e.key, e.value+"x"), false, e.schema != nil && len(e.schema.Enum) > 0 && slices.Contains(e.schema.Enum, any(e.value))
	}},
}

// TestMutations puts every kind of fault into every line of every real overlay
// that can have it, one at a time, and wants an error at that very line. With
// -short it takes every sixth overlay.
func TestMutations(t *testing.T) {
	counts := map[string]int{}
	for o, real := range corpus(t) {
		if testing.Short() && o%6 != 0 {
			continue
		}
		t.Run(real.name(), func(t *testing.T) { mutate(t, o, real, counts) })
	}
	t.Logf("faults put in: %v", counts)
	for _, m := range mutations {
		if counts[m.name] == 0 {
			t.Errorf("%s was never tried", m.name)
		}
	}
}

func mutate(t *testing.T, seed int, real overlay, counts map[string]int) {
	data, err := os.ReadFile(real.path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(data), "\n")
	tried := map[int]bool{}
	p := config.New(config.Options{Base: real.base})
	c := New(Options{})
	before := atLines(t, c, p, real.path, string(data))
	schemas := map[string]*schema.Schema{}
	configuration, err := p.LoadText(real.path, data)
	if err != nil {
		t.Fatal(err)
	}
	for _, target := range c.Check(configuration).Targets {
		schemas[target.Backend.Engine], schemas[schema.Harness] = target.Values.Schema, target.Values.Round
	}
	for m, mutation := range mutations {
		for _, e := range entries(lines, schemas) {
			r := rand.New(rand.NewPCG(uint64(seed), uint64(m*1000+e.line)))
			text, atNext, ok := mutation.apply(e, r)
			if !ok {
				continue
			}
			mutated := slices.Clone(lines)
			mutated[e.line] = text
			want := e.line + 1
			if atNext {
				want++
			}
			counts[mutation.name]++
			tried[e.line] = true
			if found := atLines(t, c, p, real.path, strings.Join(mutated, "\n")); !found[want] || before[want] {
				t.Errorf("%s in line %d is not found: %q", mutation.name, want, text)
			}
		}
	}
	for i, line := range lines {
		if text := strings.TrimLeft(line, " \r]"); text != "" && text[0] != '#' && !tried[i] {
			t.Errorf("line %d: no fault was put in: %q", i+1, line)
		}
	}
}

// atLines returns the lines of the overlay that have an error.
func atLines(t *testing.T, c *Compiler, p *config.Project, overlay, text string) map[int]bool {
	t.Helper()
	config, err := p.LoadText(overlay, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	lines := map[int]bool{}
	for _, d := range c.Check(config).Found {
		if d.Severity == diag.Error && d.Pos.File == overlay {
			lines[d.Pos.Line] = true
		}
	}
	return lines
}
