"""Prints what a release of an engine defines, as JSON.

    python3 -I -S reader/ FOLDER ENGINE PACKAGE RELEASE

PACKAGE is the Python package of the engine, FOLDER holds it as source
text. Nothing of it is imported or run; this program needs the standard library alone.
"""

import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.setrecursionlimit(20000)

import sglang
import trtllm
import vllm
from package import Package
from values import Unseen


def main(folder, engine, package, release):
    notes = []
    reader = {"vllm": vllm.read, "sglang": sglang.read, "trtllm": trtllm.read}[engine]
    try:
        sections = reader(Package(folder, package), notes)
    except Unseen as e:
        raise SystemExit(f"{e}; see forms.py and environment.py of the reader") from e
    record = {"engine": engine, "release": release, "sections": sections, "notes": notes}
    json.dump(record, sys.stdout, indent=1, sort_keys=True, allow_nan=False)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
