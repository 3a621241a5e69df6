#!/usr/bin/env bash
# tokenizers 0.23.3: the pre-tokenizer UnicodeScripts drops the blanks at the beginning of a text. After
# a word blanks stay with it, line breaks at the beginning stay too, and no other pre-tokenizer that
# splits drops anything unless its file says so. A text of blanks alone has no tokens at all, and a
# text that is decoded again has lost its indentation.
#
# The script installs the pinned package in a temporary folder, prints what it makes of a few texts, and
# fails if that is no longer so.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -q --disable-pip-version-check tokenizers==0.23.3
"$dir/env/bin/python" - >"$dir/seen" <<'EOF'
from tokenizers import pre_tokenizers

scripts = pre_tokenizers.UnicodeScripts()
for text in ["a  b", "  a b", "a  \u043c\u0438\u0440", "   ", "\n\na"]:
    print(ascii(text), [ascii(piece) for piece, _ in scripts.pre_tokenize_str(text)])
EOF
cat "$dir/seen"
diff - "$dir/seen" <<'EOF' || { echo "tokenizers 0.23.3: this is no longer so"; exit 1; }
'a  b' ["'a  b'"]
'  a b' ["'a b'"]
'a  \u043c\u0438\u0440' ["'a  '", "'\\u043c\\u0438\\u0440'"]
'   ' []
'\n\na' ["'\\n\\n'", "'a'"]
EOF
