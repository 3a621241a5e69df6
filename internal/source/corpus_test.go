package source

import (
	"encoding/json"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mlcfg/internal/python"
	"mlcfg/tools/sharedata"
)

// scalarRows is scalars.json: what OmegaConf makes of texts.
type scalarRows struct {
	YAMLScalar map[string]struct {
		Type  string
		Value any
		Error string
	} `json:"yaml_scalar"`
	Dotlist map[string]any
}

func readScalars(t *testing.T) (rows scalarRows) {
	data, err := os.ReadFile(filepath.Join(sharedata.Corpus(t), "scalars.json"))
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(strings.NewReader(string(data)))
	d.UseNumber()
	if err := d.Decode(&rows); err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestOmegaConfScalars(t *testing.T) {
	for scalar, want := range readScalars(t).YAMLScalar {
		t.Run(scalar, func(t *testing.T) {
			root, found := Parse("x.yaml", []byte("x: "+scalar+"\n"))
			if want.Error != "" {
				if !found.HasErrors() {
					t.Errorf("OmegaConf refuses this with a %s; read as %v", want.Error, root.Interface())
				}
				return
			}
			if found.HasErrors() {
				t.Fatal(found)
			}
			n := root.Lookup("x")
			kinds := map[string]Kind{"str": String, "bool": Bool, "int": Int, "float": Float, "NoneType": Null, "ListConfig": List, "DictConfig": Map}
			if n.Kind != kinds[want.Type] {
				t.Errorf("a %s, want %s", n.Kind, want.Type)
			}
			if diff := cmp.Diff(plain(want.Value), plain(n.Interface())); diff != "" {
				t.Errorf("(-OmegaConf +ours)\n%s", diff)
			}
		})
	}
}

func TestOmegaConfDotlist(t *testing.T) {
	for text, want := range readScalars(t).Dotlist {
		t.Run(text, func(t *testing.T) {
			root, found := ParseOverride(1, text)
			if m, ok := want.(map[string]any); ok && len(m) == 1 && m["error"] != nil {
				if !found.HasErrors() {
					t.Errorf("OmegaConf refuses this with a %s; read as %v", m["error"], root.Interface())
				}
				return
			}
			if found.HasErrors() {
				t.Fatal(found)
			}
			if diff := cmp.Diff(plain(want), plain(root.Interface())); diff != "" {
				t.Errorf("(-OmegaConf +ours)\n%s", diff)
			}
		})
	}
}

// plain makes values comparable: numbers as the text that Python gives them, so
// that 1 and 1.0 differ and nan equals itself.
func plain(v any) any {
	switch v := v.(type) {
	case json.Number:
		if strings.ContainsAny(string(v), ".eE") {
			f, _ := v.Float64()
			return "float " + python.Float(f)
		}
		i, _ := new(big.Int).SetString(string(v), 10)
		return "int " + i.String()
	case map[string]any:
		if f, ok := v["float"].(string); ok && len(v) == 1 {
			return "float " + f
		}
		m := map[string]any{}
		for key, value := range v {
			m[key] = plain(value)
		}
		return m
	case []any:
		l := []any{}
		for _, value := range v {
			l = append(l, plain(value))
		}
		return l
	case int64, *big.Int, float64:
		n := Of(v)
		return map[Kind]string{Int: "int ", Float: "float "}[n.Kind] + n.PyStr()
	}
	return v
}

// TestCorpusFiles reads every real file without a finding.
func TestCorpusFiles(t *testing.T) {
	corpus := sharedata.Corpus(t)
	files, err := filepath.Glob(filepath.Join(corpus, "models", "*", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no overlays in %s (%v)", corpus, err)
	}
	for _, path := range append(files, filepath.Join(corpus, "config.yaml")) {
		t.Run(filepath.Base(filepath.Dir(path))+"/"+filepath.Base(path), func(t *testing.T) {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if root, found := Parse(path, data); root == nil || len(found) > 0 {
				t.Error(found)
			}
		})
	}
}
