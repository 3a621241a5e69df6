"""Reads which environment variables a package knows."""

import ast
import os
import re

from values import Unknown

# What text a variable may hold, by the reader of the variable. The forms are
# definitions of the CUE files (#Int ...), since a variable's value may be written as a
# number or as text.
FORMS = {"int": "env-int", "float": "env-float", "bool": "env-bool", "text": "env-text"}

NAME = r"""["']([A-Z][A-Z0-9_]+)["']"""
GETENV = re.compile(
    r"""(?:(int|float)\(\s*)?(?:os\.getenv|os\.environ\.get|environ\.get|getenv|(get_bool_env_var|get_int_env_var|get_float_env_var|_get_bool_env_var))"""
    rf"""\(\s*{NAME}\s*(?:,\s*("[^"]*"|'[^']*'|[\w.+-]+)\s*)?\)"""
    rf"""|os\.environ\[\s*{NAME}\s*\]|{NAME}\s+(?:not\s+)?in\s+os\.environ"""
)


def definition(name, form, default=None, doc="", note="", choices=None):
    alternatives = [{"kind": FORMS[form]}]
    if choices:
        alternatives = [{"kind": "literal", "value": c} for c in choices] + [{"kind": "null"}]
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
        if name.startswith("VLLM_") and name not in read and not any(name in o for o in others):
            d["unread"] = True
        out.append(d)
    return out


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
    text = ast.unparse(value)
    if isinstance(value, ast.Name):  # a function of the module
        found = ev.package.find(module, value.id)
        if found and isinstance(found[1], ast.FunctionDef):
            text = ast.unparse(found[1])
    default = Unknown("")
    if declaration and declaration[1] is not None:
        default = ev.eval(declaration[1], module, {})
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "env_with_choices":
        choices = ev.eval(value.args[2], module, {}) if len(value.args) > 2 else Unknown()
        if isinstance(choices, list) and all(isinstance(c, str) for c in choices):
            insensitive = any(k.arg == "case_sensitive" and getattr(k.value, "value", True) is False for k in value.keywords)
            default = ev.eval(value.args[1], module, {})
            if insensitive:
                choices = choices + [c for c in dict.fromkeys(f(x) for x in choices for f in (str.upper, str.lower)) if c not in choices]
            return definition(name, "text", default, doc, choices=choices)
    form = form_of(text, name)
    literals = []
    if declaration:
        literals = [a["value"] for a in reader.alternatives(declaration[0], module) if a["kind"] == "literal"]
    if form == "text" and literals and "with_choices" not in text and ".upper()" not in text and ".lower()" not in text:
        pass  # a type checker's list is not enforced: any text passes
    read = raw_default(ev, module, value)
    if read is not None and not isinstance(read, Unknown):
        default = read
    return definition(name, form, env_default(form, default), doc)


def form_of(text, name):
    """How the expression that reads a variable takes its text."""
    if re.search(r"\bint\(", text) or "maybe_convert_bool" in text or "maybe_convert_int" in text:
        return "int"
    if re.search(r"(==|!=) '[01]'", text):
        return "int"
    if "float(" in text:
        return "float"
    if re.search(r"\.lower\(\) (in|==) ", text) and "true" in text:
        return "bool"
    return "text"


def raw_default(ev, module, value):
    """The second argument of the os.getenv that reads the variable, as it stands."""
    for node in ast.walk(value):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("os.getenv", "os.environ.get", "environ.get"):
            if len(node.args) > 1:
                return ev.eval(node.args[1], module, {})
            return None
    return None


def env_default(form, default):
    if isinstance(default, Unknown) or default is None:
        return default
    try:
        if form == "int":
            return int(default)
        if form == "float":
            return float(default)
        if form == "bool":
            return str(default).strip().lower() in ("1", "true", "yes", "y")
    except (TypeError, ValueError):
        return Unknown(str(default))
    if isinstance(default, (str, bool, int, float)):
        return default
    if isinstance(default, (list, tuple)) and all(isinstance(d, str) for d in default):
        return ",".join(default)
    return Unknown(repr(default))


# SGLang: a class of descriptors since 0.5.3, and reads all over the package.


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
        known.update(deprecated_of(module, reader.ev))
    for name, (form, default) in scan(package, ("SGLANG_", "SGL_")).items():
        if name not in known:
            known[name] = definition(name, form, default)
    return list(known.values())


def sglang_variable(reader, module, name, call, doc):
    cls = ast.unparse(call.func)
    form = "text"
    for word, kind in (("Bool", "bool"), ("Int", "int"), ("Float", "float")):
        if word in cls:
            form = kind
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


def deprecated_of(module, ev):
    out = {}
    table = module.symbols.get("_DEPRECATED_ENVS")
    if isinstance(table, ast.Dict):
        for key, value in zip(table.keys, table.values):
            kwargs = {k.arg: ev.eval(k.value, module, {}) for k in getattr(value, "keywords", [])}
            args = [ev.eval(a, module, {}) for a in getattr(value, "args", [])]
            replacement = kwargs.get("replacement") or (args[0] if args else None)
            note = kwargs.get("note") or ""
            if isinstance(replacement, str):
                note = f"use {replacement} instead. {note}".strip()
            if isinstance(key, ast.Constant):
                out[key.value] = definition(key.value, "text", None, note=note or "has no effect any more")
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        args = [a.value for a in node.args if isinstance(a, ast.Constant)]
        if node.func.id == "_print_deprecated_env" and len(args) >= 2:
            out[args[1]] = definition(args[1], "text", None, note=f"use {args[0]} instead")
        elif node.func.id == "_warn_deprecated_env_to_cli_flag" and args:
            out[args[0]] = definition(args[0], "text", None, note=args[1] if len(args) > 1 else "use a command-line flag instead")
    return out


def scan(package, prefixes):
    """Variables that the package reads by name anywhere: {name: (form, default)}."""
    out = {}
    top = os.path.join(package.root, package.name)
    for folder, folders, names in os.walk(top):
        folders[:] = sorted(f for f in folders if f not in ("test", "tests"))
        for n in sorted(names):
            if not n.endswith(".py") or n.startswith("test_"):
                continue
            with open(os.path.join(folder, n), encoding="utf-8", errors="replace") as f:
                text = f.read()
            if not any(p in text for p in prefixes):
                continue
            for m in GETENV.finditer(text):
                name = m.group(3) or m.group(5) or m.group(6)
                if name.startswith(prefixes):
                    entry = scanned(m)
                    if name not in out or out[name][0] == "text":
                        out[name] = entry
    return dict(sorted(out.items()))


def scanned(match):
    getter, default = (match.group(1) or "") + (match.group(2) or ""), match.group(4)
    form = next((k for w, k in (("bool", "bool"), ("int", "int"), ("float", "float")) if w in getter), "text")
    if default is None or default == "None":
        value = False if form == "bool" else None
    elif default[0] in "\"'":
        value = default[1:-1]
    else:
        value = Unknown(default)
        try:
            value = ast.literal_eval(default)
        except (SyntaxError, ValueError):
            pass
    return form, env_default(form, value)
