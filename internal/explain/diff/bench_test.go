package diff

import (
	"path/filepath"
	"testing"

	"mlcfg/internal/config"
	"mlcfg/tools/sharedata"
)

// BenchmarkCompare is the diff of two real overlays: both read, checked for
// both engines, and compared.
func BenchmarkCompare(b *testing.B) {
	dir := sharedata.Corpus(b)
	r := &Reader{Project: config.Options{Base: filepath.Join(dir, "config.yaml")}}
	var inputs []*Input
	for _, name := range []string{"offline_mi325x.yaml", "server_mi325x.yaml"} {
		in, err := r.Open(b.Context(), filepath.Join(dir, "models", "llama2-70b", name))
		if err != nil {
			b.Fatal(err)
		}
		inputs = append(inputs, in)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Compare(inputs, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
