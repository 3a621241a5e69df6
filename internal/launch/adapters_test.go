package launch

import (
	"strings"
	"testing"
)

// TestAdapters holds what files of each kind start.
func TestAdapters(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"kubernetes, arguments of the image", `apiVersion: apps/v1
kind: Deployment
metadata: {name: x}
spec:
  template:
    spec:
      containers:
        - name: engine
          image: docker.io/vllm/vllm-openai:v0.21.0-ubuntu2404
          args: ["--model", "m", "--port", "$(PORT)"]
          env:
            - {name: A, value: "1"}
            - {name: B, valueFrom: {}}
        - image: nginx
          args: [--nonsense]
`, "10:19 vllm 0.21.0 --model@10:19 m@10:30 --port@10:35 ?@10:45 $A=1 $B=?\n"},
		{"kubernetes, a command, a role, a second document", `apiVersion: v1
kind: ConfigMap
---
apiVersion: x/v1
kind: Thing
metadata:
  name: engine-prefill
spec:
  pod:
    - image: lmsysorg/sglang:v0.5.12-cu130
      command: [python3, -m, sglang.launch_server]
      args: [--tp, "2"]
`, "prefill 11:17 sglang 0.5.12 --tp@12:14 2@12:21\n"},
		{"kubernetes, a shell", `apiVersion: v1
kind: Pod
spec:
  containers:
    - image: vllm/vllm-openai:v0.21.0
      command: ["/bin/sh", "-c"]
      args:
        - |
          echo start
          exec vllm serve m \
            --port {{ .Values.port }}
`, "10:16 vllm 0.21.0 m@10:27 --port@11:13 *@11:20\n"},
		{"kubernetes, two dollars are one", `apiVersion: v1
kind: Pod
spec:
  containers:
    - image: vllm/vllm-openai:v0.21.0
      args: ["m", "--chat-template", "$$(A)$$$(B)"]
`, "6:15 vllm 0.21.0 m@6:15 --chat-template@6:20 $(A)$?@6:39\n"},
		{"a script that writes mlrun's manifest", `#!/bin/bash
cat > m.yaml <<'END'
engine: {name: vllm, version: "0.21.0"}
kind: mlcfg/manifest
roles:
  - program: [vllm, serve]
    arguments:
      - {key: model, words: ["{path:/m}"]}
      - {key: nnodes, when: nodes, words: [--nnodes, "{nodes}"]}
      - words: [--port, "{port}"]
    environment: {A: "1"}
END
mlrun run m.yaml
`, "6:15 vllm 0.21.0 /m@8:31 --port@10:17 ?@10:26 $A=1\n"},
		{"compose", `services:
  decode:
    image: ${IMAGE:-vllm/vllm-openai:v0.27.1}
    command: >
      --model m
      --max-model-len ${LEN:-8192} --port ${PORT}
    environment:
      - A=1
      - B
  web:
    image: nginx
    command: --nonsense
`, "decode 5:7 vllm 0.27.1 --model@5:7 m@5:15 --max-model-len@6:7 8192@6:30 --port@6:36 *@6:43 $A=1 $B=?\n"},
		{"compose, an image that is told in part", `services:
  a: {image: "vllm/vllm-openai:nightly-${SHA}", command: [m]}
  b: {image: "${REGISTRY}/vllm/vllm-openai:v0.21.0", command: [m]}
  c: {image: "vllm/vllm-openai:v0.21.0${SUFFIX}", command: [m]}
  d: {image: "${IMAGE:?vllm}", command: [m]}
`, "2:59 vllm m@2:59\n3:64 vllm 0.21.0 m@3:64\n4:61 vllm m@4:61\n"},
		{"compose, a shell", `services:
  a:
    image: vllm/vllm-openai:latest
    entrypoint: ["bash", "-c", "exec vllm serve \"$$@\"", "--"]
    command: ["m", "--seed", "1"]
    environment: {X: 2}
`, "4:38 vllm m@5:16 --seed@5:21 1@5:31 $X=2\n"},
		{"compose, a default in a script that sets its own", `services:
  a:
    image: vllm/vllm-openai:v0.21.0
    entrypoint:
      - bash
      - -c
      - |
        n=4; a=
        case "$$OFF" in yes) n=0 ;; esac
        if [ "$$n" -gt 0 ]; then a="--x $$n"; fi
        exec vllm serve ${MODEL:-m} $$a
`, "11:14 vllm 0.21.0 m@11:34\n11:14 vllm 0.21.0 m@11:34 --x@10:37 4@8:11\n"},
		{
			"markdown", "# vllm\n\n```bash\nvllm serve <model> --port 80\n```\n\n- in a list\n\n  ```console\n  $ vllm serve m \\\n    --seed 1\n  INFO vllm serve --nonsense\n  ```\n\n```yaml\nservices:\n  a:\n    image: vllm/vllm-openai:v0.21.0\n    command: [--model, m]\n```\n\n```python\nvllm serve --nonsense\n```\n",
			"4:1 vllm *@4:12 --port@4:20 80@4:27\n10:5 vllm m@10:16 --seed@11:5 1@11:12\n19:15 vllm 0.21.0 --model@19:15 m@19:24\n",
		},
		{"srt-slurm, first schema", `name: x
model: {path: "hf:a/b", container: "lmsysorg/sglang:v0.5.12-cu130"}
resources: {prefill_nodes: 1}
frontend: {type: sglang}
backend:
  prefill_environment: {A: "1"}
  sglang_config:
    prefill:
      tp-size: "{tp}"
      disable_radix_cache: true
      enable-metrics: false
      cuda-graph-bs: [1, 2]
sweep: {tp: [1, 2]}
`, "prefill 9:7 sglang 0.5.12 --model-path@2:15 a/b@2:19 --cuda-graph-bs@12:7 1@12:23 2@12:26 --disable-radix-cache@10:7 --tp-size@9:7 ?@9:17 $A=1\n"},
		{"srt-slurm, second schema, declared release", `schema: 2
model: {path: /m, container: nvcr.io/nvidia/ai-dynamo/vllm-runtime:1.2.1}
identity: {frameworks: {vllm: "0.20.1"}}
engine: vllm
roles:
  agg:
    args: {max-num-seqs: 4, connector: nixl}
    env: {A: 1}
`, "aggregated 7:12 vllm 0.20.1 --model@2:15 /m@2:15 --max-num-seqs@7:12 4@7:26 --kv-transfer-config@7:40 {\"kv_connector\": \"NixlConnector\", \"kv_role\": \"kv_both\"}@7:40 $A=1\n"},
		{"srt-slurm, the engine's own server, a connector", `model: {path: /m, container: "vllm/vllm-openai:v0.21.0"}
resources: {}
frontend: {type: vllm}
backend: {type: vllm, connector: lmcache, vllm_config: {aggregated: {seed: 1}}}
`, "aggregated 4:70 vllm 0.21.0 --model@1:15 /m@1:15 --seed@4:70 1@4:76\n"},
		{"srt-slurm, a connector of a role", `model: {path: /m, container: x}
resources: {}
backend: {type: vllm, connector: lmcache, vllm_config: {aggregated: {connector: null, seed: 1}, decode: {seed: 2}}}
`, "aggregated 3:70 vllm --model@1:15 /m@1:15 --seed@3:87 1@3:93\n" +
			"decode 3:106 vllm --model@1:15 /m@1:15 --seed@3:106 2@3:112 --kv-transfer-config@3:34 {\"kv_connector\": \"LMCacheConnectorV1\", \"kv_role\": \"kv_both\"}@3:34\n"},
		{"srt-slurm, overrides", `base:
  model: {path: /m, container: x}
  resources: {}
  backend: {type: vllm, vllm_config: {aggregated: {seed: 1, max-num-seqs: 2}}}
override_a:
  backend: {vllm_config: {aggregated: {seed: null}}}
zip_override_b:
  backend: {vllm_config: {aggregated: {max-num-seqs: [8, 9]}}}
`, "aggregated 4:52 vllm --model@2:17 /m@2:17 --max-num-seqs@8:40 8@8:55 --seed@4:52 1@4:58 --kv-transfer-config@4:51 {\"kv_connector\": \"NixlConnector\", \"kv_role\": \"kv_both\"}@4:51\n" +
			"aggregated 4:52 vllm --model@2:17 /m@2:17 --max-num-seqs@8:40 9@8:58 --seed@4:52 1@4:58 --kv-transfer-config@4:51 {\"kv_connector\": \"NixlConnector\", \"kv_role\": \"kv_both\"}@4:51\n" +
			"aggregated 4:61 vllm --model@2:17 /m@2:17 --max-num-seqs@4:61 2@4:75 --kv-transfer-config@4:51 {\"kv_connector\": \"NixlConnector\", \"kv_role\": \"kv_both\"}@4:51\n"},
		{"recipe of a model", `model:
  model_id: a/b
  min_vllm_version: "0.21.0"
  base_args: [--trust-remote-code]
  base_env: {A: "1"}
features:
  tools: {args: ["--x", "y"]}
  spec: {args: [--spec]}
opt_in_features: [spec]
variants:
  default: {}
  fp8: {model_id: a/c, extra_args: [--q, fp8]}
hardware_overrides:
  amd: {extra_env: {B: "2"}}
`, "2:13 vllm 0.21.0 a/b@2:13 --trust-remote-code@4:15 --x@7:19 y@7:26 --tensor-parallel-size@2:13 ?@2:13 $A=1\n" +
			"2:13 vllm 0.21.0 a/b@2:13 --trust-remote-code@4:15 --x@7:19 y@7:26 --tensor-parallel-size@2:13 ?@2:13 $A=1 $B=2\n" +
			"2:13 vllm 0.21.0 a/b@2:13 --trust-remote-code@4:15 --spec@8:17 --tensor-parallel-size@2:13 ?@2:13 $A=1\n" +
			"12:19 vllm 0.21.0 a/c@12:19 --trust-remote-code@4:15 --q@12:37 fp8@12:42 --x@7:19 y@7:26 --tensor-parallel-size@12:19 ?@12:19 $A=1\n"},
		{"workload", `name: x
num_gpus: 8
vllm:
  model: a/b
  image: vllm/vllm-openai:v0.21.0
  env: {A: 1}
  serve_args: >-
    --max-model-len 32768
    --c '{"a": 1}'
lm_eval: {model_args: {max_length: 1}}
`, "4:10 vllm 0.21.0 a/b@4:10 --max-model-len@8:5 32768@8:21 --c@9:5 '{\"a\":@9:9 1}'@9:16 $A=1\n"},
		{"workload without an image", "vllm: {model: m, serve_args: --seed 1}\n", "1:15 vllm m@1:15 --seed@1:30 1@1:37\n"},
		{"scenario, commands", `scenario:
  - name: x
    common:
      model: {name: a/b, blockSize: 64}
      images: {vllm: {repository: docker.io/vllm/vllm-openai, tag: v0.21.0}}
    modelservice:
      prefill:
        extraEnvVars: [{name: A, value: "1"}]
        parallelism: {tensor: 2}
        vllm:
          customCommand: |
            ${accelerator.preamble}
            vllm serve m --block-size $VLLM_BLOCK_SIZE \
              --tensor-parallel-size $TP_SIZE ${accelerator.args} --own $OUT
      decode:
        vllm: {customCommand: exec vllm serve m}
`, "prefill 13:13 vllm 0.21.0 m@13:24 --block-size@13:26 64@4:37 --tensor-parallel-size@14:15 2@9:31 *@14:47 --own@14:67 *@14:73 $A=1\n" +
			"decode 16:36 vllm 0.21.0 m@16:47\n"},
		{"scenario, keys", `scenario:
  - model: {name: a/b, maxModelLen: 4096, gpuMemoryUtilization: 0.9}
    vllmCommon: {flags: {enforceEager: true, noPrefixCaching: false}, kvTransfer: {enabled: true}}
    standalone:
      enabled: false
    prefill: {vllm: {modelCommand: imageDefault}}
    decode:
        parallelism: {tensor: 0}
        vllm: {additionalFlags: ["--seed 1"]}
`, "decode 8:9 vllm a/b@2:19 --max-model-len@2:37 4096@2:37 --gpu-memory-utilization@2:65 0.9@2:65 --enforce-eager@3:40 --seed@9:35 1@9:42 --kv-transfer-config@3:83 ?@3:83\n"},
		{"scenario of another program", "scenario:\n  - model: {name: m}\n    images: {vllm: {repository: llm-d-sim, tag: v1}}\n    modelservice: {decode: {replicas: 1}}\n", ""},
		{"values of a chart", `servingEngineSpec:
  env: [{name: A, value: "1"}]
  modelSpec:
    - name: x
      repository: vllm/vllm-openai
      tag: v0.21.0
      modelURL: a/b
      enableTool: true
      toolCallParser: hermes
      vllmConfig:
        enableChunkedPrefill: false
        maxModelLen: 4096
        extraArgs: ["--seed", "1"]
      env: [{name: B, value: "2"}]
    - {modelURL: c, enabled: false}
    - {modelURL: d, repository: x, tag: y, vllmConfig: {enablePrefixCaching: true}, lmcacheConfig: {enabled: true}}
`, "7:17 vllm 0.21.0 a/b@7:17 --enable-auto-tool-choice@8:19 --tool-call-parser@9:23 hermes@9:23 --no-enable-chunked-prefill@11:31 --no-enable-prefix-caching@11:9 --max-model-len@12:22 4096@12:22 --seed@13:22 1@13:32 $A=1 $B=2\n" +
			"16:18 vllm d@16:18 --enable-prefix-caching@16:78 --kv-transfer-config@16:110 ?@16:110 $A=1\n"},
		{"dockerfile", `# the server
ARG VERSION=v0.21.0
FROM vllm/vllm-openai:${VERSION} AS base
ENV A=1 B="x y"
ENV C 3
CMD ["--model", "m", \
     "--seed", "1"]

FROM base
ENTRYPOINT ["env", "vllm", "serve", "m"]
`, "6:7 vllm 0.21.0 --model@6:7 m@6:18 --seed@7:7 1@7:17 $A=1 $B=x y $C=3\n10:21 vllm 0.21.0 m@10:38 $A=1 $B=x y $C=3\n"},
		{"dockerfile, a shell and what it installs", `FROM python:3.12
ARG RELEASE=0.27.1
RUN apt-get update && \
    # the engine
    pip install vllm==$RELEASE
RUN <<END
vllm serve nothing
END
CMD vllm serve m --port $PORT
`, "9:5 vllm 0.27.1 m@9:16 --port@9:18 *@9:25\n"},
		{"dockerfile of another program", "FROM x\nRUN pip install vllm\nENTRYPOINT [\"vllm-router\", \"--x\"]\n", ""},
		{"recipe of another program", "meta: {tasks: [omni]}\nmodel: {model_id: m, base_args: [--omni]}\nvariants: {}\n", ""},
		{"a manifest without an engine", "apiVersion: v1\nkind: Pod\nspec: {containers: [{image: sglang-router, args: [--policy, x]}]}\n", ""},
		{"a manifest in a script", "#!/bin/sh\nkubectl apply -f - <<EOF\napiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: vllm/vllm-openai:v0.21.0\n    args: [--model, $M]\nEOF\n", "8:12 vllm 0.21.0 --model@8:12 ?@8:21\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got strings.Builder
			for _, l := range Read(NewFile("x", []byte(tt.text))) {
				if l.Role != Whole {
					got.WriteString(string(l.Role) + " ")
				}
				got.WriteString(show([]Launch{l}))
			}
			if got.String() != tt.want {
				t.Errorf("gives\n%swant\n%s", got.String(), tt.want)
			}
		})
	}
}
