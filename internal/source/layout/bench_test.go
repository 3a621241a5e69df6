package layout

import (
	"os"
	"path/filepath"
	"testing"

	"mlcfg/internal/source"
	"mlcfg/tools/sharedata"
)

// BenchmarkFormat formats one real overlay, checks included.
func BenchmarkFormat(b *testing.B) {
	path := filepath.Join(sharedata.Corpus(b), "models", "llama2-70b", "offline_mi355x.yaml")
	data, err := os.ReadFile(path)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, _, err := Format(path, data, order, source.OmegaConf23); err != nil {
			b.Fatal(err)
		}
	}
}
