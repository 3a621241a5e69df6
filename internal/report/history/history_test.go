package history

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"mlcfg/internal/loadgen"
	"mlcfg/internal/manifest"
	"mlcfg/internal/record"
	"mlcfg/internal/report"
)

// fake is a run directory as a run leaves it, without records.
type fake struct {
	id, benchmark, machine string
	valid, simulated       bool
	tokens, samples, qps   float64
	cut                    bool
}

func (f fake) write(t *testing.T, folder string, number int) {
	t.Helper()
	s := loadgen.DefaultSettings()
	s.Scenario, s.ServerTargetQPS = loadgen.Server, f.qps
	m := &manifest.Manifest{
		BenchmarkName: f.benchmark, Scenario: "server", TestMode: "performance", Machine: f.machine, Backend: "vllm",
		Engine: manifest.Engine{Name: "vllm", Version: "0.9.2"}, Schema: "sha256:00", Loadgen: loadgen.Section{Settings: s, Library: loadgen.Library{TotalSampleCount: 64, PerformanceSampleCount: 64}, Round: "v5.1", Frozen: true}.Map(),
	}
	yaml, err := m.YAML()
	if err != nil {
		t.Fatal(err)
	}
	d, err := record.CreateDir(filepath.Join(folder, f.id))
	if err != nil {
		t.Fatal(err)
	}
	state := record.State{Phase: record.Ended, Simulated: f.simulated, Started: time.Unix(int64(number), 0).UTC()}
	errs := []error{d.Write(record.ManifestFile, yaml)}
	if f.cut {
		state.Phase = record.Measuring
	} else {
		errs = append(errs, d.WriteJSON(record.SummaryFile, report.Summary{Valid: f.valid, TokensPerSecond: f.tokens, SamplesPerSecond: f.samples, TTFT: &report.Spread{P99MS: 7}}))
	}
	if err := errors.Join(append(errs, d.WriteJSON(record.StateFile, state), d.Close())...); err != nil {
		t.Fatal(err)
	}
}

var fakes = []fake{
	{id: "a-1", benchmark: "llama", machine: "alpha", valid: true, tokens: 100, samples: 9, qps: 10},
	{id: "a-2", benchmark: "llama", machine: "alpha", valid: true, tokens: 200, samples: 8, qps: 20},
	{id: "a-3", benchmark: "llama", machine: "alpha", tokens: 900, samples: 90, qps: 90},
	{id: "beta/b-1", benchmark: "llama", machine: "beta", valid: true, tokens: 50, samples: 5, qps: 5},
	{id: "sim", benchmark: "llama", machine: "alpha", valid: true, simulated: true, tokens: 5000, samples: 500, qps: 500},
	{id: "cut", benchmark: "mixtral", machine: "alpha", cut: true, qps: 1},
}

func results(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	for i, f := range fakes {
		f.write(t, folder, i)
	}
	for _, path := range []string{"not-a-run/file", ".hidden/state.json"} {
		path = filepath.Join(folder, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// use opens the history, looks, and closes it.
func use(t *testing.T, folder string, look func(h *History)) {
	t.Helper()
	h, err := Open(t.Context(), folder)
	if err != nil {
		t.Fatal(err)
	}
	look(h)
}

func ids(runs []Run) string {
	var out []string
	for _, r := range runs {
		out = append(out, r.ID)
	}
	return strings.Join(out, " ")
}

func TestFilters(t *testing.T) {
	use(t, results(t), func(h *History) {
		for want, f := range map[string]Filter{
			"a-1 a-2 a-3 beta/b-1 sim cut": {},
			"a-1 a-2 a-3 beta/b-1 sim":     {Benchmark: "LLAMA"},
			"beta/b-1":                     {Machine: "beta"},
			"a-1 a-2 beta/b-1 sim":         {Valid: true},
			"a-1 a-2 beta/b-1":             {Valid: true, Real: true, Scenario: "server", Mode: "performance", Backend: "vllm"},
			"":                             {Benchmark: "x' OR 1 --"},
		} {
			if got := ids(h.List(f)); got != want {
				t.Errorf("%+v: %q, want %q", f, got, want)
			}
		}
		runs := h.List(Filter{Benchmark: "mixtral"})
		if len(runs) != 1 || runs[0].Status != "cut off: measuring" || runs[0].TokensPerSecond != nil || *runs[0].TargetQPS != 1 {
			t.Errorf("%+v", runs)
		}
	})
}

func TestBest(t *testing.T) {
	use(t, results(t), func(h *History) {
		for by, want := range map[Measure]string{ByTokens: "a-2 sim beta/b-1", BySamples: "a-1 sim beta/b-1", ByTargetQPS: "a-2 sim beta/b-1"} {
			runs, err := h.Best(Filter{}, by)
			if got := ids(runs); err != nil || got != want {
				t.Errorf("by %s: %q, error %v, want %q", by, got, err, want)
			}
		}
		if _, err := h.Best(Filter{}, "beauty"); err == nil {
			t.Error("runs are compared by beauty")
		}
	})
}

func TestFind(t *testing.T) {
	use(t, results(t), func(h *History) {
		for name, want := range map[string]string{
			"a-1": "a-1", "beta/": "beta/b-1", "b-1": "beta/b-1", "cu": "cut",
			"a-": `"a-" may be a-1, a-2, a-3`, "nothing": `no run is called "nothing"`,
		} {
			r, err := h.Find(name)
			got := r.ID
			if err != nil {
				got = err.Error()
			}
			if got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
	})
}

// TestTheIndexFollowsTheFolders changes, adds and removes runs between two uses.
func TestTheIndexFollowsTheFolders(t *testing.T) {
	folder := results(t)
	use(t, folder, func(*History) {})
	if err := os.RemoveAll(filepath.Join(folder, "a-1")); err != nil {
		t.Fatal(err)
	}
	fake{id: "new", benchmark: "llama", machine: "alpha", valid: true, tokens: 1, qps: 1}.write(t, folder, 9)
	sum, err := json.Marshal(report.Summary{Valid: true, TokensPerSecond: 12345})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "cut", record.SummaryFile), sum, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "a-2", record.StateFile), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	use(t, folder, func(h *History) {
		if got := ids(h.List(Filter{})); got != "a-3 beta/b-1 sim cut new" {
			t.Errorf("%q", got)
		}
		if len(h.Unreadable) != 1 || !strings.Contains(h.Unreadable[0].Error(), "a-2") {
			t.Errorf("unreadable: %v", h.Unreadable)
		}
		if r, err := h.Find("cut"); err != nil || !r.Valid {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

// TestUnchangedRunsAreNotRead holds that the index is used: what it says of a run
// whose files look as before is believed.
func TestUnchangedRunsAreNotRead(t *testing.T) {
	folder := results(t)
	use(t, folder, func(*History) {})
	path := filepath.Join(folder, IndexFile)
	known, err := readIndex(path)
	if err != nil || len(known) != len(fakes) {
		t.Fatalf("%d runs in the index, error %v", len(known), err)
	}
	index := []cached{}
	for _, entry := range known {
		if entry.Run.ID == "a-1" {
			entry.Run.Benchmark = "from the index"
		}
		index = append(index, entry)
	}
	if err := writeIndex(path, index); err != nil {
		t.Fatal(err)
	}
	use(t, folder, func(h *History) {
		if got := ids(h.List(Filter{Benchmark: "from the index"})); got != "a-1" {
			t.Errorf("%q", got)
		}
	})
}

// TestNothingIsLostWithTheIndex spoils the index in every way that is there.
func TestNothingIsLostWithTheIndex(t *testing.T) {
	const all = "a-1 a-2 a-3 beta/b-1 sim cut"
	spoil := map[string]func(t *testing.T, path string){
		"deleted": func(t *testing.T, path string) {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		},
		"no database": func(t *testing.T, path string) { overwrite(t, path, 0, []byte("this is not a database at all")) },
		"emptied": func(t *testing.T, path string) {
			if err := os.Truncate(path, 0); err != nil {
				t.Fatal(err)
			}
		},
		"cut": func(t *testing.T, path string) {
			if err := os.Truncate(path, 500); err != nil {
				t.Fatal(err)
			}
		},
		"a byte of noise": func(t *testing.T, path string) {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			overwrite(t, path, int64(bytes.Index(data, []byte("llama"))), []byte("lland"))
		},
		"of another version": func(t *testing.T, path string) { overwrite(t, path, 0, []byte("mlrun runs 1 ")) },
		"a folder": func(t *testing.T, path string) {
			if err := errors.Join(os.Remove(path), os.Mkdir(path, 0o755)); err != nil {
				t.Fatal(err)
			}
		},
	}
	for name, spoil := range spoil {
		t.Run(name, func(t *testing.T) {
			folder := results(t)
			use(t, folder, func(*History) {})
			spoil(t, filepath.Join(folder, IndexFile))
			for range 2 {
				use(t, folder, func(h *History) {
					if got := ids(h.List(Filter{})); got != all {
						t.Errorf("%q, want %q", got, all)
					}
					if (h.Uncached != nil) != (name == "a folder") {
						t.Errorf("uncached: %v", h.Uncached)
					}
				})
			}
		})
	}
}

func overwrite(t *testing.T, path string, at int64, data []byte) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt(data, at); err != nil {
		t.Fatal(err)
	}
}

// TestAFolderThatCannotBeWritten: every run is read each time, and that is said.
func TestAFolderThatCannotBeWritten(t *testing.T) {
	folder := results(t)
	if err := os.Symlink("elsewhere", filepath.Join(folder, IndexFile)); err != nil {
		t.Fatal(err)
	}
	use(t, folder, func(h *History) {
		if got := ids(h.List(Filter{})); got != "a-1 a-2 a-3 beta/b-1 sim cut" || h.Uncached == nil {
			t.Errorf("%q, uncached: %v", got, h.Uncached)
		}
	})
	if _, err := os.Lstat(filepath.Join(folder, "elsewhere")); err == nil {
		t.Error("a link is written through")
	}
}

func TestManyAtOnce(t *testing.T) {
	folder := results(t)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			h, err := Open(context.Background(), folder)
			if err != nil {
				t.Error(err)
				return
			}
			if got := ids(h.List(Filter{})); got != "a-1 a-2 a-3 beta/b-1 sim cut" {
				t.Errorf("%q", got)
			}
		})
	}
	wg.Wait()
}

func TestNoFolder(t *testing.T) {
	if _, err := Open(t.Context(), filepath.Join(t.TempDir(), "none")); err == nil || !strings.Contains(err.Error(), "folder of results") {
		t.Errorf("error %v", err)
	}
}
