#!/usr/bin/env bash
# OmegaConf 2.3.0 and 2.4.0: a list that an interpolation brings into a text is printed with its
# own interpolations unresolved, though the same list, and each of its items, is resolved everywhere
# else. OmegaConf.resolve and to_container(resolve=True) then leave ${...} in a value without a word:
# what looks resolved is not.
#
# The script installs the pinned packages in a temporary folder, prints what they make of one
# configuration, and fails if that is no longer so.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for version in 2.3.0 2.4.0; do
  python3 -m venv "$dir/$version"
  "$dir/$version/bin/pip" install -q --disable-pip-version-check "omegaconf==$version"
  "$dir/$version/bin/python" - >"$dir/seen" <<'EOF'
from omegaconf import OmegaConf

config = OmegaConf.create({"port": 8000, "hosts": ["a:${port}", "b:${port}"], "list": "${hosts}", "item": "to ${hosts[0]}", "text": "to ${hosts}"})
for key, value in OmegaConf.to_container(config, resolve=True).items():
    print(f"{key}: {value!r}")
EOF
  echo "OmegaConf $version"
  cat "$dir/seen"
  diff - "$dir/seen" <<'EOF' || { echo "OmegaConf $version: this is no longer so"; exit 1; }
port: 8000
hosts: ['a:8000', 'b:8000']
list: ['a:8000', 'b:8000']
item: 'to a:8000'
text: "to ['a:${port}', 'b:${port}']"
EOF
done
