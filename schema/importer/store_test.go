package importer

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mlcfg/schema"
)

// TestRewriteIsIdempotent opens the embedded files and writes them again: not a
// byte changes, whatever the order in which releases were added.
func TestRewriteIsIdempotent(t *testing.T) {
	for _, engine := range schema.Engines() {
		store, err := Open("..", engine)
		if err != nil {
			t.Fatal(err)
		}
		for name, text := range store.render() {
			old, err := os.ReadFile(filepath.Join("..", engine, name))
			if err != nil {
				t.Fatal(err)
			}
			if string(old) != text {
				t.Errorf("%s/%s changes when it is written again", engine, name)
			}
		}
	}
}

func record(release string, keys ...string) *Record {
	r := &Record{Engine: "vllm", Release: release, Sections: map[string][]Definition{}}
	for _, k := range keys {
		name, doc, _ := strings.Cut(k, ":")
		name, value, _ := strings.Cut(name, "=")
		d := Definition{Name: name, Doc: doc, Type: []Alternative{{Kind: "int"}}}
		if value != "" {
			d.Default = json.RawMessage(value)
		}
		r.Sections[schema.EngineConfig] = append(r.Sections[schema.EngineConfig], d)
	}
	return r
}

// TestAdd adds releases in two orders: keys come, go, come back and change;
// a new help text alone makes no new definition.
func TestAdd(t *testing.T) {
	records := []*Record{
		record("0.9", "stays=1:old words", "goes=1", "changes=1"),
		record("0.10", "stays=1:new words", "comes", "changes=2"),
		record("0.11", "stays=1", "comes", "goes=1", "changes=2"),
	}
	const want = `engine_config: {
	changes?: *1 | int @release("0.9",last="0.9")

	changes?: *2 | int @release("0.10")

	comes?: int @release("0.10")

	goes?: *1 | int @release("0.9",last="0.9")

	goes?: *1 | int @release("0.11")

	// new words
	stays?: *1 | int @release("0.9")
}
`
	for _, order := range [][]int{{0, 1, 2}, {2, 0, 1}, {1, 2, 0, 1}} {
		store := NewStore("vllm")
		for _, i := range order {
			if err := store.Add(records[i]); err != nil {
				t.Fatal(err)
			}
		}
		text := store.Text()
		got := text[strings.Index(text, "engine_config"):]
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("order %v (-want +got):\n%s", order, diff)
		}
		dir := t.TempDir()
		if err := store.Write(dir); err != nil {
			t.Fatal(err)
		}
		again, err := Open(dir, "vllm")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(text, again.Text()); diff != "" {
			t.Errorf("written and read again (-want +got):\n%s", diff)
		}
	}
}

func TestParseSpec(t *testing.T) {
	for text, want := range map[string]string{
		"vllm==0.10.1": "", "sglang==0.4.9.post6": "", "vllm==0.9.2+rocm.1": "",
		"vllm":         `"vllm" names no release; write ENGINE==RELEASE, as in vllm==0.10.1`,
		"vllm==":       `"vllm==" names no release; write ENGINE==RELEASE, as in vllm==0.10.1`,
		"vllm==latest": `"latest" is no release number`,
		"vllm==1.0rc1": "", "tensorrt_llm==1.4.0rc0": "", "tensorrt-llm==1.2.1": "", "trtllm==1.4.0rc0": "",
		"vllm==1.0b1": `"1.0b1" is no release number`, "vllm==1rc0.1": `"1rc0.1" is no release number`,
		"tgi==1.0":   `no engine "tgi"; known are sglang, trtllm, vllm`,
		"vllm==1.0+": `"1.0+" is no release number`,
	} {
		_, err := ParseSpec(text)
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("ParseSpec(%q): %q, want %q", text, got, want)
		}
	}
}

// FuzzParseRecord: whatever the reader says is refused or rendered as CUE that
// can be read.
func FuzzParseRecord(f *testing.F) {
	f.Add([]byte(`{"engine":"vllm","release":"1.0","sections":{"engine_config":[{"name":"a-b","type":[{"kind":"literal","value":"x\n"}],"default":"y","doc":"- z\n\n@release(\"1\")","deprecated":"\u0000)"}]}}`))
	f.Add([]byte(`{"engine":"vllm","release":"1.0","sections":{"engine_config":[{"name":"_x","type":[{"kind":"map","values":[{"kind":"any"}]}],"default":{"a":[1e400]}}]}}`))
	f.Add([]byte(`{"engine":"vllm","release":"1.0","sections":{"engine_config":[{"name":"x","type":[{"kind":"int","ge":1,"not":[-1]}],"flag":{"names":["--x\"","-y"],"action":"store"}}]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := ParseRecord(data)
		if err != nil || r.Engine != "vllm" || r.Release != "1.0" {
			return
		}
		store := NewStore(r.Engine)
		if store.Add(r) != nil {
			return
		}
		text := store.Text()
		if _, err := parse("fuzz.cue", text); err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
	})
}
