#!/usr/bin/env bash
# Packages the VS Code extension of editors/vscode:
#   scripts/vscode.sh FOLDER            mlcfg-VERSION.vsix, which starts the mlcfg that is installed
#   scripts/vscode.sh FOLDER TARGET     with mlcfg inside: linux-x64, linux-arm64, alpine-x64, alpine-arm64,
#                                       darwin-x64, darwin-arm64, win32-x64 or win32-arm64
# Needs Node.js with npm, and Go for a TARGET. Nothing is published.
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:?names a folder} target=${2:-}
vsce=@vscode/vsce@3.9.2
mkdir -p "$out"
out=$(cd "$out" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r editors/vscode/. "$work"
version=${VERSION:-$(git describe --tags --always 2>/dev/null || echo dev)}
arguments=(package --allow-missing-repository --out "$out")
if [ -n "$target" ]; then
  os=${target%-*} arch=${target#*-} name=mlcfg
  case $os in win32) os=windows name=mlcfg.exe ;; alpine) os=linux ;; esac
  [ "$arch" != x64 ] || arch=amd64
  CGO_ENABLED=0 GOOS=$os GOARCH=$arch go build -trimpath -tags urfave_cli_no_docs -ldflags "-s -w -X main.version=$version" -o "$work/bin/$name" ./cmd/mlcfg
  arguments+=(--target "$target")
fi
cd "$work"
npm ci --omit=dev --no-audit --no-fund --silent
npx --yes "$vsce" "${arguments[@]}"
