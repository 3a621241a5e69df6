package compile

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
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
)

var (
	scalarLine = regexp.MustCompile(`^( *)([A-Za-z_][A-Za-z0-9_]*): +([^\s#\[{][^#]*?) *(#.*)?$`)
	headerLine = regexp.MustCompile(`^( *)([A-Za-z_][A-Za-z0-9_]*):( *\[)? *(#.*)?$`)
	itemLine   = regexp.MustCompile(`^( *)(- +)?([-0-9.]+)(,?) *(#.*)?$`)
)

// entries finds the lines that set something, with their keys' schemas where there are any.
func entries(t *testing.T, lines []string) []entry {
	var found []entry
	section, nested := "", ""
	schemas := map[string]*schema.Schema{}
	for _, engine := range []string{"vllm", "sglang"} {
		release, _ := schema.Infer(engine, map[string][]string{schema.EngineConfig: {map[string]string{"vllm": "num_scheduler_steps", "sglang": "tp_size"}[engine]}})
		s, err := schema.Load(engine, release)
		if err != nil {
			t.Fatal(err)
		}
		schemas[engine] = s
	}
	for i, line := range lines {
		if m := itemLine.FindStringSubmatch(strings.TrimRight(line, "\r")); m != nil {
			found = append(found, entry{line: i, indent: m[1] + m[2], value: m[4], form: item, section: section})
			continue
		}
		if m := headerLine.FindStringSubmatch(strings.TrimRight(line, "\r")); m != nil {
			found = append(found, entry{line: i, indent: m[1], key: m[2], value: strings.TrimSpace(m[3]), form: header, section: section})
		}
		name, rest, _ := strings.Cut(strings.TrimRight(line, " \r"), ":")
		if rest == "" && name != "" && name[0] != '#' && !strings.Contains(name, "[") {
			switch {
			case name[0] != ' ':
				section, nested = name, ""
			default:
				nested = strings.TrimSpace(name)
			}
			continue
		}
		m := scalarLine.FindStringSubmatch(strings.TrimRight(line, "\r"))
		if m == nil {
			continue
		}
		e := entry{line: i, indent: m[1], key: m[2], value: m[3], section: section}
		engine, part, _ := strings.Cut(section, "_")
		switch {
		case e.indent == "":
			e.section = ""
			e.schema, _ = schema.Shared().Section("config").Key(e.key)
		case section == "harness_config" && len(e.indent) > 2:
			e.schema, _ = schema.Shared().Section(nested).Key(e.key)
		case section == "harness_config":
			e.schema, _ = schema.Shared().Section(section).Key(e.key)
		case schemas[engine] != nil && part != schema.EnvConfig:
			e.schema, _ = schemas[engine].Section(part).Key(e.key)
		}
		found = append(found, e)
	}
	return found
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
		case e.form == scalar && strings.HasSuffix(e.section, schema.EnvConfig):
			return e.with(e.key, "[1, 2]"), false, true
		case e.schema == nil:
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
	{"wrong enum", func(e entry, r *rand.Rand) (string, bool, bool) {
		return e.with(e.key, e.value+"x"), false, e.schema != nil && len(e.schema.Enum) > 0 && slices.Contains(e.schema.Enum, any(e.value))
	}},
}

// TestMutations puts every kind of fault into every line of every real overlay
// that can have it, one at a time, and wants an error at that very line.
func TestMutations(t *testing.T) {
	base, overlays := corpus(t)
	counts := map[string]int{}
	for o, overlay := range overlays {
		data, err := os.ReadFile(overlay)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(string(data), "\n")
		tried := map[int]bool{}
		p := config.New(config.Options{Base: base})
		c := New(Options{})
		before := atLines(t, c, p, overlay, string(data))
		for m, mutation := range mutations {
			for _, e := range entries(t, lines) {
				r := rand.New(rand.NewPCG(uint64(o), uint64(m*1000+e.line)))
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
				if found := atLines(t, c, p, overlay, strings.Join(mutated, "\n")); !found[want] || before[want] {
					t.Errorf("%s, %s in line %d is not found: %q", filepath.Join(filepath.Base(filepath.Dir(overlay)), filepath.Base(overlay)), mutation.name, want, text)
				}
			}
		}
		for i, line := range lines {
			if text := strings.TrimLeft(line, " \r]"); text != "" && text[0] != '#' && !tried[i] {
				t.Errorf("%s:%d: no fault was put in: %q", overlay, i+1, line)
			}
		}
	}
	t.Logf("faults put in: %v", counts)
	for _, m := range mutations {
		if counts[m.name] == 0 {
			t.Errorf("%s was never tried", m.name)
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
