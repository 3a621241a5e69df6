#!/usr/bin/env bash
# Many overlays on both backends: lint, compile and diff, beside parsing the same YAML alone,
# cue vet and OmegaConf (into .peers, where they can be installed). The numbers of the overlays
# are drawn, by a seed, from those of FROM: the real configuration beside the repository where
# it is there, or else the example. compile writes and syncs each manifest; check --all compiles
# for both backends and compares with what is there. diff reads twice as many overlays. Ratios of processor time are to parsing alone.
set -euo pipefail
cd "$(dirname "$0")/.."
count=${COUNT:-1000} runs=${N:-5} from=${FROM:-../shared/corpus}
[ -f "$from/config.yaml" ] || from=examples
peers=$PWD/.peers
mkdir -p "$peers"
go build -o "$peers/process" ./tools/bench/process
go build -o "$peers/overlays" ./tools/bench/overlays
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$peers/overlays" generate -from "$from" -n "$count" -seed 1 -out "$work/a"
"$peers/overlays" generate -from "$from" -n "$count" -seed 2 -out "$work/b"
mlcfg="$PWD/bin/mlcfg"
releases="--engine-version vllm=0.10.0 --engine-version sglang=0.5.9 --round v5.1 --project none"
cd "$work"
files=$(echo a/models/*/*.yaml)
"$mlcfg" compile --all --base a/config.yaml $releases 2> compile-all.log || { tail -3 compile-all.log; exit 1; }
commands=(
  "yaml.v3-parse=$peers/overlays parse $files"
  "mlcfg-lint=$mlcfg lint $releases $files"
  "mlcfg-lint-infer=$mlcfg lint --project none $files"
  "mlcfg-compile-vllm=$mlcfg compile $releases --backend vllm -o out/ $files"
  "mlcfg-check-all=$mlcfg check --all --base a/config.yaml $releases"
  "mlcfg-diff=$mlcfg diff $releases a/models b/models"
)
if [ -x "$peers/cue" ] || GOBIN=$peers go install cuelang.org/go/cmd/cue@v0.17.1; then
  "$peers/overlays" cue -schemas "$OLDPWD/schema" -engine vllm=0.10.0 -engine sglang=0.5.9 > schema.cue
  commands+=("cue-vet=$peers/cue vet schema.cue $files")
else
  echo "SKIPPED: cue cannot be installed"
fi
if [ -x "$peers/omegaconf/bin/python" ] || { python3 -m venv "$peers/omegaconf" && "$peers/omegaconf/bin/pip" -q install omegaconf==2.3.0; }; then
  cp "$OLDPWD/tools/bench/overlays/merge.py" .
  commands+=("omegaconf-merge=$peers/omegaconf/bin/python merge.py a/config.yaml $files")
else
  echo "SKIPPED: OmegaConf cannot be installed"
fi
echo "$count overlays from $from, $(du -cb $files | tail -1 | cut -f1) bytes, $(nproc) cores"
"$peers/process" -n "$runs" -status 1 "${commands[@]}"
