package schema

import (
	"slices"
	"strings"
	"testing"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/cuecontext"
)

// TestSharedIsCUE holds the hand-written files against CUE itself: they
// compile, and each key says in its comment what it means.
func TestSharedIsCUE(t *testing.T) {
	ctx := cuecontext.New()
	v := ctx.CompileString(sharedText + strings.TrimPrefix(harnessText[strings.Index(harnessText, "package schema"):], "package schema"))
	if err := v.Validate(); err != nil {
		t.Fatal(err)
	}
	for _, name := range Shared().Sections() {
		section := Shared().Section(name)
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
			if k.Doc == "" && name != "retired" {
				t.Errorf("%s.%s has no comment", name, k.Name)
			}
			for _, a := range k.alts {
				if a.expr != nil {
					t.Errorf("%s.%s is none of the simple forms: %s", name, k.Name, k.CUE())
				}
			}
			if k.Config != "" && Shared().Section(k.Config) == nil {
				t.Errorf("%s.%s names the section %s, which is not there", name, k.Name, k.Config)
			}
		}
	}
}

func TestSharedChecks(t *testing.T) {
	tests := []struct {
		section, key string
		value        any
		code         string
	}{
		{"config", "scenario", "server", ""},
		{"config", "scenario", "Server", NotInEnum},
		{"config", "engine_version", nil, ""},
		{"config", "env_config", map[string]any{"A": 1.5, "B": nil}, ""},
		{"config", "env_config", map[string]any{"A": []any{}}, WrongType},
		{"harness_config", "target_qps", int64(-1), ""},
		{"harness_config", "target_qps", -1.0, ""},
		{"harness_config", "target_qps", 83.5, ""},
		{"harness_config", "target_qps", int64(-2), OutOfRange},
		{"harness_config", "total_sample_count", int64(0), OutOfRange},
		{"harness_config", "device_count", int64(0), OutOfRange},
		{"harness_config", "enable_warmup", "Flase", WrongType},
		{"harness_config", "schedule_algo", "shortest_queue_with_token", NotInEnum},
		{"sorting", "strategy", "bucket", NotInEnum},
		{"sorting", "buckets", []any{int64(50), 50.0}, ""},
		{"sorting", "buckets", []any{int64(-1)}, OutOfRange},
	}
	for _, tt := range tests {
		key, ok := Shared().Section(tt.section).Key(tt.key)
		if !ok {
			t.Errorf("no key %s.%s", tt.section, tt.key)
			continue
		}
		code := ""
		if f := key.Check(tt.value); len(f) > 0 {
			code = f[0].Code
			t.Log(f[0].Message, "|", f[0].Suggestion)
		}
		if code != tt.code {
			t.Errorf("%s.%s: %v gives %q, want %q", tt.section, tt.key, tt.value, code, tt.code)
		}
	}
	if len(Shared().Digest) != 64 {
		t.Error("digest")
	}
}

// TestSectionsAreSorted: looking a key up relies on one run of sorted entries a section.
func TestSectionsAreSorted(t *testing.T) {
	for _, engine := range Engines() {
		st := storeOf(engine)
		total := 0
		for name, run := range st.sections {
			total += len(run)
			if !slices.IsSortedFunc(run, func(a, b entry) int { return strings.Compare(a.name, b.name) }) {
				t.Errorf("%s %s is not sorted by name", engine, name)
			}
		}
		if total != len(st.entries) {
			t.Errorf("%s: a section stands in several runs: %d entries of %d", engine, total, len(st.entries))
		}
	}
}
