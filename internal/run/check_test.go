package run

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mlcfg/internal/backend"
	"mlcfg/internal/dataset"
	"mlcfg/internal/engine"
	"mlcfg/internal/loadgen"
	"mlcfg/internal/manifest"
)

// planned is a plan of llama2-70b with the benchmark's own model and data set.
func planned(harness map[string]any) *Plan {
	usual := benchmarkResources["llama2-70b"]
	b, _ := backend.Of("vllm")
	return &Plan{
		Benchmark: "llama2-70b",
		Engine:    &engine.Plan{Model: usual.models[0], Facts: b},
		Data:      Data{Path: usual.data, File: usual.data},
		Manifest:  &manifest.Manifest{EngineConfig: map[string]any{"model": usual.models[0]}, HarnessConfig: harness},
	}
}

func texts(list []Finding) string {
	var b strings.Builder
	for _, f := range list {
		b.WriteString(f.Text + "\n")
	}
	return b.String()
}

func TestCheckResources(t *testing.T) {
	dir := t.TempDir()
	file := func(name string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("content"), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	data := file("data.pkl")
	file("model-00001-of-00002.safetensors")
	usual := benchmarkResources["llama2-70b"]
	digests := func(model, data string) digestOf {
		return func(_ context.Context, path, algorithm string) (string, bool, error) {
			if algorithm != "md5" {
				return "", false, errors.New(algorithm)
			}
			if strings.HasSuffix(path, ".pkl") {
				return data, false, nil
			}
			return model, false, nil
		}
	}
	right := digests(usual.modelMD5[1], usual.dataMD5)
	for _, c := range []struct {
		name   string
		change func(*Plan)
		digest digestOf
		want   []string
	}{
		{"as the benchmark has them", nil, right, nil},
		{"another model at the usual path", nil, digests("00", usual.dataMD5), []string{"model-00001-of-00002.safetensors has MD5 00, that of llama2-70b is " + strings.Join(usual.modelMD5, " or ")}},
		{"another data set at the usual path", nil, digests(usual.modelMD5[0], "00"), []string{"data.pkl has MD5 00, that of llama2-70b is " + usual.dataMD5}},
		{
			"other paths", func(p *Plan) { p.Manifest.EngineConfig["model"], p.Data.Path = "/mine", "/mine.pkl" }, right,
			[]string{"the model is /mine, that of llama2-70b is " + strings.Join(usual.models, " or "), "the data set is /mine.pkl, that of llama2-70b is " + usual.data},
		},
		{
			"an unreadable file", nil, func(context.Context, string, string) (string, bool, error) {
				return "", false, errors.New("input/output error")
			},
			[]string{"cannot be made: input/output error", "cannot be made: input/output error"},
		},
		{"files that are not there", func(p *Plan) { p.Engine.Model, p.Data.File = "/none", "/none" }, digests("00", "00"), nil},
		{"folders instead of files", func(p *Plan) { p.Data.File = dir }, digests(usual.modelMD5[0], "00"), nil},
		{"a worker node", func(p *Plan) { p.Data.Path, p.Engine.Node = "/mine.pkl", &engine.Node{Index: 2, Count: 2} }, right, nil},
		{"an engine that runs already", func(p *Plan) { p.Engine.External, p.Manifest.EngineConfig["model"] = true, "/mine" }, right, nil},
		{"a simulated engine", func(p *Plan) { p.Engine.Simulated = true }, digests("00", "00"), nil},
		{"no benchmark's", func(p *Plan) { p.Benchmark = "tiny" }, digests("00", "00"), nil},
		{"left out", func(p *Plan) { p.NoResourceCheck = true }, digests("00", "00"), nil},
	} {
		for _, abort := range []bool{false, true} {
			p := planned(map[string]any{"resource_checker_abort_on_failure": abort})
			p.Engine.Model, p.Data.File = dir, data
			if c.change != nil {
				c.change(p)
			}
			got := p.checkResources(context.Background(), c.digest)
			if len(got) != len(c.want) {
				t.Errorf("%s: %q, want %q", c.name, texts(got), c.want)
				continue
			}
			for i, f := range got {
				if !strings.Contains(f.Text, c.want[i]) || !f.Invalid || f.Fatal != abort {
					t.Errorf("%s, abort %v: %+v, want %s", c.name, abort, f, c.want[i])
				}
			}
		}
	}
}

func TestCheckDeclared(t *testing.T) {
	dir := t.TempDir()
	data, shard := filepath.Join(dir, "data.jsonl"), filepath.Join(dir, "model.safetensors")
	for _, name := range []string{data, shard} {
		if err := os.WriteFile(name, []byte("abc"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	// The published digests of the text abc.
	const md5, sha = "md5:900150983cd24fb0d6963f7d28e17f72", "sha256:BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"
	for _, c := range []struct {
		key, declared, want string
	}{
		{"dataset_digest", md5, ""},
		{"dataset_digest", sha, ""},
		{"model_digest", sha, ""},
		{"dataset_digest", "md5:00", "harness_config.dataset_digest: the data set " + data + " has md5:900150983cd24fb0d6963f7d28e17f72, declared is md5:00"},
		{"model_digest", "sha256:00", "harness_config.model_digest: the model's first file " + shard + " has sha256:ba7816bf"},
		{"dataset_digest", "crc:00", `digest "crc" is not known`},
		{"dataset_digest", "00", `"00" is no digest; want sha256:HEX or md5:HEX`},
	} {
		p := planned(map[string]any{c.key: c.declared})
		p.Data.File, p.Engine.Model = data, dir
		got := p.checkDeclared(context.Background(), dataset.Digest)
		if c.want == "" && len(got) > 0 || c.want != "" && (len(got) != 1 || !got[0].Fatal || !strings.Contains(got[0].Text, c.want)) {
			t.Errorf("%s %s: %+v, want %s", c.key, c.declared, got, c.want)
		}
	}
	for name, c := range map[string]struct {
		model, data string
		worker      bool
		want        []string
	}{
		"a model in one file":        {shard, data, false, []string{"the data set " + data + " has md5:", "the model " + shard + " has md5:"}},
		"files that are not there":   {"/none", "/none", false, []string{"there is no file to compare it with: the model's first file"}},
		"a data set that is not":     {shard, "/none", false, []string{"the model " + shard + " has md5:"}},
		"a worker, which reads none": {shard, data, true, []string{"the model " + shard + " has md5:"}},
	} {
		p := planned(map[string]any{"dataset_digest": "md5:00", "model_digest": "md5:00"})
		p.Engine.Model, p.Data.File = c.model, c.data
		if c.worker {
			p.Engine.Node = &engine.Node{Index: 2, Count: 2}
		}
		got := p.checkDeclared(context.Background(), dataset.Digest)
		if !slices.EqualFunc(got, c.want, func(f Finding, want string) bool { return f.Fatal && strings.Contains(f.Text, want) }) {
			t.Errorf("%s: %+v, want %q", name, got, c.want)
		}
		p.NoResourceCheck = true // which says nothing of digests that are declared
		if all := p.Check(context.Background()); !strings.Contains(texts(all), c.want[0]) {
			t.Errorf("%s: not checked before a run: %+v", name, all)
		}
	}
	p := planned(map[string]any{"dataset_digest": "md5:00", "model_digest": "md5:00"})
	p.Data.Synthetic, p.Engine.Simulated = true, true
	if got := p.checkDeclared(context.Background(), dataset.Digest); len(got) > 0 {
		t.Errorf("what is made up is compared: %+v", got)
	}
	p.Engine.Simulated, p.Engine.External = false, true // whose model is not here
	if got := p.checkDeclared(context.Background(), dataset.Digest); len(got) > 0 {
		t.Errorf("the model of engines that run already is compared: %+v", got)
	}
	p = planned(map[string]any{"model_digest": "md5:00"})
	p.Engine.Model = t.TempDir()
	if got := p.checkDeclared(context.Background(), dataset.Digest); len(got) != 1 || !strings.Contains(got[0].Text, "no file to compare") {
		t.Errorf("%+v", got)
	}
}

func TestCheckHere(t *testing.T) {
	dir := t.TempDir()
	script := filepath.Join(dir, "power.sh")
	if err := os.WriteFile(script, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	space := func(n uint64) engine.Host {
		return engine.Host{FreeSpace: func(asked string) (uint64, error) {
			if asked != dir {
				return 0, errors.New("asked for " + asked)
			}
			return n, nil
		}}
	}
	for _, c := range []struct {
		name   string
		change func(*Plan)
		want   string
	}{
		{"all there", func(*Plan) {}, ""},
		{"no data set", func(p *Plan) { p.Data.missing = fs.ErrNotExist }, "the data set is not there: file does not exist"},
		{"no power script", func(p *Plan) { p.PowerScript = filepath.Join(dir, "none") }, "the power script is not there"},
		{"a power script that is no program", func(p *Plan) { p.PowerScript = script }, "power.sh is not executable"},
		{"a full disk", func(p *Plan) { p.host = space(1 << 20) }, "has 1 MiB free, the run may write 64 MiB"},
		{"too few files", func(p *Plan) {
			p.settings.Scenario, p.Concurrency, p.Engine.Replicas = loadgen.Offline, 512, make([]engine.Replica, 2)
			p.host.OpenFiles = func() (uint64, error) { return 1023, nil }
		}, "may have 1023 files and connections open, the run needs 1068: 512 connections to each of 2 replicas"},
		{"files enough", func(p *Plan) {
			p.settings.Scenario, p.Concurrency, p.Engine.Replicas = loadgen.Offline, 512, make([]engine.Replica, 1)
			p.host.OpenFiles = func() (uint64, error) { return 1024, nil }
		}, ""},
		{"a disk too small for the samples", func(p *Plan) { p.host, p.Samples = space(128<<20), 1<<20 }, "has 128 MiB free, the run may write 1088 MiB"},
	} {
		p := planned(nil)
		p.host, p.results = space(1<<40), filepath.Join(dir, "runs", "one")
		c.change(p)
		got := p.checkHere()
		if c.want == "" && len(got) > 0 || c.want != "" && (len(got) != 1 || !got[0].Fatal || !strings.Contains(got[0].Text, c.want)) {
			t.Errorf("%s: %+v, want %s", c.name, got, c.want)
		}
	}
}

// Force starts in spite of everything but missing samples.
func TestForce(t *testing.T) {
	p := planned(nil)
	p.Engine.Simulated, p.Force, p.PowerScript = true, true, "/none"
	if got := p.Check(context.Background()); len(got) != 1 || got[0].Fatal || !got[0].Invalid {
		t.Errorf("%+v", got)
	}
	p.Data.missing = fs.ErrNotExist
	if got := p.Check(context.Background()); !slices.ContainsFunc(got, func(f Finding) bool { return f.Fatal }) {
		t.Errorf("%+v", got)
	}
}
