#!/usr/bin/env bash
# Holds what mlcfg render writes to the types of Kubernetes and LeaderWorkerSet, to kubeconform with schemas
# made of Kubernetes' own OpenAPI file, and to Compose's own loader. Skipped where their modules cannot be fetched.
set -euo pipefail
cd "$(dirname "$0")/.."
if ! timeout 120 go -C tools/conformance/render mod download 2>/dev/null; then
  echo "SKIPPED: the modules of tools/conformance/render cannot be fetched"
  exit 0
fi
rendered=$(mktemp -d); trap 'rm -rf "$rendered"' EXIT
RENDERED="$rendered" go test ./internal/render -run 'TestGolden|TestHostileYAML' -count=1
go -C tools/conformance/render test .
go -C tools/conformance/render run . "$rendered"
