#!/usr/bin/env bash
# aiperf 0.13.0, a tokenizer in a local folder (aiperf/common/tokenizer.py).
#
# --tokenizer takes a folder as long as aiperf may ask the Hub. With HF_HUB_OFFLINE=1, which is what a
# machine without a network wants, the same folder is refused: an absolute path and one that begins with
# ./ as names that no repository can have, a bare name as absent from the cache. transformers, which
# reads it in the end, takes all three offline.
#
# The script installs the pinned package (1 GB) in a temporary folder, makes a tokenizer, prints what
# both say of it, and fails if that is no longer so.
set -euo pipefail
version=0.13.0
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -q --disable-pip-version-check "aiperf==$version" transformers==5.24.0
mkdir "$dir/tok"
cd "$dir"
HF_HUB_OFFLINE=1 "$dir/env/bin/python" - >"$dir/seen" 2>"$dir/log" <<'EOF' || { cat "$dir/log"; exit 1; }
import json, os

words = {"[UNK]": 0, "hello": 1, "world": 2}
with open("tok/tokenizer.json", "w") as f:
    json.dump({
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None,
        "pre_tokenizer": {"type": "Whitespace"}, "post_processor": None, "decoder": None,
        "model": {"type": "WordLevel", "vocab": words, "unk_token": "[UNK]"},
    }, f)
with open("tok/tokenizer_config.json", "w") as f:
    json.dump({"tokenizer_class": "PreTrainedTokenizerFast"}, f)

from aiperf.common.tokenizer import Tokenizer
from transformers import AutoTokenizer

for says, name in [("absolute", os.path.abspath("tok")), ("relative", "./tok"), ("bare", "tok")]:
    for who, load in [("transformers", AutoTokenizer.from_pretrained), ("aiperf", Tokenizer.from_pretrained)]:
        try:
            print(f"{says}, {who}:", load(name).encode("hello world"))
        except Exception as e:
            print(f"{says}, {who}: refused,", str(e).split(": ")[1])
EOF
cat "$dir/seen"
diff - "$dir/seen" <<'EOF' || { echo "aiperf $version: this is no longer so"; exit 1; }
absolute, transformers: [1, 2]
absolute, aiperf: refused, HFValidationError
relative, transformers: [1, 2]
relative, aiperf: refused, HFValidationError
bare, transformers: [1, 2]
bare, aiperf: refused, OSError
EOF
