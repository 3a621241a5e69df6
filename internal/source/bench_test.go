package source

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"gopkg.in/yaml.v3"

	"mlcfg/tools/sharedata"
)

func overlay(b *testing.B) []byte {
	data, err := os.ReadFile(filepath.Join(sharedata.Corpus(b), "models", "llama2-70b", "server_mi325x.yaml"))
	if err != nil {
		b.Fatal(err)
	}
	return data
}

// BenchmarkParse reads a real overlay; BenchmarkYAML is the YAML library's part of it.
func BenchmarkParse(b *testing.B) {
	data := overlay(b)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if root, _ := Parse("x.yaml", data); root == nil {
			b.Fatal("not read")
		}
	}
}

func BenchmarkYAML(b *testing.B) {
	data := overlay(b)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		var doc yaml.Node
		if err := yaml.NewDecoder(bytes.NewReader(data)).Decode(&doc); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkYAMLUnmarshal reads the overlay as a program without places would.
func BenchmarkYAMLUnmarshal(b *testing.B) {
	data := overlay(b)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		var m map[string]any
		if err := yaml.Unmarshal(data, &m); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOverride(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if root, _ := ParseOverride(1, "harness_config.target_qps=12.5"); root == nil {
			b.Fatal("not read")
		}
	}
}
