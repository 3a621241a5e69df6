#!/usr/bin/env bash
# SGLang 0.5.23: a switch that is deprecated still works on the command line, with a warning, and stops
# the server where it stands in the file of --config. The reader of that file knows switches by argparse's
# own class alone; deprecated ones have a class of SGLang's. So a file that worked until 0.5.21 ends in a
# ValueError that speaks of an unsupported option, and not of what took its place.
#
# The script downloads the pinned package into a temporary folder without its dependencies, declares
# --enable-dp-attention as its server_args.py does, gives it to the package's own reader both ways, and
# fails if that is no longer so.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -q --disable-pip-version-check pyyaml
"$dir/env/bin/pip" download -q --disable-pip-version-check --no-deps -d "$dir" sglang==0.5.23
"$dir/env/bin/python" - "$dir" >"$dir/seen" 2>&1 <<'EOF'
import argparse
import importlib.util
import pathlib
import re
import sys
import zipfile

root = pathlib.Path(sys.argv[1])
zipfile.ZipFile(next(root.glob("sglang-*.whl"))).extractall(root)


def load(path):
    spec = importlib.util.spec_from_file_location(pathlib.Path(path).stem, root / path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


source = (root / "sglang/srt/server_args.py").read_text()
print("declared as", re.search(r'"--enable-dp-attention",\s*action=(\w+)', source)[1])
actions = load("sglang/srt/arg_groups/argparse_actions.py")
reader = load("sglang/srt/utils/server_args_config_parser.py")
parser = argparse.ArgumentParser()
parser.add_argument("--config")
parser.add_argument("--tp-size", type=int)
parser.add_argument("--enable-dp-attention", action=actions.DeprecatedStoreTrueAction, new_flag="--attn-dp-size <dp-size>")
print("command line:", parser.parse_args(["--enable-dp-attention"]).enable_dp_attention)
config = root / "server.yaml"
for text in ["tp-size: 8\n", "tp-size: 8\nenable-dp-attention: true\n"]:
    config.write_text(text)
    try:
        print("file:", reader.ConfigArgumentMerger(parser).merge_config_with_args(["--config", str(config)]))
    except ValueError as e:
        print("file: ValueError:", e)
EOF
sed 's/\x1b\[[0-9;]*m//g' "$dir/seen" | tee "$dir/plain"
diff - "$dir/plain" <<'EOF' || { echo "SGLang 0.5.23: this is no longer so"; exit 1; }
declared as DeprecatedStoreTrueAction
'--enable-dp-attention' is deprecated and will be removed in a future release. Use '--attn-dp-size <dp-size>' instead.
command line: True
file: ['--tp-size', '8']
file: ValueError: Unsupported config option 'enable_dp_attention' with action 'DeprecatedStoreTrueAction'
EOF
