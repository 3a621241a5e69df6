#!/usr/bin/env bash
# Runs every fuzz target for FUZZTIME (default 10s) with its corpus, and says how
# many inputs each tried:
#   scripts/fuzz.sh [PACKAGE...]     as in scripts/fuzz.sh ./internal/dataset/pickle; all where none is named
# What is found new is kept in Go's build cache; an input that breaks a target is
# written to its testdata/fuzz, to be fixed and committed.
# Exit status: 0 all hold, 1 one does not, 2 one could not be built.
set -euo pipefail
cd "$(dirname "$0")/.."
time=${FUZZTIME:-10s}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cache=$(go env GOCACHE)/fuzz
if [ $# -eq 0 ]; then
  mapfile -t folders < <(grep -rl --include='*_test.go' '^func Fuzz' . | xargs -n1 dirname | sort -u)
else
  folders=("$@")
fi
# try fuzzes $target of $package in $folder.
try() {
  (cd "$folder" && "$work/test" -test.run '^$' -test.fuzz "^$target\$" -test.fuzztime "$time" -test.fuzzminimizetime 5s \
    -test.fuzzcachedir "$cache/$package" > "$work/out" 2>&1)
}
failed=0 targets=0 inputs=0
for folder in "${folders[@]}"; do
  package=$(go list "$folder")
  go test -c -fuzz Fuzz -o "$work/test" "$package" || { echo "fuzz: $package does not build" >&2; exit 2; }
  for target in $(grep -h --include='*_test.go' -o '^func Fuzz[A-Za-z0-9_]*' "$folder"/*_test.go | cut -c6- | sort -u); do
    targets=$((targets + 1))
    status=held
    if ! try; then
      # Go's fuzzer itself sometimes ends with this when its time is over while a worker is
      # still busy. No input was found then, and the target is tried once more.
      if grep -q 'context deadline exceeded' "$work/out" && ! grep -q 'Failing input written' "$work/out" && try; then :; else
        status=FAILED failed=$((failed + 1))
      fi
    fi
    n=$(grep -o 'execs: [0-9]*' "$work/out" | tail -1 | cut -c8- || true)
    inputs=$((inputs + ${n:-0}))
    printf '%-10s %-45s %9s inputs\n' "$status" "${package#mlcfg/} $target" "${n:-0}"
    [ "$status" = held ] || cat "$work/out"
  done
done
echo "$targets targets, $inputs inputs, $failed failed (${SECONDS}s)"
[ "$failed" -eq 0 ]
