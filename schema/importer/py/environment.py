"""Reads which environment variables a package knows."""

import ast
import os
import re

import built
import forms
import reads
from forms import Finder, is_getter
from values import Unknown, Unseen

# What text a variable may hold, by the reader of the variable. The forms are
# definitions of the CUE files (#Int ...), since a variable's value may be written as a
# number or as text.
FORMS = {f: "env-" + f for f in ("int", "float", "json", "switch", "word", "truth", "bool", "filled", "text")}


def definition(name, form, default=None, doc="", note="", alternatives=None):
    alternatives = alternatives or of_words(form) or [{"kind": FORMS[form]}]
    out = {"name": name, "type": alternatives, "doc": doc}
    if isinstance(default, Unknown):
        out["default_note"] = default.text
    else:
        out["default"] = default
    if not note and doc.lower().startswith("deprecated"):
        note = doc
    if note:
        out["deprecated"] = note
    return out


def of_words(form):
    """What a text that is compared with words may be: one of them, or a clear yes or no."""
    if not isinstance(form, reads.Words):
        return None
    yes = ("1", "true", "yes", "on")
    words = "|".join(re.escape(w) for w in dict.fromkeys(form.on or form.off + yes))
    if form.on:
        return [{"kind": "literal", "value": w} for w in form.on] + [{"kind": "pattern", "value": f"^(?i:{words})?$"}, {"kind": "null"}]
    off = [{"kind": "literal", "value": 0}] if "0" in form.off else []
    return off + [{"kind": "literal", "value": 1}, {"kind": "bool"}, {"kind": "pattern", "value": f"^\\s*(?i:{words})\\s*$"}, {"kind": "null"}]


def comments_above(lines, number):
    """The comment lines straight above a line, numbers counting from 1."""
    out = []
    at = number - 2
    while at >= 0 and lines[at].strip().startswith("#"):
        text = lines[at].strip().lstrip("#").strip()
        if not re.fullmatch(r"[=\-\s]*.*[=\-]{6,}|[=\-]{3,}", text):
            out.append(text)
        at -= 1
    return "\n".join(reversed(out))


def declared(module):
    """Annotations and defaults under `if TYPE_CHECKING:`."""
    out = {}
    for node in module.tree.body:
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            for s in node.body:
                if isinstance(s, ast.AnnAssign) and isinstance(s.target, ast.Name):
                    out[s.target.id] = (s.annotation, s.value)
    return out


# vLLM: a dict of names to functions that read them.


def vllm(package, reader):
    module = package.module("vllm.envs")
    found = package.find(module, "environment_variables") if module else None
    if not found:
        return []
    lines, types = module.text.splitlines(), declared(module)
    entries = {k.value: (k, v) for k, v in zip(found[1].keys, found[1].values) if isinstance(k, ast.Constant)}
    read, moved = names_in(package, module), moved_to_settings(package)
    out = []
    for name, (key, value) in entries.items():
        d = vllm_variable(reader, module, name, value, types.get(name), comments_above(lines, key.lineno))
        if name in moved and "deprecated" not in d:
            d["deprecated"] = moved[name]
        others = (ast.unparse(v) for n, (_, v) in entries.items() if n != name)
        instead = read_instead(value, name)
        if instead and "deprecated" not in d:
            d["deprecated"] = f"nothing reads it: its value follows from {instead}"
        if name.startswith("VLLM_") and name not in read and not any(name in o for o in others):
            d["unread"] = True
        out.append(d)
    for name, (form, default) in reads.scan(package, ("VLLM_",)).items():
        if name not in entries:
            out.append(definition(name, form, env_default(form, default), note=moved.get(name, "")))
    return out


def read_instead(value, name):
    """The variables that an entry reads in the place of its own, as text."""
    keys = [forms.key_of(n) for n in ast.walk(value)]
    names = dict.fromkeys(k.value for k in keys if isinstance(k, ast.Constant))
    calls = [n for n in ast.walk(value) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id not in ("bool", "int", "float", "str")]
    return "" if name in names or calls else " and ".join(names)


def names_in(package, module):
    """Names of variables that any other file of the package mentions."""
    out = set()
    for folder, _, names in os.walk(os.path.join(package.root, package.name)):
        for n in names:
            path = os.path.join(folder, n)
            if n.endswith(".py") and path != module.path:
                with open(path, encoding="utf-8", errors="replace") as f:
                    out.update(re.findall(r"\bVLLM_[A-Z0-9_]+\b", f.read()))
    return out


def moved_to_settings(package):
    """Variables that a settings class still reads but calls deprecated:
    self._set_from_env_if_set("backend", "VLLM_ATTENTION_BACKEND")."""
    out = {}
    for name in package.search("_set_from_env_if_set", "config"):
        for cls in package.module(name).tree.body:
            calls = [n for n in ast.walk(cls) if isinstance(n, ast.Call) and ast.unparse(n.func) == "self._set_from_env_if_set"]
            for call in calls:
                args = [a.value for a in call.args if isinstance(a, ast.Constant)]
                if len(args) >= 2 and isinstance(cls, ast.ClassDef):
                    section = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.name).lower()
                    out[args[1]] = f"use {section}.{args[0]} of the engine's arguments instead"
    return out


def vllm_variable(reader, module, name, value, declaration, doc):
    ev = reader.ev
    if isinstance(value, ast.Call) and ast.unparse(value.func) == "deprecated_env" and len(value.args) == 4:
        _, removal, advice, getter = value.args
        inner = vllm_variable(reader, module, name, getter, declaration, doc)
        inner["deprecated"] = f"{ev.eval(advice, module, {})} Goes in {ev.eval(removal, module, {})}."
        return inner
    default = Unknown("")
    if declaration and declaration[1] is not None:
        default = ev.eval(declaration[1], module, {})
    if isinstance(value, ast.Call) and ast.unparse(value.func) in CHOOSERS:
        return choices_of(ev, module, name, value, doc, default)
    functions = {n.name: n for n in module.tree.body if isinstance(n, ast.FunctionDef)}
    try:
        found = Finder(functions, name).of(value)
    except Unseen as e:
        raise Unseen(f"{name} is read by {e}, a shape that is not known here") from e
    form = found.name if found else "text"
    read = raw_default(ev, module, value)
    if read is not None and not isinstance(read, Unknown):
        default = read
    return definition(name, form, env_default(form, default), doc)


# Helpers that hold a text to a list, with the names of their arguments. The third
# and fourth decide what is taken; a release that turns them round is not guessed at.
CHOOSERS = {
    "env_with_choices": ["env_name", "default", "choices", "case_sensitive"],
    "env_list_with_choices": ["env_name", "default", "choices", "case_sensitive"],
    "env_set_with_choices": ["env_name", "default", "choices", "case_sensitive"],
    "get_env_or_set_default": ["env_name", "default_factory"],
}


def choices_of(ev, module, name, call, doc, default):
    helper = ast.unparse(call.func)
    given = arguments_of(module, helper, CHOOSERS[helper], call)
    choices = choices_in(ev, module, given["choices"]) if "choices" in given else Unknown()
    if "default" in given:
        default = ev.eval(given["default"], module, {})
    if not isinstance(choices, list) or not all(isinstance(c, str) for c in choices):
        if "choices" in given:
            raise Unseen(f"{name} is held to {ast.unparse(given['choices'])}, a shape that is not known here")
        return definition(name, "text", env_default("text", default), doc)
    sensitive = "case_sensitive" not in given or ev.eval(given["case_sensitive"], module, {}) is not False
    words = "|".join(re.escape(c).replace("\\ ", " ") for c in choices)
    words = f"(?:{words})" if sensitive else f"(?i:{words})"
    alternatives = [{"kind": "literal", "value": c} for c in choices]
    if helper != "env_with_choices":
        alternatives = [{"kind": "pattern", "value": rf"^[\s,]*(?:{words}[\s,]*(?:,[\s,]*{words}[\s,]*)*)?$"}]
    elif not sensitive:
        alternatives.append({"kind": "pattern", "value": f"^{words}$"})
    return definition(name, "text", env_default("text", default), doc, alternatives=alternatives + [{"kind": "null"}])


def choices_in(ev, module, node):
    """The list that is given, or that a function without parameters returns: the names of an
    Enum among them, list(__import__("package.module", ...).Name.__members__.keys())."""
    if isinstance(node, ast.Lambda):
        node = node.body
    if not ast.unparse(node).endswith(".__members__.keys())"):
        return ev.eval(node, module, {})
    enum = node.args[0].func.value.value
    where = ev.package.module(enum.value.args[0].value) if isinstance(enum.value, ast.Call) else module
    words = built.members(ev.package, where, enum.attr) if where else None
    return words[0] if words else Unknown()


def arguments_of(module, helper, names, call):
    """The arguments of a call by name, where the helper has the parameters that are known here."""
    fn = next((n for n in module.tree.body if isinstance(n, ast.FunctionDef) and n.name == helper), None)
    params = [a.arg for a in fn.args.args] if fn else names
    if params[: len(names)] != names[: len(params)] or len(params) > len(names):
        raise Unseen(f"{helper} has the arguments {', '.join(params)}; known here are {', '.join(names)}")
    given = dict(zip(params, call.args))
    given.update({k.arg: k.value for k in call.keywords})
    return given


def raw_default(ev, module, value):
    """The second argument of the os.getenv that reads the variable, as it stands."""
    for node in ast.walk(value):
        if isinstance(node, ast.Call) and is_getter(node):
            if len(node.args) > 1:
                return ev.eval(node.args[1], module, {})
            return None
    return None


def env_default(form, default):
    if isinstance(default, Unknown) or default is None:
        return default
    if isinstance(form, reads.Words):
        return str(default).lower() not in form.off if form.off else str(default)
    try:
        if form in ("int", "switch"):
            return int(default)
        if form == "float":
            return float(default)
        if form == "filled":
            return bool(default)
        if form in ("bool", "truth", "word"):
            return str(default).strip().lower() in ("1", "true", "yes", "y")
    except (TypeError, ValueError):
        return Unknown(str(default))
    if isinstance(default, (str, bool, int, float)):
        return default
    if isinstance(default, (list, tuple)) and all(isinstance(d, str) for d in default):
        return ",".join(default)
    return Unknown(repr(default))


# SGLang: a class of descriptors since 0.5.3, and reads all over the package.

DESCRIPTORS = {
    "EnvStr": "text", "EnvTuple": "text", "EnvJSON": "json", "EnvBool": "bool", "EnvInt": "int", "EnvFloat": "float",
    "EnvBoolWithAlias": "bool", "EnvIntWithAlias": "int", "EnvFloatWithAlias": "float", "EnvStrWithAlias": "text",
}


def sglang(package, reader):
    known = {}
    module = package.module("sglang.srt.environ")
    found = package.find(module, "Envs") if module else None
    if found:
        lines = module.text.splitlines()
        for s in found[1].body:
            if isinstance(s, ast.Assign) and isinstance(s.targets[0], ast.Name) and isinstance(s.value, ast.Call):
                name = s.targets[0].id
                known[name] = sglang_variable(reader, module, name, s.value, comments_above(lines, s.lineno))
                known.update(alias_of(name, s.value, known[name]))
        known.update(deprecated_of(module, reader.ev, known))
    for name, (form, default) in reads.scan(package, ("SGLANG_", "SGL_")).items():
        if name not in known:
            known[name] = definition(name, form, env_default(form, default))
    return list(known.values())


def sglang_variable(reader, module, name, call, doc):
    cls = ast.unparse(call.func)
    if cls not in DESCRIPTORS:
        raise Unseen(f"{name} is a {cls}, a descriptor that is not known here")
    form = DESCRIPTORS[cls]
    default = reader.ev.eval(call.args[0], module, {}) if call.args else Unknown("")
    if hasattr(default, "value"):
        default = default.value
    return definition(name, form, env_default(form, default), doc)


def alias_of(name, call, of):
    """EnvBoolWithAlias(False, deprecated_name="OLD")"""
    for k in call.keywords:
        if k.arg == "deprecated_name" and isinstance(k.value, ast.Constant):
            return {k.value.value: {**of, "name": k.value.value, "deprecated": f"use {name} instead"}}
    return {}


def prefixes(package):
    """Prefixes that a release rewrites: `if key.startswith("SGL_"):
    new_key = key.replace("SGL_", "SGLANG_", 1)`. {old: new}"""
    out = {}
    module = package.module(package.name + ".srt.environ")
    for node in ast.walk(module.tree) if module else []:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "replace" and ast.unparse(node.func.value) == "key":
            words = [a.value for a in node.args if isinstance(a, ast.Constant)]
            if len(words) != 3 or words[2] != 1:
                raise Unseen(f"names are rewritten by {ast.unparse(node)}, a shape that is not known here")
            out[words[0]] = words[1]
    return out


def prefix(old, new):
    return {"name": old, "type": [{"kind": "literal", "value": new}], "doc": "Names that start so are copied to names that start with the value."}


# What the arguments of the helpers that tell of old names mean, by their names.
TELLERS = {"_print_deprecated_env": {"old_name", "new_name"}, "_warn_deprecated_env_to_cli_flag": {"env_name", "suggestion"}}


def deprecated_of(module, ev, known):
    out = {}

    def tell(old, note):
        # The old name's value is handed to the new one, so it is read as that is.
        new = re.match(r"use (\w+) instead", note)
        like = known.get(new.group(1)) if new else None
        out[old] = {**(like or definition(old, "text", None)), "name": old, "deprecated": note}

    table = module.symbols.get("_DEPRECATED_ENVS")
    if isinstance(table, ast.Dict):
        for key, value in zip(table.keys, table.values):
            given = {k.arg: k.value for k in value.keywords}
            given.update(zip(("replacement", "transform", "note"), value.args))
            if set(given) - {"replacement", "transform", "note"}:
                raise Unseen(f"_DeprecatedEnv is given {', '.join(given)}; known here are replacement, transform and note")
            replacement = ev.eval(given["replacement"], module, {}) if "replacement" in given else None
            note = ev.eval(given["note"], module, {}) if "note" in given else ""
            if "transform" in given:
                out[key.value] = definition(key.value, "text", None, note=f"use {replacement}, which wants another value. {note}".strip())
            elif isinstance(replacement, str):
                tell(key.value, f"use {replacement} instead. {note}".strip())
            else:
                tell(key.value, note or "has no effect any more")
    helpers = {n.name: [a.arg for a in n.args.args] for n in module.tree.body if isinstance(n, ast.FunctionDef) and n.name in TELLERS}
    for name, params in helpers.items():
        if set(params) != TELLERS[name]:
            raise Unseen(f"{name} has the arguments {', '.join(params)}; known here are {', '.join(sorted(TELLERS[name]))}")
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in helpers:
            given = dict(zip(helpers[node.func.id], node.args))
            given.update({k.arg: k.value for k in node.keywords})
            words = {k: ev.eval(v, module, {}) for k, v in given.items()}
            if not all(isinstance(w, str) for w in words.values()):
                continue  # inside a helper of their own
            if node.func.id == "_print_deprecated_env":
                tell(words["old_name"], f"use {words['new_name']} instead" if "new_name" in words else "has no effect any more")
            else:
                tell(words["env_name"], words["suggestion"])
        elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "_deprecated_ms_to_s":
            for key, value in zip(node.value.keys, node.value.values):
                out[key.value] = definition(key.value, "float", None, note=f"use {value.value}, in seconds; this one is in milliseconds")
    return out
