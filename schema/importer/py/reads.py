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
    """A function that reads the variable which its argument names; module is where it is."""

    def __init__(self, form, params, module):
        self.form, self.params, self.module = form, params, module


class Words:
    """The form of a text that is compared with words: on are those that it looks for,
    off those beside which every text is on."""

    def __init__(self, on=(), off=()):
        self.on, self.off = tuple(on), tuple(off)

    def beside(self, other):
        """The form of what is read in another place too."""
        if not isinstance(other, Words) or bool(other.on) != bool(self.on):
            return "text" if isinstance(other, Words) else other
        if self.off and other.off != self.off:
            return "text"
        return Words(dict.fromkeys(self.on + other.on), self.off)


class Here:
    """What the names of helpers stand for in one module: the definition that is nearest
    to where they are imported from."""

    def __init__(self, module, text, wrappers):
        self.module, self.text, self.wrappers, self.known = module, text, wrappers, {}

    def wrapper(self, name):
        if name not in self.wrappers:
            return None
        if name not in self.known:
            m = re.search(rf"^\s*from\s+([\w.]+)\s+import\s+(?:\([^)]*?\b{name}\b|[^\n(]*\b{name}\b)", self.text, re.M)
            # A relative import is one of a neighbour.
            at = m.group(1) if m and not m.group(1).startswith(".") else self.module
            found = self.wrappers[name]
            self.known[name] = max(found, key=lambda w: (common(w.module, at), w.form != "text"))
        return self.known[name]


def common(a, b):
    """How many parts two dotted names begin with alike."""
    return next((i for i, (x, y) in enumerate(zip(a.split("."), b.split("."))) if x != y), min(len(a.split(".")), len(b.split("."))))


# Helpers that say in their names how they read, where the package does not define them.
NAMED = {"get_bool_env_var": "truth", "get_int_env_var": "int", "get_float_env_var": "float"}


def scan(package, prefixes):
    """Every variable with one of the prefixes: {name: (form, default)}. A name that
    only stands somewhere as a text is taken as one that some code reads as text."""
    texts = list(sources(package, prefixes))
    wrappers = {name: [Wrapper(form, "", "")] for name, form in NAMED.items()}
    for module, text in texts:
        for called, w in wrappers_of(module, text).items():
            wrappers.setdefault(called, []).append(w)
    name = re.compile(rf"""["']((?:{"|".join(prefixes)})[A-Z0-9_]*[A-Z0-9])["']""")
    out = {}
    for module, text in texts:
        here = Here(module, text, wrappers)
        for m in name.finditer(text):
            entry = read_at(text, m, here)
            had = out.get(m.group(1))
            if had is None or had[0] is None or had[0] == "text" and not isinstance(entry[0], Words) and (entry[0] != "text" or isinstance(had[1], Unknown)):
                out[m.group(1)] = entry
            elif isinstance(had[0], Words) and entry[0] is not None:
                # Words that one place looks for are not all that there are.
                out[m.group(1)] = (had[0].beside(entry[0]), had[1])
    return {k: (form or "text", default) for k, (form, default) in sorted(out.items())}


# What stands before a name that is read, and behind it.
BEFORE = re.compile(r"(?:\b(int|float|bool)\(\s*)?([\w.]+)\(\s*(?:\w+\s*=\s*)?$")
DEFAULT = rf"{STRING}|(?:[^(),\n\"']|\([^()\n]*\))+"
COMPARED = rf"((?:\.lower\(\)|\.strip\(\))*)\s*((?:not\s+)?in\s*[(\[{{][^)\]}}]*|[=!]=\s*\(?\s*{STRING})?"
AFTER = re.compile(rf"\s*(?:,\s*(?:\w+\s*=\s*)?({DEFAULT}|\w[\w.]*\({STRING}[^()\n]*\))\s*)?,?\s*\){COMPARED}")
# os.environ["X"], and what it is handed to.
INDEXED = re.compile(r"(?:\b(int|float)\(\s*)?os\.environ\[\s*$")
# name = os.getenv("X"): what is compared is the name.
NAMED_SO = re.compile(r"\b(\w+)\s*=\s*[\w.]+\(\s*$")
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
                yield package.name + "." + os.path.relpath(os.path.join(folder, n), top)[:-3].replace(os.sep, "."), text


def wrappers_of(module, text):
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
        out.setdefault(head.group(2), Wrapper(form_in(body[: after.start()] if after else body), head.group(3), module))
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


def read_at(text, name, here):
    """The form and the default of what stands at a name; None where nothing reads it there."""
    lead = text[max(0, name.start() - 160) : name.start()]
    indexed = INDEXED.search(lead)
    if indexed:
        return indexed.group(1) or "text", Unknown("")
    before = BEFORE.search(lead)
    after = AFTER.match(text, name.end())
    if not before or not after:
        return "text" if before else None, Unknown("")
    w = None if IS_GETTER.match(before.group(2)) else here.wrapper(before.group(2).rpartition(".")[2])
    if w is None and not IS_GETTER.match(before.group(2)):
        return "text", Unknown("")
    form = w.form if w else before.group(1) or compared(after.group(2), after.group(3) or "")
    if form == "bool" and not w and before.group(1):
        form = compared(after.group(2), after.group(3)) if after.group(3) else "text" if after.group(2) else "filled"
    if form == "text" and not after.group(3):
        form = compared_below(text, lead, after)
    value = after.group(1)
    if value is None or value == "None":
        return form, False if form in ("bool", "truth") else None
    try:
        value = ast.literal_eval(value)
    except (SyntaxError, ValueError):
        value = Unknown(value)
    return form, value


def compared_below(text, lead, after):
    """The form of a text that gets a name, and is compared where the name stands next and
    nowhere else in its function."""
    named = NAMED_SO.search(lead)
    if not named:
        return "text"
    body = text[after.end() : after.end() + 600]
    end = re.search(r"\n\s*(?:def|class)\s", body)
    table = re.search(rf"=\s*\{{([^{{}}]*)\}}\.get\(\s*{named.group(1)}\s*\)", body[: end.start()] if end else body)
    if table:
        return Words(on=re.findall(r"""["'](\w+)["']\s*:""", table.group(1)))
    uses = list(re.finditer(rf"\b{named.group(1)}\b{COMPARED}", body[: end.start()] if end else body))
    return compared(uses[0].group(1), uses[0].group(2) or "") if len(uses) == 1 else "text"


# What turns a switch off, in the engines' lists.
OFF = {"", "0", "false", "off", "no", "n", "f", "none", "disable", "disabled"}


def compared(made, with_what):
    """The form of a text that is compared at once."""
    words = {w.lower() for w in re.findall(r"""["']([^"']*)["']""", with_what)}
    if words and words <= {"0", "1"}:
        return "switch"
    if ".lower()" in made and "true" in words:
        return "bool" if "yes" in words else "truth" if "1" in words else "word"
    if words and words <= OFF and "0" in words:
        return Words(off=sorted(words))
    if words and not words & OFF and not words & {"1", "true"} and not with_what.startswith("!"):
        return Words(on=sorted(re.findall(r"""["']([^"']*)["']""", with_what)))
    return "text"
