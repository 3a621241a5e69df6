#!/usr/bin/env bash
# Compares what is built from the working tree with what an earlier commit builds, on this
# machine, in turns, and fails where anything takes more than LIMIT times the processor time:
#   scripts/bench-guard.sh [COMMIT]      the last tag where none is named
# RUNS is how many pairs are measured (9), COUNT how many overlays are worked on (300). Both
# builds are those of make build. Exit status: 0 as fast, 1 slower, 2 it could not be measured.
set -euo pipefail
cd "$(dirname "$0")/.."
commit=${1:-$(git describe --tags --abbrev=0 2>/dev/null || true)}
[ -n "$commit" ] || { echo "bench-guard: there is no tag; name a commit: make bench-guard BASE=COMMIT" >&2; exit 2; }
runs=${RUNS:-9} count=${COUNT:-300} limit=${LIMIT:-1.10}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
{
  mkdir "$work/src"
  git archive "$commit" | tar -x -C "$work/src"
  make -s -C "$work/src" build VERSION="$commit"
  make -s build
  go build -o "$work/process" ./tools/bench/process
  go build -o "$work/overlays" ./tools/bench/overlays
  go run ./tools/bench/records -n 100000 -out "$work/run"
  "$work/overlays" generate -from examples -n "$count" -seed 1 -out "$work/a"
  "$work/overlays" generate -from examples -n "$count" -seed 2 -out "$work/b"
} >&2 || { echo "bench-guard: it cannot be built" >&2; exit 2; }
before=$work/src/bin after=$PWD/bin
releases="--engine-version vllm=0.10.0 --engine-version sglang=0.5.9 --round v5.1 --project none"
cd "$work"
files=$(echo a/models/*/*.yaml)
one=${files%% *}
# Each build checks manifests that it wrote itself: their form may have changed.
for side in before after; do
  mkdir "$side" && cp -r a "$side/"
  (cd "$side" && "${!side}/mlcfg" compile --all --base a/config.yaml $releases 2> log) || { tail -3 "$side/log" >&2; exit 2; }
done
pairs=()
pair() { # NAME COMMAND, with BIN and SIDE for the builds' own
  local text=$2
  pairs+=("$1 before=${text//BIN/$before}" "$1=${text//BIN/$after}")
  pairs[-2]=${pairs[-2]//SIDE/before} pairs[-1]=${pairs[-1]//SIDE/after}
}
pair "mlcfg --version" "BIN/mlcfg --version"
pair "mlrun --version" "BIN/mlrun --version"
pair "lint of one" "BIN/mlcfg lint $releases $one"
pair "lint of $count" "BIN/mlcfg lint $releases $files"
pair "compile of $count" "BIN/mlcfg compile $releases --backend vllm -o SIDE/out/ $files"
pair "check --all" "env -C SIDE BIN/mlcfg check --all --base a/config.yaml $releases"
pair "diff of $count" "BIN/mlcfg diff $releases a/models b/models"
# A build of before may be too old to read what is recorded today.
if "$before/mlrun" verify run > read.log 2>&1 || [ $? = 1 ]; then
  pair "report of 100,000" "BIN/mlrun report --format json run"
  pair "verify of 100,000" "BIN/mlrun verify run"
fi
./process -n "$runs" -status 1 -limit "$limit" "${pairs[@]}"
