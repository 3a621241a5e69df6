"""Finds where a package reads environment variables itself, and evaluates these places.

A place is the whole expression around a read that gives its value a form:
int(os.environ.get("X", "1")), os.getenv("X", "").lower() in ("1", "true"),
get_bool_env_var("X", "true"). What calls anything else is not part of it.
"""
import ast
import os

FORMS = {"int", "float", "bool", "str"}
METHODS = {"lower", "upper", "strip", "split"}


def find(package, families):
    """The places by the variable's name, as compiled expressions with the helpers that
    their files import. families are the helpers by the module that files import them from."""
    found = {}
    for folder, _, files in os.walk(package):
        for file in files:
            if not file.endswith(".py"):
                continue
            with open(os.path.join(folder, file), encoding="utf-8") as f:
                text = f.read()
            if "environ" in text or "getenv" in text or "env_var" in text:
                tree = ast.parse(text)
                family = imported(tree, families)
                for name, place in places(tree, families[family]):
                    found.setdefault(name, {})[ast.unparse(place), family] = None
    return {name: [(compile(text, text, "eval"), families[family]) for text, family in sorted(texts)] for name, texts in found.items()}


def imported(tree, families):
    """The module that a file has its helpers from; the first of the families where it has none."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in families and any("env_var" in a.name for a in node.names):
            return node.module
    return next(iter(families))


def places(tree, helpers):
    parent = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    for node in ast.walk(tree):
        name = variable(node, helpers)
        if name:
            place = node
            while gives_form(parent.get(place), place):
                place = parent[place]
            if not any(isinstance(n, ast.Name) and not known(n.id, helpers) for n in ast.walk(place)):
                yield name, place


def known(name, helpers):
    return name in FORMS or name == "os" or name in helpers


def variable(node, helpers):
    """The name of the variable that an expression reads, None for another one."""
    if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "os.environ" and isinstance(node.ctx, ast.Load):
        name = node.slice
    elif isinstance(node, ast.Call) and node.args and (ast.unparse(node.func) in ("os.environ.get", "os.getenv") or isinstance(node.func, ast.Name) and node.func.id in helpers):
        name = node.args[0]
    else:
        return None
    return name.value if isinstance(name, ast.Constant) and isinstance(name.value, str) else None


def gives_form(node, child):
    """Whether node gives the value of child a form."""
    if isinstance(node, ast.Attribute):
        return node.attr in METHODS
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id in FORMS or node.func is child and isinstance(child, ast.Attribute)
    if isinstance(node, ast.Compare):
        return all(constant(c) for c in [node.left, *node.comparators] if c is not child)
    return isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)


def constant(node):
    try:
        ast.literal_eval(node)
        return True
    except ValueError:
        return False


def evaluate(places):
    """What the places read, the first one's value; any that fails raises."""
    return [eval(place, {"os": os, **helpers}) for place, helpers in places][0]
