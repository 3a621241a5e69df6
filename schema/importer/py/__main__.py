"""Prints what a release of vLLM or SGLang defines, as JSON.

    python3 -I -S reader/ FOLDER ENGINE RELEASE

FOLDER holds the package as source text. Nothing of it is imported or run; this
program needs the standard library alone.
"""

import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.setrecursionlimit(20000)

import sglang
import vllm
from package import Package


def main(folder, engine, release):
    notes = []
    package = Package(folder, engine)
    reader = {"vllm": vllm.read, "sglang": sglang.read}[engine]
    sections = reader(package, notes)
    record = {"engine": engine, "release": release, "sections": sections, "notes": notes}
    json.dump(record, sys.stdout, indent=1, sort_keys=True, allow_nan=False)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
