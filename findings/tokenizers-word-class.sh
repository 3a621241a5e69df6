#!/usr/bin/env bash
# tokenizers 0.23.3, whose expressions are Oniguruma's: \w and [\w] are not the same class. Fractions and
# raised digits of Latin-1 (one half, superscript two) belong to \w and not to [\w], so that a pattern
# that somebody wraps in brackets, or a class that is built of \w and more, splits other texts. Digits
# of other scripts belong to both.
#
# The script installs the pinned package in a temporary folder, prints which characters each form
# matches, and fails if that is no longer so.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -q --disable-pip-version-check tokenizers==0.23.3
"$dir/env/bin/python" - >"$dir/seen" <<'EOF'
from tokenizers import Regex, pre_tokenizers

for form in [r"\w", r"[\w]", r"[\w_]"]:
    split = pre_tokenizers.Split(Regex(form), "removed")
    matched = [c for c in map(chr, range(0x80, 0x100)) if not split.pre_tokenize_str(c)]
    numbers = [hex(ord(c)) for c in matched if not c.isalpha()]
    print(form, len(matched), numbers, not split.pre_tokenize_str("\u0663"))
EOF
cat "$dir/seen"
diff - "$dir/seen" <<'EOF' || { echo "tokenizers 0.23.3: this is no longer so"; exit 1; }
\w 71 ['0xb2', '0xb3', '0xb9', '0xbc', '0xbd', '0xbe'] True
[\w] 65 [] True
[\w_] 65 [] True
EOF
