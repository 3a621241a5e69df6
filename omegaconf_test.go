package mlcfg_test

import (
	"testing"

	"mlcfg/internal/source"
	"mlcfg/tools/exact/omegaconf"
)

// TestOmegaConf reads, overrides, merges and resolves some thousand generated texts and
// compares with what the real OmegaConf makes of them, in each release that is followed. Where OmegaConf refuses we
// refuse too; where the values differ there is a difference in the table.
func TestOmegaConf(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: -short")
	}
	for dialect, version := range omegaconf.Versions() {
		t.Run(version, func(t *testing.T) { testOmegaConf(t, dialect, version) })
	}
}

func testOmegaConf(t *testing.T, dialect source.Dialect, version string) {
	python := pythonTool(t, "omegaconf", version)
	cases, err := omegaconf.Compare(t.Context(), python, "testdata/omegaconf_cases.py", dialect, 7, 2000)
	if err != nil {
		t.Fatal(err)
	}
	met := map[string]int{}
	for _, c := range cases {
		if c.Agreed() {
			continue
		}
		if met[c.Why]++; c.Why == "" {
			t.Errorf("%s %q\nOmegaConf: %v %s\nours:      %v %s", c.Kind, c.In, c.Want, c.Theirs, c.Got, c.Ours)
		}
	}
	t.Logf("%d cases; differences: %v", len(cases), met)
	if len(cases) != 2000 {
		t.Errorf("%d cases were made", len(cases))
	}
}
