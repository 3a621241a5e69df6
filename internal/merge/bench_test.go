package merge

import (
	"path/filepath"
	"testing"

	"mlcfg/tools/sharedata"
)

// BenchmarkMerge merges a real overlay over the base, both parsed before.
func BenchmarkMerge(b *testing.B) {
	corpus := sharedata.Corpus(b)
	base := parseFile(b, filepath.Join(corpus, "config.yaml"))
	over := parseFile(b, filepath.Join(corpus, "models", "llama2-70b", "server_mi325x.yaml"))
	b.ReportAllocs()
	for b.Loop() {
		Merge(Layer{"base", base}, Layer{"overlay", over})
	}
}
