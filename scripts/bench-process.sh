#!/usr/bin/env bash
# One lint of one overlay on both backends as a process, beside cue vet and
# OmegaConf where they can be installed (into .peers), and the allocations of the same in-process.
set -euo pipefail
cd "$(dirname "$0")/.."
peers=$PWD/.peers
mkdir -p "$peers"
go build -o "$peers/process" ./tools/bench/process
mkdir -p "$peers/empty"
printf 'package main\n\nfunc main() {}\n' > "$peers/empty/main.go"
CGO_ENABLED=0 go build -ldflags '-s -w' -o "$peers/empty/empty" "$peers/empty/main.go"
overlay=examples/models/llama2-70b/server_alpha.yaml
lint="lint $overlay --engine-version vllm=0.9.2 --engine-version sglang=0.4.9 --round v5.1 --map /conf=examples/conf"
commands=(
  "empty-program=$peers/empty/empty"
  "mlcfg-version=bin/mlcfg --version"
  "mlcfg-lint=bin/mlcfg $lint"
  "mlcfg-cue-lint=bin/mlcfg-cue $lint"
  "mlrun-version=bin/mlrun --version"
)
if [ -x "$peers/cue" ] || GOBIN=$peers go install cuelang.org/go/cmd/cue@v0.17.1; then
  commands+=("cue-vet=$peers/cue vet tools/bench/process/overlay.cue $overlay")
else
  echo "SKIPPED: cue cannot be installed"
fi
if [ -x "$peers/omegaconf/bin/python" ] || { python3 -m venv "$peers/omegaconf" && "$peers/omegaconf/bin/pip" -q install omegaconf==2.3.0; }; then
  commands+=("omegaconf-merge=$peers/omegaconf/bin/python tools/bench/process/merge.py examples/config.yaml $overlay")
else
  echo "SKIPPED: OmegaConf cannot be installed"
fi
"$peers/process" -n "${N:-40}" "${commands[@]}"
echo
go test ./internal/compile -run xxx -bench . -benchmem | grep '^Benchmark'
