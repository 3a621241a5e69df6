package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"mlcfg/internal/backend"
	"mlcfg/internal/compile"
	"mlcfg/internal/config"
	"mlcfg/internal/diag"
	"mlcfg/internal/manifest"
)

// model is the folder that configurations name; nothing is read from it.
const model = "/models/m"

// compiler compiles configurations that set one thing each.
type compiler struct {
	backend  *backend.Backend
	overlay  string
	project  *config.Project
	compiler *compile.Compiler
}

// newCompiler makes a compiler and what removes its files. samples are the data set's
// lines, a text's where empty.
func newCompiler(e *release, samples string) (*compiler, func(), error) {
	b, _ := backend.Of(e.Engine)
	dir, err := os.MkdirTemp("", "exact-*")
	if err != nil {
		return nil, nil, err
	}
	remove := func() { os.RemoveAll(dir) }
	files := map[string]string{
		"prompts.jsonl": cmp.Or(samples, `{"input": "one"}`+"\n"),
		"user.conf":     "*.Offline.target_qps = 1\n",
		"config.yaml": fmt.Sprintf(`benchmark_name: llama2-70b
scenario: offline
test_mode: performance
engine_version: async
harness_config:
  device_count: 1344
  output_log_dir: %[1]s/logs
  dataset_path: %[1]s/prompts.jsonl
  user_conf_path: %[1]s/user.conf
%[2]s:
  %[3]s: %[4]s
`, dir, b.EngineSection(), b.Model, model),
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			remove()
			return nil, nil, err
		}
	}
	return &compiler{
		backend: b, overlay: filepath.Join(dir, "overlay.yaml"),
		project:  config.New(config.Options{Base: filepath.Join(dir, "config.yaml")}),
		compiler: compile.New(compile.Options{Backends: []string{b.Name}, Releases: map[string]string{b.Engine: e.Release}}),
	}, remove, nil
}

// compile compiles a configuration with one key set. m is nil where there are errors;
// said are the findings on the key, and code is that of the first error, on whatever.
func (c *compiler) compile(section, key, value string) (m *manifest.Manifest, said, code string, err error) {
	overlay := fmt.Sprintf("%s:\n  %s: %s\n", section, key, value)
	if section != c.backend.EngineSection() { // an overlay is for the backends that it has a section of
		overlay += fmt.Sprintf("%s:\n  %s: %s\n", c.backend.EngineSection(), c.backend.Model, model)
	}
	loaded, err := c.project.LoadText(c.overlay, []byte(overlay))
	if err != nil {
		return nil, "", "", err
	}
	out := c.compiler.Check(loaded)
	var lines []string
	for _, d := range out.Found {
		if d.Severity == diag.Error && code == "" {
			code = d.Code
		}
		if d.Severity == diag.Error || d.Key == section+"."+key || strings.HasPrefix(d.Key, section+"."+key+".") {
			lines = append(lines, d.Message)
		}
	}
	said = strings.Join(lines, "; ")
	if code != "" || len(out.Targets) == 0 {
		return nil, said, code, out.Err
	}
	return out.Targets[0].Manifest, said, "", out.Err
}
