package launch

import (
	"strings"
	"testing"

	"mlcfg/schema"
)

// fuzzAdapter holds that no text makes an adapter panic, nor what reads the words that it makes,
// and that each word stands in the file. The seeds have to be files of its kind.
func fuzzAdapter(f *testing.F, a *Adapter, seeds ...string) {
	f.Helper()
	for _, seed := range seeds {
		file := NewFile("x", []byte(seed))
		file.kinds = adapters
		if !a.Claims(file) || len(a.Read(file)) == 0 {
			f.Errorf("%s reads nothing of\n%s", a.Name, seed)
		}
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		file := NewFile("x", []byte(text))
		file.kinds = adapters
		if !a.Claims(file) {
			return
		}
		lines := strings.Count(text, "\n") + 2
		for _, l := range a.Read(file) {
			for _, w := range l.Words {
				if at := w.Pos(); at.File != "x" || at.Line < 1 || at.Line > lines || at.Column < 1 {
					t.Errorf("%q stands at %v", w.Text, at)
				}
			}
			for _, v := range l.Variables {
				if v.Pos.Line < 1 || v.Pos.Line > lines {
					t.Errorf("%s stands at %v", v.Name, v.Pos)
				}
			}
			releases := schema.Releases(l.Backend.Engine)
			l.Line(load(t, l.Backend.Engine, releases[len(releases)-1]))
		}
	})
}

func FuzzKubernetes(f *testing.F) {
	fuzzAdapter(f, &kubernetesManifest,
		"apiVersion: v1\nkind: Pod\nspec: {a: [{image: vllm/vllm-openai:v0.9.0, args: [x, '$(Y)']}]}\n",
		"apiVersion: v1\nkind: Pod\nspec:\n  decode:\n  - command: [sh, -c, 'vllm serve m --port {{ .Values.port }}']\n    env: [{name: A, value: 1}, {name: B}]\n")
}

func FuzzCompose(f *testing.F) {
	fuzzAdapter(f, &composeFile,
		"services: {a: {image: '${X:-vllm/vllm-openai}', command: '--a ${B:-${C}} $$D', environment: [E=1, F]}}\n",
		"services:\n  a:\n    entrypoint: [bash, -c, 'exec vllm serve \"$$@\"', --]\n    command: [m, --seed, '1']\n    environment: {X: 2}\n")
}

func FuzzMarkdown(f *testing.F) {
	fuzzAdapter(f, &markdownPage,
		"# vllm\n\n```sh\n$ vllm serve <m> \\\n --a\n```\n~~~yaml\nservices: {}\n~~~\n",
		"vllm\n```yaml\nservices: {a: {image: vllm/vllm-openai, command: [m]}}\n```\n")
}

func FuzzSRT(f *testing.F) {
	fuzzAdapter(f, &srtRecipe,
		"base: {model: {container: x}, resources: {}, backend: {sglang_config: {prefill: {a: [1], b: {c: 1}}}}}\nzip_override_a: {backend: {x: [1, 2]}}\noverride_b: {environment: null}\n",
		"schema: 2\nmodel: {path: 'hf:a/b', container: x}\nengine: {type: vllm}\nroles: {agg: {args: {seed: '{s}', c: true}, env: {A: 1}}}\n")
}

func FuzzModelRecipe(f *testing.F) {
	fuzzAdapter(f, &modelRecipe,
		"model: {model_id: m, base_args: [a]}\nvariants: {a: {extra_args: [b], hardware_overrides: {x: {extra_env: {C: d}}}}}\nfeatures: {f: {args: [e]}}\nopt_in_features: [f]\n")
}

func FuzzWorkload(f *testing.F) {
	fuzzAdapter(f, &workload,
		"vllm:\n  model: m\n  image: vllm/vllm-openai:v0.9.0\n  env: {A: 1}\n  serve_args: >-\n    --seed 1\n    --c '{}'\nnum_gpus: 8\n")
}

func FuzzScenario(f *testing.F) {
	fuzzAdapter(f, &benchmarkScenario,
		"scenario:\n- model: {name: m, blockSize: 16}\n  modelservice: {decode: {vllm: {additionalFlags: ['--seed 1']}}}\n",
		"scenario:\n- standalone:\n    vllm:\n      customCommand: |\n        ${a.b}\n        vllm serve m ${c.d} --x $VLLM_BLOCK_SIZE\n    extraEnvVars: [{name: A, value: b}]\n")
}

func FuzzHelmValues(f *testing.F) {
	fuzzAdapter(f, &helmValues,
		"servingEngineSpec:\n  env: [{name: A, value: b}]\n  modelSpec:\n  - modelURL: m\n    repository: vllm/vllm-openai\n    tag: v0.9.0\n    vllmConfig: {maxModelLen: 1, extraArgs: [--seed, '1']}\n    lmcacheConfig: {enabled: true}\n")
}

func FuzzDockerfile(f *testing.F) {
	fuzzAdapter(f, &dockerfile,
		"ARG V=v0.9.0\nFROM vllm/vllm-openai:$V AS a\nENV A=1 B='x y'\nCMD [\"m\", \\\n \"--seed\"]\nFROM a\nENTRYPOINT vllm serve ${A} --x\n",
		"FROM x\nRUN pip install vllm==0.9.0\nRUN <<E\nE\nENV A b\nENTRYPOINT [\"vllm\", \"serve\", \"m\"]\n")
}
