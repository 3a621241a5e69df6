package diff

import (
	"bytes"
	"path/filepath"
	"testing"

	"mlcfg/internal/config"
	"mlcfg/tools/sharedata"
)

// TestCorpus compares every pair of real overlays of a model on every backend:
// it never fails, the way back mirrors the way there, and nothing differs from
// itself.
func TestCorpus(t *testing.T) {
	dir := sharedata.Corpus(t)
	overlays, err := filepath.Glob(filepath.Join(dir, "models", "*", "*.yaml"))
	if err != nil || len(overlays) == 0 {
		t.Fatalf("no overlays in %s", dir)
	}
	r := &Reader{Project: config.Options{Base: filepath.Join(dir, "config.yaml")}}
	for i, a := range overlays {
		t.Run(filepath.Base(filepath.Dir(a))+"/"+filepath.Base(a), func(t *testing.T) {
			if own := compareFiles(t, r, Options{}, a, a); own.Differs() {
				t.Errorf("differs from itself:\n%s", keys(own))
			}
			for _, b := range overlays[i+1:] {
				there, back := compareFiles(t, r, Options{}, a, b), compareFiles(t, r, Options{}, b, a)
				if there.Count(Added) != back.Count(Removed) || there.Count(Changed) != back.Count(Changed) || len(there.Rows) != len(back.Rows) {
					t.Errorf("%s: there\n%s\nback\n%s", b, keys(there), keys(back))
				}
				for _, row := range there.Rows {
					for _, c := range row.Cells {
						if c.Set && c.Origin.Layer == "" {
							t.Errorf("%s: %s has no origin", b, row.Key)
						}
					}
				}
			}
		})
	}
}

// TestMachines is the table of the three machines of llama2-70b's server
// scenario: each row has three values that are not all the same.
func TestMachines(t *testing.T) {
	dir := sharedata.Corpus(t)
	overlays, err := filepath.Glob(filepath.Join(dir, "models", "llama2-70b", "server_*.yaml"))
	if err != nil || len(overlays) < 3 {
		t.Skipf("SKIPPED: %d overlays", len(overlays))
	}
	r := &Reader{Project: config.Options{Base: filepath.Join(dir, "config.yaml")}}
	report := compareFiles(t, r, Options{}, overlays...)
	if !report.Differs() {
		t.Fatal("the machines do not differ")
	}
	for _, row := range report.Rows {
		if len(row.Cells) != len(overlays) || row.same() || row.Change != Varies {
			t.Errorf("%+v", row)
		}
	}
	var out bytes.Buffer
	if err := WriteText(&out, []*Report{report}, nil, TextOptions{}); err != nil || bytes.Count(out.Bytes(), []byte("\n")) < len(report.Rows) {
		t.Errorf("%v\n%s", err, out.String())
	}
}
