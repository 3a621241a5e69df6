package importer

import (
	"bytes"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/format"
	"cuelang.org/go/cue/parser"

	"mlcfg/schema"
	"mlcfg/tools/goldenfile"
)

// TestIndex holds the embedded index to the CUE files, byte for byte.
func TestIndex(t *testing.T) {
	want, err := Index(os.DirFS(".."))
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join("..", IndexFile))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("schema/%s is not what the CUE files say; after a change to them, or to settle a conflict in it, run: make schema-index", IndexFile)
	}
}

// parse is the schema of the one release in a file's text, by way of an index.
func parse(file, text string) (*schema.Schema, error) {
	s, err := read([]sourceFile{{file, text}})
	if err != nil {
		return nil, err
	}
	g, err := s.group(s.pkg)
	if err != nil {
		return nil, err
	}
	data, err := schema.Encode([]schema.Group{g})
	if err != nil {
		return nil, err
	}
	return schema.Read(data, g.Name, g.Releases[0])
}

// TestFilesAreCUE formats every file and holds what is read against CUE's own evaluator.
func TestFilesAreCUE(t *testing.T) {
	names, err := filepath.Glob("../*/*.cue")
	if err != nil || len(names) == 0 {
		t.Fatal("no files", err)
	}
	fields := 0
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		formatted, err := format.Source(text)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if string(formatted) != string(text) {
			t.Errorf("%s is not as cue fmt writes it", name)
		}
		file, err := parser.ParseFile(name, text)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.Field); ok {
				if s, ok := f.Value.(*ast.StructLit); ok {
					fields += len(s.Elts)
				}
			}
		}
	}
	definitions := 0
	groups := schema.Engines()
	for _, fork := range schema.Forks() {
		groups = append(groups, "forks/"+fork)
	}
	for _, engine := range groups {
		g, err := groupOf(os.DirFS(".."), engine)
		if err != nil {
			t.Fatal(err)
		}
		for i := range g.Definitions {
			if d := &g.Definitions[i]; len(d.Alternatives) == 0 {
				t.Errorf("%s:%d: %s has no type", d.File, d.Line, d.Name)
			}
		}
		definitions += len(g.Definitions)
	}
	if definitions != fields {
		t.Errorf("read %d definitions, the files have %d", definitions, fields)
	}
}

// probes are values that tell definitions apart.
var probes = []any{
	nil, true, false, int64(-2), int64(-1), int64(0), int64(1), int64(2), int64(8), int64(1 << 40),
	-2.5, -1.0, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0, "", "auto", "1", "true", "bfloat16", "fcfs", "no such value",
	[]any{},
	[]any{int64(1)},
	[]any{"a"},
	[]any{1.5, nil},
	map[string]any{},
	map[string]any{"a": int64(1)},
	map[string]any{"a": "b"},
}

// TestTakesAgreesWithCUE holds Key.Takes against CUE's evaluator, for every definition of
// every release: what one takes the other takes.
func TestTakesAgreesWithCUE(t *testing.T) {
	names := append(schema.Engines(), schema.Harness, "sense", "takes", "project")
	index, err := Index(os.DirFS(".."))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		files, err := filesOf(os.DirFS(".."), name)
		if err != nil {
			t.Fatal(err)
		}
		s, err := read(files)
		if err != nil {
			t.Fatal(err)
		}
		forms := ""
		for form, text := range s.texts {
			forms += "\n" + form + ": " + text
		}
		ctx, seen := cuecontext.New(), map[string]bool{}
		for i := range s.fields {
			e := &s.fields[i]
			// Many keys have one and the same definition.
			_, value, _ := strings.Cut(e.text, "?: ")
			if value, _, _ = strings.Cut(value, " @"); seen[value] {
				continue
			}
			seen[value] = true
			release := ""
			if len(s.releases) > 0 {
				release = s.releases[e.first]
			}
			of, err := schema.Read(index, name, release)
			if err != nil {
				t.Fatal(err)
			}
			k, ok := of.Section(e.section).Key(e.name)
			if !ok {
				t.Errorf("%s %s has no %s.%s", name, release, e.section, e.name)
				continue
			}
			field := ctx.CompileString(e.text + forms).LookupPath(cue.MakePath(cue.Str(k.Name).Optional()))
			for _, v := range slices.Concat(probes, k.Enum, []any{k.Default}) {
				if b, ok := v.(*big.Int); ok && b == nil {
					continue
				}
				want := field.Unify(ctx.Encode(v, cue.NilIsAny(false))).Validate(cue.Concrete(true)) == nil
				if got := k.Takes(v); got != want {
					t.Errorf("%s %s.%s: takes %v: %v, CUE: %v (%s)", name, e.section, k.Name, v, got, want, e.text)
				}
			}
			if k.HasDefault && !k.Takes(k.Default) {
				t.Errorf("%s %s.%s refuses its own default: %v", name, e.section, k.Name, k.Check(k.Default))
			}
		}
	}
}

// TestSharedIsWhole holds the hand-written files against CUE itself: they compile together,
// and each key says in its comment what it means.
func TestSharedIsWhole(t *testing.T) {
	files, err := filesOf(os.DirFS(".."), schema.Harness)
	if err != nil {
		t.Fatal(err)
	}
	text := ""
	for i, f := range files {
		if i > 0 {
			_, f.text, _ = strings.Cut(f.text, "\npackage schema\n")
		}
		text += f.text
	}
	v := cuecontext.New().CompileString(text)
	if err := v.Validate(); err != nil {
		t.Fatal(err)
	}
	shared := schema.Shared()
	for _, name := range shared.Sections() {
		section := shared.Section(name)
		inCUE := 0
		for it, _ := v.LookupPath(cue.ParsePath(name)).Fields(cue.All()); it.Next(); inCUE++ {
			if _, ok := section.Key(it.Selector().Unquoted()); !ok {
				t.Errorf("%s.%s is in the file, not in the section", name, it.Selector())
			}
		}
		if inCUE != len(section.Names()) {
			t.Errorf("%s has %d keys in the file, %d in the section", name, inCUE, len(section.Names()))
		}
		for _, k := range section.Keys() {
			if k.Doc == "" && !slices.Contains([]string{"retired", "trees", "dataset_endings"}, name) {
				t.Errorf("%s.%s has no comment", name, k.Name)
			}
			if k.Config != "" && shared.Section(k.Config) == nil {
				t.Errorf("%s.%s names the section %s, which is not there", name, k.Name, k.Config)
			}
		}
	}
}

// TestJSONSchemaGolden keeps the form of the export, on a small engine.
func TestJSONSchemaGolden(t *testing.T) {
	const file = "testdata/vllm_settings.cue"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s, err := parse(file, string(text))
	if err != nil {
		t.Fatal(err)
	}
	got, err := schema.JSONSchema(s)
	if err != nil {
		t.Fatal(err)
	}
	golden := filepath.Join("testdata", "overlay.schema.json")
	goldenfile.Check(t, golden, got)
}

const oneRelease = "package vllm\n\nreleases: [\n\t\"1.0\",\n]\n\n"

// TestParse: what the index could not hold is refused with its place.
func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		oneRelease + "x: {\n\ta: int\n}\n":                                                  "f.cue:8:2: want an optional field, a?: …",
		oneRelease + "x: {\n\ta?: int\n}\n":                                                 "f.cue:8:2: want a field that ends in @release(...): a?: int",
		oneRelease + "x: {\n\ta?: int @release(\"2.0\")\n}\n":                               `f.cue:8:2: unknown releases "2.0" to "1.0": a?: int`,
		oneRelease + "x: {\n\ta?: string & !=\"\" @release(\"1.0\")\n}\n":                   `f.cue:8:2: key a: no form that the index has: string & !=""`,
		oneRelease + "x: {\n\ta?: >=1 @release(\"1.0\")\n}\n":                               "f.cue:8:2: key a: no form that the index has: >=1",
		oneRelease + "x: {\n\ta?: =~\"(\" @release(\"1.0\")\n}\n":                           "f.cue:8:2: key a: error parsing regexp: missing closing ): `(`",
		oneRelease + "#A: #B | #A\n#B: #A\nx: {\n\ta?: #A @release(\"1.0\")\n}\n":           "f.cue:10:2: key a: #A is defined by itself",
		oneRelease + "x: {\n\ta?: int @release(\"1.0\")\n\ta?: bool @release(\"1.0\")\n}\n": "group vllm: f.cue:8 and f.cue:9 define x.a for the same release",
	} {
		_, err := parse("f.cue", text)
		if err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	if _, err := parse("f.cue", oneRelease+"x: {\n\ta?: | @release(\"1.0\")\n}\n"); err == nil || !strings.Contains(err.Error(), "f.cue:8:6") {
		t.Errorf("a fault of syntax: %v", err)
	}
}

// FuzzRead: any file is refused or gives keys that can be asked.
func FuzzRead(f *testing.F) {
	f.Add("package vllm\n\n#A: #B | #A\n#B: #A\n\nreleases: [\n\t\"1.0\",\n]\n\nx: {\n\ta?: #A @release(\"1.0\")\n}\n")
	f.Add("package vllm\n\nreleases: [\n\t\"1.0\",\n]\n\n#Int: null | int\n\nengine_config: {\n\t// Doc.\n\ta?: *1 | int & >=1 @flag(\"--a\",nargs=\"+\") @release(\"1.0\")\n}\n")
	f.Add("package sglang\n\nreleases: [\n\t\"1.0\",\n]\n\nx: {\n\ta?: *\"x\" | =~\"(\" | [...{[string]: int}] @config(\"x\") @release(\"1.0\")\n}\n")
	f.Add("package vllm\n\nreleases: [\n\t\"1.0\",\n]\n\nx: {\n\ta?: int & !=3 & >\"x\" @flag(=,) @release(\"1.0\",last=\"\")\n}\n")
	f.Add("x: {\n\ta?: close({b: [-1, 1e9, {}, 99999999999999999999]}) @required()\n}\n")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := parse("fuzz.cue", text)
		if err != nil {
			return
		}
		for _, name := range s.Sections() {
			for _, k := range s.Section(name).Keys() {
				for _, v := range probes {
					k.Check(v)
				}
			}
		}
	})
}
