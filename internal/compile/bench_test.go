package compile

import (
	"os"
	"testing"

	"mlcfg/internal/config"
	"mlcfg/internal/merge"
	"mlcfg/internal/source"
)

// benchOverlay is a real overlay with both engines' sections.
func benchOverlay(b *testing.B) (base, overlay string) {
	for _, o := range corpus(b) {
		if compileFor(b, o.base, o.path, "sglang").Targets != nil {
			return o.base, o.path
		}
	}
	b.Fatal("no overlay has both engines' sections")
	return "", ""
}

// BenchmarkParse is what reading one overlay costs, the measure for the rest.
func BenchmarkParse(b *testing.B) {
	_, overlay := benchOverlay(b)
	data, err := os.ReadFile(overlay)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if root, _ := source.Parse(overlay, data); root == nil {
			b.Fatal("not parsed")
		}
	}
}

// BenchmarkMerge is the merge of an overlay with its base.
func BenchmarkMerge(b *testing.B) {
	base, overlay := benchOverlay(b)
	config, err := config.New(config.Options{Base: base}).Load(overlay)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		merge.Merge(merge.Layer{Name: "base", Root: config.Base.Root}, merge.Layer{Name: "overlay", Root: config.Overlay.Root})
	}
}

// BenchmarkCheck is the check of a merged configuration for both engines, at
// inferred releases and manifests included.
func BenchmarkCheck(b *testing.B) {
	base, overlay := benchOverlay(b)
	config, err := config.New(config.Options{Base: base}).Load(overlay)
	if err != nil {
		b.Fatal(err)
	}
	c := New(Options{})
	b.ReportAllocs()
	for b.Loop() {
		if out := c.Check(config); out.Found.HasErrors() {
			b.Fatal(out.Found)
		}
	}
}

// BenchmarkLint is the whole for one overlay: read, parse, merge, check for
// both engines; the base and the schemas are read already.
func BenchmarkLint(b *testing.B) {
	base, overlay := benchOverlay(b)
	p, c := config.New(config.Options{Base: base}), New(Options{})
	b.ReportAllocs()
	for b.Loop() {
		config, err := p.Load(overlay)
		if err != nil {
			b.Fatal(err)
		}
		if out := c.Check(config); out.Found.HasErrors() {
			b.Fatal(out.Found)
		}
	}
}

// BenchmarkFirst is a process's first lint: nothing is read yet.
func BenchmarkFirst(b *testing.B) {
	base, overlay := benchOverlay(b)
	b.ReportAllocs()
	for b.Loop() {
		config, err := config.New(config.Options{Base: base}).Load(overlay)
		if err != nil {
			b.Fatal(err)
		}
		if out := New(Options{}).Check(config); out.Found.HasErrors() {
			b.Fatal(out.Found)
		}
	}
}
