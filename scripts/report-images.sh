#!/usr/bin/env bash
# Takes the pictures of docs/images: the report of a run of the example on the simulated
# engine, and the comparison of two settings, three runs each. Needs Chromium; takes
# some two minutes.
#   IMAGES_OUT   where to put them (default docs/images)
set -euo pipefail
cd "$(dirname "$0")/.."
mlcfg=bin/mlcfg mlrun=bin/mlrun
out=${IMAGES_OUT:-docs/images}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
maps=(--map /data=examples/data --map /conf=examples/conf)

for seqs in 512 12; do
  "$mlcfg" compile examples/models/llama2-70b/server_alpha.yaml --base examples/config.yaml --backend vllm \
    --engine-version vllm=0.10.1 --round v5.1 "${maps[@]}" --set "vllm_engine_config.max_num_seqs=$seqs" --set harness_config.target_qps=25 -o "$work/$seqs.yaml"
  for i in 1 2 3; do
    # Where this machine is too busy for a run to count, it is repeated. One over its limits counts.
    for _ in 1 2 3 4 5 6; do
      rm -rf "$work/seqs$seqs-$i"
      "$mlrun" run --simulate --quiet --format json "${maps[@]}" --out "$work/seqs$seqs-$i" "$work/$seqs.yaml" > "$work/summary.json" || [ $? = 1 ]
      ! grep -q '"complete": true' "$work/summary.json" || break
    done
  done
done
"$mlrun" report --format html -o "$work/report.html" "$work/seqs512-1" || [ $? = 1 ]
"$mlrun" report --format html -o "$work/compared.html" "$work"/seqs512-? "$work"/seqs12-? || [ $? = 1 ]
go build -o "$work/pictures" ./tools/browser/pictures
"$work/pictures" -out "$out/report" -width 1200 -height 1500 "$work/report.html"
"$work/pictures" -out "$out/report-narrow" -width 360 -height 900 -scale 2 -only light "$work/report.html"
"$work/pictures" -out "$out/report-compared" -width 1400 -height 1250 "$work/compared.html"
[ -z "${IMAGES_KEEP:-}" ] || cp -r "$work" "$IMAGES_KEEP"
