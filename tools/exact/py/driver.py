"""Asks an engine's own code about cases; no engine is started.

usage: driver.py ENGINE SOURCES KIND < cases.json > answers.json

SOURCES is a folder with the release's package, as text. Each answer is {"value": V},
or {"error": TEXT} where the engine refuses. KIND is arguments, variables, requests or chats;
see the engine's module beside this one.
"""
import contextlib
import dataclasses
import enum
import importlib
import io
import json
import logging
import math
import os
import sys
import warnings

HERE = os.path.dirname(os.path.abspath(__file__))


def plain(value):
    """value as JSON can hold it; what it cannot is the value's text."""
    if isinstance(value, enum.Enum):
        return {"member": value.name, "of": plain(value.value)}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name, None)) for f in dataclasses.fields(value)}
    if hasattr(value, "__struct_fields__"):
        return {name: plain(getattr(value, name, None)) for name in value.__struct_fields__}
    if hasattr(value, "model_dump"):
        return plain(value.model_dump())
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (set, frozenset)):
        return {"set": sorted((plain(v) for v in value), key=str)}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else repr(value)
    return str(value)


def answer(ask, case):
    complaint = io.StringIO()
    try:
        with contextlib.redirect_stderr(complaint):
            return {"value": plain(ask(case))}
    except SystemExit:
        said = [line for line in complaint.getvalue().strip().splitlines() if "For further information" not in line]
        return {"error": " ".join(said[-3:]) or "it exits"}
    except Exception as e:
        return {"error": f"{type(e).__name__}: {e}"}


def main(engine, sources, kind):
    # What imports print must not get between the answers.
    out, sys.stdout = sys.stdout, sys.stderr
    sys.path[:0] = [HERE, sources]
    warnings.simplefilter("ignore")
    import absent

    absent.install()
    module = importlib.import_module("ask_" + engine)
    ask = getattr(module, kind)(sources)
    logging.disable(logging.CRITICAL)
    json.dump([answer(ask, case) for case in json.load(sys.stdin)], out)
    out.flush()
    os._exit(0)  # threads that imports have started are of no use


if __name__ == "__main__":
    main(*sys.argv[1:])
