#!/usr/bin/env bash
# golden-manifests.sh: compiles the manifests of cmd/mlrun/testdata/manifests anew. For a
# new format of manifests alone: a manifest that is there stands for one that
# users have checked in, and its plan must not change.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
mlcfg=${MLCFG:-$root/bin/mlcfg}
cd "$root/cmd/mlrun/testdata/manifests"
grep -v '^#' cases.txt | while IFS='|' read -r name _ compile _; do
  # shellcheck disable=SC2086 # the arguments are words
  "$mlcfg" compile --round v5.1 $compile -o "${name// /}.yaml" 2>"${TMPDIR:-/tmp}/golden-manifests.log" ||
    { echo "$name"; cat "${TMPDIR:-/tmp}/golden-manifests.log"; exit 1; }
done
