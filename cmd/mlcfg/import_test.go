package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mlcfg/internal/diag"
	"mlcfg/internal/launch"
	"mlcfg/internal/manifest"
	"mlcfg/schema"
)

// TestImport: what is imported and compiled starts the engine with the same flags and values.
func TestImport(t *testing.T) {
	for _, tt := range []struct{ name, script string }{
		{"plain", "# mlcfg: engine=vllm=0.27.1\nvllm serve /models/a -tp 4 --max-model-len 8k --no-enable-prefix-caching --port 9000\n"},
		{"json", "# mlcfg: engine=vllm=0.27.1\nexport VLLM_LOGGING_LEVEL=DEBUG\nvllm serve --model m --kv-transfer-config '{\"kv_connector\": \"NixlConnector\", \"kv_role\": \"kv_both\"}' -cc.mode=3 -cc.cudagraph_capture_sizes='[1, 2]'\n"},
		{"lists", "# mlcfg: engine=vllm=0.27.1\nvllm serve m --cudagraph-capture-sizes 1 2 4 --served-model-name a --trust-remote-code --quantization fp8 --gpu-memory-utilization .9\n"},
		{"sglang", "# mlcfg: engine=sglang=0.5.23\npython3 -m sglang.launch_server --model-path /m --tp 2 --mem-frac 0.8 --cuda-graph-bs-decode 1 2 4 --context-length 8Ki --enable-metrics\n"},
		{"older", "# mlcfg: engine=vllm=0.9.2\nvllm serve /m -O3 --swap-space 2 --disable-log-requests\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			script := filepath.Join(t.TempDir(), "serve.sh")
			for name, text := range map[string]string{script: "#!/bin/bash\n" + tt.script, "user.conf": "*.Offline.target_qps = 5\n", "data.jsonl": "{\"tok_input\": [1]}\n"} {
				if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			run := func(want int, args ...string) string {
				var out, said bytes.Buffer
				a := &app{stdin: strings.NewReader(""), stdout: &out, stderr: &said, getenv: func(string) string { return "" }}
				if got := a.run(append([]string{"mlcfg"}, args...)); got != want {
					t.Fatalf("mlcfg %v: status %d\n%s%s", args, got, out.String(), said.String())
				}
				return out.String()
			}
			launches := launch.Read(launch.NewFile(script, read(t, script)))
			if len(launches) != 1 {
				t.Fatalf("%d launches", len(launches))
			}
			l := &launches[0]
			version := l.Backend.Engine + "=" + l.Release.Number
			run(0, "import", "--benchmark", "llama2-70b", "-o", "models/a/offline_x.yaml", script)
			run(0, "compile", "models/a/offline_x.yaml", "--backend", l.Backend.Name, "--engine-version", version, "--set", "harness_config.dataset_path=data.jsonl", "--set", "harness_config.user_conf_path=user.conf", "-o", "m.yaml")
			m, err := manifest.Decode("m.yaml", read(t, "m.yaml"))
			if err != nil {
				t.Fatal(err)
			}
			s, err := schema.Load(l.Backend.Engine, l.Release.Number)
			if err != nil {
				t.Fatal(err)
			}
			var said []string
			for _, a := range m.Roles[0].Arguments {
				if a.When == "" {
					said = append(said, a.Words...)
				}
			}
			said = append(slices.Clone(m.Roles[0].Program), said...)
			var words []launch.Word
			for _, w := range said {
				w, err := manifest.Fill(w, func(p manifest.Place) (string, error) { return p.Arg, nil })
				if err != nil {
					t.Fatal(err)
				}
				words = append(words, launch.NewWord(w, diag.Pos{File: "m", Line: 1, Column: 1}))
			}
			compiled, ok := launch.Command(words)
			if !ok {
				t.Fatalf("no command: %q", said)
			}
			want, got := meaning(l, s), meaning(&compiled, s)
			if n, isInt := want["compilation_config"].(int64); isInt {
				want["compilation_config"] = map[string]any{"level": n} // what -O3 stands for
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-file +manifest) %s\n%q", diff, said)
			}
			for _, v := range l.Variables {
				if m.EnvConfig[v.Name] != v.Value.Text {
					t.Errorf("%s is %q, not %q", v.Name, m.EnvConfig[v.Name], v.Value.Text)
				}
			}
		})
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// meaning are the arguments of a launch by key, without those that mlrun sets itself.
func meaning(l *launch.Launch, s *schema.Schema) map[string]any {
	all := map[string]any{}
	for _, a := range l.Line(s).Arguments {
		name := a.Key.Name
		if a.Flag == "" {
			name = l.Backend.Model
		}
		if a.Value == nil || name == "host" || name == "port" || l.Backend.Kept[name].Value != nil {
			continue
		}
		value := a.Value.Interface()
		if m, ok := value.(map[string]any); ok && a.Inside != "" {
			if old, ok := all[name].(map[string]any); ok {
				for key, inner := range m {
					old[key] = inner
				}
				continue
			}
		}
		all[name] = value
	}
	return all
}
