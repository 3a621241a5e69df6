"""Which environment variables a package reads by name, anywhere in its source.

The source is searched as text: parsing a thousand files takes a minute.
"""

import ast
import os
import re

from values import Unknown

SKIPPED = ("test", "tests")
GETTER = r"(?:os\.environ\.get|os\.environ\.pop|os\.environ\.setdefault|os\.getenv|environ\.get|getenv)"
STRING = r"""(?:"[^"\n]*"|'[^'\n]*')"""
# A function whose body hands one of its arguments to a getter, which may stand in another line.
HANDED = re.compile(rf"{GETTER}\(\s*(\w+)\s*[,)]|os\.environ\[\s*(\w+)\s*\]|\b(\w+)\s+(?:not\s+)?in\s+os\.environ\b")
DEF = re.compile(r"^([ \t]*)def\s+(\w+)\s*\(([^)]*)\)[^:\n]*:", re.M)


class Wrapper:
    """A function that reads the variable which its argument names."""

    def __init__(self, form, params, seen=True):
        self.form, self.params, self.seen = form, params, seen


# Helpers that say in their names how they read, where the package does not define them.
NAMED = {"get_bool_env_var": "truth", "get_int_env_var": "int", "get_float_env_var": "float"}


def scan(package, prefixes):
    """Every variable with one of the prefixes: {name: (form, default)}. A name that
    only stands somewhere as a text is taken as one that some code reads as text."""
    texts = list(sources(package, prefixes))
    wrappers = {name: Wrapper(form, "", False) for name, form in NAMED.items()}
    for text in texts:
        wrappers.update({k: w for k, w in wrappers_of(text).items() if k not in wrappers or not wrappers[k].seen or wrappers[k].form == "text"})
    name = re.compile(rf"""["']((?:{"|".join(prefixes)})[A-Z0-9_]*[A-Z0-9])["']""")
    out = {}
    for text in texts:
        for m in name.finditer(text):
            entry = read_at(text, m, wrappers)
            had = out.get(m.group(1))
            if had is None or had[0] == "text" and (entry[0] != "text" or isinstance(had[1], Unknown)):
                out[m.group(1)] = entry
    return dict(sorted(out.items()))


# What stands before a name that is read, and behind it.
BEFORE = re.compile(r"(?:\b(int|float)\(\s*)?([\w.]+)\(\s*(?:\w+\s*=\s*)?$")
AFTER = re.compile(
    rf"\s*(?:,\s*(?:\w+\s*=\s*)?({STRING}|[\w.+-]+)\s*)?,?\s*\)((?:\.lower\(\)|\.strip\(\))*)\s*(in\s*[(\[{{][^)\]}}]*|[=!]=\s*{STRING})?"
)
IS_GETTER = re.compile(GETTER + "$")


def sources(package, prefixes):
    top = os.path.join(package.root, package.name)
    for folder, folders, names in os.walk(top):
        folders[:] = sorted(f for f in folders if f not in SKIPPED)
        for n in sorted(names):
            if not n.endswith(".py") or n.startswith("test_"):
                continue
            with open(os.path.join(folder, n), encoding="utf-8", errors="replace") as f:
                text = f.read()
            if any(p in text for p in prefixes) or "environ" in text:
                yield text


def wrappers_of(text):
    out = {}
    if "def " not in text:
        return out
    heads = list(DEF.finditer(text))
    for m in HANDED.finditer(text):
        head = next((d for d in reversed(heads) if d.end() <= m.start()), None)
        handed = m.group(1) or m.group(2) or m.group(3)
        if head is None or not re.search(rf"\b{handed}\b\s*(?:[:,=]|$)", head.group(3)):
            continue
        body = text[head.start():m.end() + 900]
        after = DEF.search(body, head.end() - head.start())
        out.setdefault(head.group(2), Wrapper(form_in(body[: after.start()] if after else body), head.group(3)))
    return out


def form_in(body):
    """The form of the text that a wrapper's body makes something of."""
    words = set(re.findall(r"""["'](true|yes|y|1)["']""", body))
    if "true" in words:
        return "bool" if words & {"yes", "y"} else "truth"
    for kind in ("int", "float"):
        if re.search(rf"\breturn {kind}\(", body):
            return kind
    return "text"


def read_at(text, name, wrappers):
    """The form and the default of what stands at a name."""
    before = BEFORE.search(text[max(0, name.start() - 160) : name.start()])
    after = AFTER.match(text, name.end())
    if not before or not after:
        return "text", Unknown("")
    w = None if IS_GETTER.match(before.group(2)) else wrappers.get(before.group(2).rpartition(".")[2])
    if w is None and not IS_GETTER.match(before.group(2)):
        return "text", Unknown("")
    form = w.form if w else before.group(1) or compared(after.group(2), after.group(3) or "")
    value = after.group(1)
    if value is None or value == "None":
        return form, False if form in ("bool", "truth") else None
    try:
        value = ast.literal_eval(value)
    except (SyntaxError, ValueError):
        value = Unknown(value)
    return form, value


def compared(made, with_what):
    """The form of a text that is compared at once."""
    words = {w.lower() for w in re.findall(r"""["']([^"']*)["']""", with_what)}
    if words and words <= {"0", "1"}:
        return "switch"
    if ".lower()" in made and "true" in words:
        return "bool" if "yes" in words else "truth" if "1" in words else "word"
    return "text"
