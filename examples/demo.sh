#!/usr/bin/env bash
# Compiles the example configuration for both machines and backends, then runs
# its offline and server scenarios on the simulated engine.
#   DEMO_OUT            where to write (default demo-runs)
#   DEMO_COMPILE_ONLY   set to stop after compiling
set -euo pipefail
cd "$(dirname "$0")/.."
mlcfg=bin/mlcfg mlrun=bin/mlrun
out=${DEMO_OUT:-demo-runs}
here=examples
releases=(--engine-version vllm=0.10.1 --engine-version sglang=0.5.9 --round v5.1)
maps=(--map "/data=$here/data" --map "/conf=$here/conf")

mkdir -p "$out/manifests"
"$mlcfg" lint --base "$here/config.yaml" "${releases[@]}" "${maps[@]}" "$here"/models/*/*.yaml
for overlay in "$here"/models/*/*.yaml; do
  for backend in vllm sglang; do
    name=$(basename "$(dirname "$overlay")")-$(basename "$overlay" .yaml)-$backend
    "$mlcfg" compile "$overlay" --backend "$backend" "${releases[@]}" "${maps[@]}" -o "$out/manifests/$name.yaml"
  done
done
echo "compiled $(ls "$out/manifests" | wc -l) manifests into $out/manifests"
[ -z "${DEMO_COMPILE_ONLY:-}" ] || exit 0

stamp=$(date +%Y%m%d-%H%M%S)
# run DIR MANIFEST: an INVALID result (1) is one too, as on a machine too busy for
# the client to keep its schedule; the reasons stand above.
run() {
  local status=0
  "$mlrun" run --simulate "${maps[@]}" --out "$1" "$2" || status=$?
  [ "$status" -le 1 ] || exit "$status"
}
run "$out/$stamp-offline" "$out/manifests/llama2-70b-offline_alpha-vllm.yaml"
run "$out/$stamp-server" "$out/manifests/llama2-70b-server_alpha-sglang.yaml"
"$mlrun" report --format html -o "$out/$stamp.html" "$out/$stamp-offline" "$out/$stamp-server" || [ $? -eq 1 ]
echo "report: $out/$stamp.html"
