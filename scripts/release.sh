#!/usr/bin/env bash
# Builds what a release consists of, twice, and keeps it only where both builds
# are the same bytes:
#   scripts/release.sh [DIR]      into DIR (dist where none is named), which must not exist
# Built is the last commit, whatever lies in the working tree. The second build
# has another folder and an empty build cache, so that nothing is merely copied.
# VERSION names the release; git describe says it where it is not set.
# Exit status: 0 the release lies in DIR, 1 the builds differ, 2 it could not be built.
set -euo pipefail
cd "$(dirname "$0")/.."
dist=${1:-dist}
sbom=github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.9.0
# mlrun supervises processes as Linux alone allows it; mlcfg runs on desks too.
# mlcfg starts mlcfg-cue, the same program built whole, for what only CUE or Parquet reads: install both beside each other.
targets="mlcfg:linux/amd64 mlcfg-cue:linux/amd64 mlrun:linux/amd64 mlcfg:linux/arm64 mlcfg-cue:linux/arm64 mlrun:linux/arm64 mlcfg:darwin/arm64 mlcfg-cue:darwin/arm64"

fail() { echo "release: $*" >&2; exit 2; }
say() { echo "release: $* (${SECONDS}s)" >&2; }

[ ! -e "$dist" ] || fail "$dist exists; a release never writes over another"
commit=$(git rev-parse HEAD) # which may move while this runs
version=${VERSION:-$(git describe --tags --always "$commit")}
committed=$(TZ=UTC git show -s --format=%cd --date=format-local:%Y-%m-%dT%H:%M:%SZ "$commit")
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
export CGO_ENABLED=0 GOFLAGS="-trimpath -buildvcs=false -mod=readonly" GOAMD64=v1 GOARM64=v8.0 GOEXPERIMENT=

# build NAME OUT: every target from a fresh copy of the commit in a folder NAME.
build() {
  local source="$work/$1/src" out="$2" target program platform tags
  mkdir -p "$source" "$out"
  git archive "$commit" | tar -x -C "$source"
  for target in $targets; do
    program=${target%%:*} platform=${target#*:} tags=urfave_cli_no_docs
    [ "$program" != mlcfg ] || tags=split,$tags
    say "$1: $program for $platform"
    (cd "$source" && GOOS=${platform%/*} GOARCH=${platform#*/} go build -tags "$tags" -ldflags "-s -w -buildid= -X main.version=$version" \
      -o "$out/${program}_${version}_${platform%/*}_${platform#*/}" "./cmd/${program%-cue}") || fail "$program for $platform does not build"
  done
  say "$1: wheels"
  (cd "$source" && go run ./tools/wheels -version "$version" -out "$out" >&2) || fail "the wheels do not build"
}

build first "$work/out"
GOCACHE="$work/cache" build a-second-folder-with-a-longer-name "$work/again"
same=0
for file in "$work"/out/*; do
  cmp "$file" "$work/again/$(basename "$file")" || { echo "release: two builds of $(basename "$file") differ" >&2; exit 1; }
  same=$((same + 1))
done
say "$same files, each the same bytes from two folders"

# What is in each binary, read from the binary. Its time is the commit's and it
# has no serial number, so that the same release has the same list.
for file in "$work"/out/*_*_*_*[0-9]; do
  GOFLAGS='' go run "$sbom" bin -json -noserial -std -version "$version" -output "$work/sbom" "$file" || fail "no list of what $(basename "$file") contains"
  sed -E 's/("timestamp": ")[^"]*/\1'"$committed"'/' "$work/sbom" > "$file.cdx.json"
done
(cd "$work/out" && sha256sum -- * > "$work/sums" && mv "$work/sums" SHA256SUMS)
chmod 644 "$work"/out/*.cdx.json "$work/out/SHA256SUMS"
mkdir -p "$(dirname "$dist")"
cp -r "$work/out" "$dist.$$" && mv "$dist.$$" "$dist"
say "$dist: $(ls "$dist" | wc -l) files"
cat "$dist/SHA256SUMS"
