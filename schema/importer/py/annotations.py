"""Turns type annotations, as syntax trees, into lists of alternatives.

An alternative is a dict with "kind": null, bool, int, float, string, list (items:
alternatives), map (values: alternatives, config: name of a settings class), literal
(value), pattern (value: a regular expression that text must match), any, or object (a
Python object, which no file can hold). Numbers may have limits: ge, gt, le, lt, not.
"""

import ast

NULL = {"kind": "null"}
ANY = [{"kind": "any"}]
OBJECT = [{"kind": "object"}]

SIMPLE = {
    "str": "string", "int": "int", "float": "float", "bool": "bool", "None": "null", "NoneType": "null",
    "Path": "string", "PathLike": "string", "bytes": "string", "object": "any", "Any": "any",
    "Callable": "object", "dtype": "object", "ndarray": "list", "timedelta": "float",
}
LIMITED = {
    "PositiveInt": {"kind": "int", "gt": 0}, "NonNegativeInt": {"kind": "int", "ge": 0},
    "PositiveFloat": {"kind": "float", "gt": 0}, "NonNegativeFloat": {"kind": "float", "ge": 0},
}
LISTS = {"list", "List", "set", "Set", "frozenset", "Sequence", "Iterable", "tuple", "Tuple", "Collection", "deque"}
MAPS = {"dict", "Dict", "Mapping", "MutableMapping", "defaultdict", "OrderedDict"}
# Wrappers whose first argument is the type itself.
WRAPPERS = {"Annotated", "SkipValidation", "ClassVar", "InitVar", "Final", "Required", "NotRequired", "A"}


def last_name(node):
    """The name of a.b.c is c; None for anything that is no name."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    return None


def merge(groups):
    """One list without repeats, order kept; Python objects only if there is nothing else."""
    out = []
    for group in groups:
        for alt in group:
            if alt not in out:
                out.append(alt)
    if any(a["kind"] not in ("object", "null") for a in out):
        out = [a for a in out if a["kind"] != "object"]
    return out


def arguments(node):
    return node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]


def literal_values(nodes, resolve):
    out = []
    for n in nodes:
        if isinstance(n, ast.Constant):
            out.append(dict(NULL) if n.value is None else {"kind": "literal", "value": n.value})
        elif isinstance(n, ast.UnaryOp) and isinstance(n.op, ast.USub) and isinstance(n.operand, ast.Constant):
            out.append({"kind": "literal", "value": -n.operand.value})
        else:
            out.extend(resolve(n) or ANY)
    return out


def alternatives(node, resolve):
    """The alternatives of an annotation. resolve(node) gives those of a name
    that Python itself does not know, or None."""
    if node is None:
        return list(ANY)
    if isinstance(node, ast.Constant):
        if node.value is None:
            return [dict(NULL)]
        if isinstance(node.value, str):
            try:
                return alternatives(ast.parse(node.value, mode="eval").body, resolve)
            except SyntaxError:
                return list(ANY)
        return list(ANY)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return merge([alternatives(node.left, resolve), alternatives(node.right, resolve)])
    if isinstance(node, ast.Subscript):
        return subscript(node, resolve)
    name = last_name(node)
    if name is None:
        return list(ANY)
    if name in LIMITED:
        return [dict(LIMITED[name])]
    if name in SIMPLE:
        return [{"kind": SIMPLE[name]}]
    if name in LISTS:
        return [{"kind": "list"}]
    if name in MAPS:
        return [{"kind": "map"}]
    return resolve(node) or list(OBJECT)


def subscript(node, resolve):
    name, args = last_name(node.value), arguments(node)
    if name == "Optional":
        return merge([alternatives(args[0], resolve), [dict(NULL)]])
    if name == "Union":
        return merge([alternatives(a, resolve) for a in args])
    if name == "Literal":
        return merge([literal_values(args, resolve)])
    if name in WRAPPERS:
        return alternatives(args[0], resolve)
    if name in LISTS:
        args = [a for a in args if not (isinstance(a, ast.Constant) and a.value is Ellipsis)]
        items = merge([alternatives(a, resolve) for a in args])
        return [{"kind": "list"} if items == ANY else {"kind": "list", "items": items}]
    if name in MAPS:
        values = alternatives(args[1], resolve) if len(args) > 1 else list(ANY)
        return [{"kind": "map"} if values == ANY else {"kind": "map", "values": values}]
    if name in ("type", "Type", "Callable"):
        # A class can not stand in a file; where its dotted name can, there is str beside it.
        return list(OBJECT)
    return resolve(node.value) or list(OBJECT)
