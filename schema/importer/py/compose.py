"""Puts fields and command-line arguments together into the definitions of a release."""

import math

import annotations
import limits
from arguments import kinds_of_parser
from package import Class, Function
from values import MISSING, Instance, Member, Unknown


class NotPlain(Exception):
    pass


def plain(value):
    """A value as JSON holds it; NotPlain for what no file can hold."""
    if isinstance(value, Member):
        return value.value if isinstance(value.value, (str, int)) else value.name
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        raise NotPlain
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, (set, frozenset)):
        return sorted((plain(v) for v in value), key=str)
    if isinstance(value, dict):
        if not all(isinstance(k, str) for k in value):
            raise NotPlain
        return {k: plain(v) for k, v in value.items()}
    raise NotPlain


def note_of(value):
    return repr(value) if isinstance(value, (Unknown, Instance, Class, Function)) else str(value)


def set_default(out, value):
    if value is MISSING:
        out["required"] = True
        return
    try:
        out["default"] = plain(value)
    except NotPlain:
        out["default_note"] = note_of(value)


def clean(alternatives, default=None):
    """Alternatives without what adds nothing: literals beside a free type of the same kind."""
    kinds = {a["kind"] for a in alternatives}
    out = []
    for a in alternatives:
        if a["kind"] == "object":
            a = {"kind": "any"}
        if a["kind"] == "literal":
            v = a["value"]
            kind = "bool" if isinstance(v, bool) else "int" if isinstance(v, int) else "float" if isinstance(v, float) else "string"
            if kind in kinds and not any(k in b for b in alternatives if b["kind"] == kind for k in ("ge", "gt", "le", "lt", "not")):
                continue
        for inner in ("items", "values"):
            if inner in a:
                a = {**a, inner: clean(a[inner])}
                if a[inner] == [{"kind": "any"}]:
                    del a[inner]
        out.append(a)
    if {"kind": "any"} in out:
        return [{"kind": "any"}]
    return out


def with_choices(alternatives, choices):
    """A parser's choices instead of the free type they restrict; beside the
    literals of an annotation, since either way in takes its own."""
    if not choices:
        return alternatives
    try:
        literals = [{"kind": "literal", "value": plain(c)} for c in choices]
    except NotPlain:
        return alternatives
    if any(a["kind"] == "literal" for a in alternatives):
        if all(x in alternatives for x in literals):  # those of the list that the parser leaves
            return [a for a in alternatives if a["kind"] != "literal" or not isinstance(a["value"], str) or a in literals]
        return alternatives + [x for x in literals if x not in alternatives]
    kinds = {"int" if isinstance(c, int) else "string" for c in choices}
    out = []
    for a in alternatives:
        if a["kind"] == "list":
            inner = a.get("items") or [{"kind": k} for k in sorted(kinds)]
            out.append({**a, "items": with_choices(inner, choices)})
        elif a["kind"] in kinds:
            out += [x for x in literals if x not in out]
        else:
            out.append(a)
    return out


def as_parsed(alternatives, argument):
    """Whole numbers alone where the parser takes no others for a field that would."""
    if kinds_of_parser(argument.kwargs.get("type")) != ["int"]:
        return alternatives
    return [{**a, "kind": "int"} if a["kind"] == "float" else a for a in alternatives]


def of_field(field, argument=None, conditions=(), limit_source="", refused=()):
    """The definition of a field of a settings class, with its argument if it has one,
    and the conditions under which its class refuses it together with others."""
    out = {"name": field.name, "doc": field.doc}
    if refused:
        out["refusals"] = [{"when": when, "says": says} for when, says in refused]
    alternatives = list(field.type)
    if argument is not None:
        out["doc"] = argument.help or out["doc"]
        alternatives = as_parsed(with_choices(alternatives, argument.choices), argument)
        source = argument.field  # the settings class the argument was made from
        if source is not None:
            alternatives = annotated(alternatives, source)
            if source is not field and not out["doc"]:
                out["doc"] = source.doc
        out["flag"] = argument.flag()
        if argument.deprecated:
            out["deprecated"] = argument.deprecated
    if not out.get("deprecated") and out["doc"].lower().lstrip(" *[(").startswith("deprecated"):
        out["deprecated"] = out["doc"]
    default = field.default
    if isinstance(default, float) and default.is_integer() and not any(a["kind"] == "float" for a in alternatives):
        default = int(default)
    if conditions and limits.allow(conditions, default):
        narrowed = limits.apply(alternatives, conditions)
        if narrowed is not None:
            alternatives, out["limit"] = narrowed, limit_source
    alternatives, out["limit"] = limits.usual(field.name, alternatives, out.get("limit", ""))
    if not out["limit"]:
        del out["limit"]
    if argument is not None and isinstance(default, Unknown):
        default = argument.kwargs.get("default", default)
    set_default(out, default)
    out["type"] = fit_default(clean(alternatives), out)
    return out


def annotated(alternatives, source):
    """The limits that the settings class puts on the field."""
    given = {k: v for a in source.type if a["kind"] in ("int", "float") for k, v in a.items() if k in ("ge", "gt", "le", "lt")}
    if given:
        alternatives = [{**a, **given} if a["kind"] in ("int", "float") else a for a in alternatives]
    return alternatives


def fit_default(alternatives, out):
    """A default that its own annotation leaves out is a legal value all the same."""
    if "default" not in out:
        return alternatives
    value = out["default"]
    if value is None:
        return alternatives if {"kind": "null"} in alternatives or {"kind": "any"} in alternatives else alternatives + [{"kind": "null"}]
    kinds = {a["kind"] for a in alternatives}
    if isinstance(value, bool):
        need = "bool"
    elif isinstance(value, int):
        need = "int" if "float" not in kinds else "float"
    else:
        need = {float: "float", str: "string", list: "list", dict: "map"}.get(type(value))
    if kinds & {"any", need} or {"kind": "literal", "value": value} in alternatives or need in ("string", None) and any(k.startswith("env-") for k in kinds):
        return alternatives
    if any(k.startswith("env-") for k in kinds):
        return alternatives
    return alternatives + [{"kind": "literal", "value": value} if need in ("string", "int", "float") else {"kind": need}]


def of_argument(argument):
    """The definition of an argument that only the command line has."""
    out = {"name": argument.dest, "doc": argument.help}
    if argument.field is not None:
        alternatives = list(argument.field.type)
    elif argument.action in ("bool", "store_true", "store_false") or argument.flag()["nargs"] == "0":
        alternatives = [{"kind": "bool"}]
    else:
        kinds = kinds_of_parser(argument.kwargs.get("type", str))
        alternatives = [{"kind": k} for k in kinds] if kinds else [{"kind": "string"}] if "type" not in argument.kwargs else list(annotations.ANY)
        if argument.kwargs.get("nargs") in ("+", "*") or argument.action == "append":
            alternatives = [{"kind": "list", "items": alternatives}]
    alternatives = with_choices(alternatives, argument.choices)
    default = argument.kwargs.get("default")
    if argument.action == "store_true" and "default" not in argument.kwargs:
        default = False
    if argument.action == "store_false" and "default" not in argument.kwargs:
        default = True
    if argument.kwargs.get("required") is True or argument.positional and argument.kwargs.get("nargs") != "?":
        out["required"] = True
    else:
        set_default(out, default)
    out["flag"] = argument.flag()
    if argument.deprecated:
        out["deprecated"] = argument.deprecated
    out["type"] = fit_default(clean(alternatives), out)
    return out
