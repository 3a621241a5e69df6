package schema

import (
	"strings"
	"testing"
)

// TestNotes holds the hand-written notes against the releases: each is about a
// key that lived and went, and names a replacement that exists.
func TestNotes(t *testing.T) {
	count := 0
	for _, engine := range Engines() {
		latest, err := Load(engine, newest(engine))
		if err != nil {
			t.Fatal(err)
		}
		st := storeOf(engine)
		for i := range st.notes.count {
			count++
			section, key := st.index.text(st.notes.at+i*noteSize), st.index.text(st.notes.at+i*noteSize+stringSize)
			path := engine + " " + section + "." + key
			note, ok := st.noteOf(section, key)
			if !ok {
				t.Errorf("%s: the note is not found", path)
			}
			history := History(engine, section, key)
			// Of trtllm only the newest release is embedded: what went before it has no history.
			if len(history) == 0 && engine != "trtllm" {
				t.Errorf("%s: no release knows the key", path)
				continue
			}
			if _, lives := latest.Section(section).Key(key); lives {
				t.Errorf("%s: the newest release knows the key", path)
			}
			if strings.HasSuffix(note.Text, ".") || note.Text == "" {
				t.Errorf("%s: want one sentence without a full stop: %q", path, note.Text)
			}
			if note.Replaced != "" && !replacementLives(latest, engine, section, note.Replaced) {
				t.Errorf("%s: no release knows its replacement %s", path, note.Replaced)
			}
		}
	}
	if count < 40 {
		t.Errorf("read %d notes", count)
	}
}

// replacementLives: some release knows the key, and its nested key if its
// settings class is known.
func replacementLives(latest *Schema, engine, section, path string) bool {
	name, inner, nested := strings.Cut(path, ".")
	definitions := Definitions(engine, section, name)
	if len(definitions) == 0 {
		return false
	}
	if !nested || definitions[len(definitions)-1].Config == "" {
		return true
	}
	return len(Definitions(engine, definitions[len(definitions)-1].Config, inner)) > 0
}

func TestGone(t *testing.T) {
	tests := []struct {
		engine, release, section, key string
		want                          string // part of the text, "" for no note
	}{
		{"vllm", "0.33.0", EngineConfig, "num_scheduler_steps", "multi-step scheduling went with the V0 engine"},
		{"vllm", "0.33.0", EngineConfig, "use_v2_block_manager", "block manager v1 has been removed"},
		{"vllm", "0.33.0", EngineConfig, "no_such_key", ""},
		{"sglang", "0.5.23", EngineConfig, "enable_ep_moe", "Please set `--ep-size`"},
		{"sglang", "0.5.23", EngineConfig, "nsa_decode_backend", "renamed"},
		{"sglang", "0.4.0", EngineConfig, "enable_ep_moe", ""},
		{"vllm", "0.33.0", EnvConfig, "VLLM_TORCH_PROFILER_DIR", "profiler_config.torch_profiler_dir"},
	}
	for _, tt := range tests {
		note, ok := Gone(tt.engine, tt.release, tt.section, tt.key)
		if ok != (tt.want != "") || !strings.Contains(note.Text, tt.want) || ok && note.Source == "" {
			t.Errorf("Gone(%s %s, %s.%s) = %+v, %v; want %q", tt.engine, tt.release, tt.section, tt.key, note, ok, tt.want)
		}
	}
}
