#!/usr/bin/env bash
# Installs the load generator that bench-client compares with: vllm-rs, which is
# one file of vLLM's wheel, and a small tokenizer, which it asks for.
set -euo pipefail
cd "$(dirname "$0")/../../.."
version=0.33.0
mkdir -p .peers
if [ ! -x .peers/vllm-rs ]; then
  tmp=$(mktemp -d .peers/download.XXXX)
  trap 'rm -rf "$tmp"' EXIT
  echo "downloading vLLM $version without its dependencies (320 MB), for one file of it" >&2
  python3 -m pip download --quiet --no-deps --only-binary :all: --dest "$tmp" "vllm==$version"
  python3 - "$tmp"/vllm-*.whl .peers/vllm-rs <<'PY'
import shutil, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel, wheel.open("vllm/vllm-rs") as src, open(sys.argv[2], "wb") as dst:
    shutil.copyfileobj(src, dst)
PY
  chmod +x .peers/vllm-rs
fi
if [ ! -f .peers/tokenizer/tokenizer.json ]; then
  [ -x .peers/venv/bin/python ] || python3 -m venv .peers/venv
  .peers/venv/bin/python -m pip install --quiet tokenizers
  .peers/venv/bin/python tools/bench/client/tokenizer.py .peers/tokenizer
fi
echo "ready: .peers/vllm-rs ($version), .peers/tokenizer" >&2
