"""How an expression that reads an environment variable takes its text.

    int       int(text): another text raises
    float     float(text): another text raises
    json      json.loads(text): another text raises
    switch    text == "1" (or != "0"): any other text means the opposite
    truth     one of true, false, 1, 0 in any case; other texts mean false
    bool      the same, and yes, no, y, n
    filled    bool(text): any text but an empty one means true
    word      text.lower() == "true": "1" means false
    text      any text, as it stands

An expression of a shape that is not known here raises Unseen: a wrong guess would
be told to users as if the engine had said it.
"""

import ast

from values import Unseen

GETTERS = ("os.getenv", "os.environ.get", "environ.get", "getenv", "os.environ.pop", "os.environ.setdefault", "_env.get")
STRICT = ("json", "int", "float")  # forms that raise on another text
ORDER = STRICT + ("switch", "word", "truth", "bool", "filled", "text")
CONVERTERS = {
    "int": "int", "float": "float", "maybe_convert_int": "int", "maybe_convert_bool": "int",
    "maybe_convert_json_str_or_file": "json", "json.loads": "json", "json.load": "json",
}
# Calls that hand a text on, whatever they make of it.
PASSING = ("str", "os.path.expanduser", "os.path.abspath", "os.path.join", "Path", "pathlib.Path", "tuple", "list", "set", "sorted", "bool", "len")
METHODS = ("strip", "split", "rstrip", "lstrip", "replace", "upper", "lower", "encode", "startswith")


class Form:
    """A form, and what was done to the text before it is compared."""

    def __init__(self, name, lowered=False):
        self.name, self.lowered = name, lowered


def dotted(node):
    """a.b.c of plain names, None of anything else: ast.unparse takes long."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    return ".".join([node.id, *reversed(parts)])


def is_getter(node):
    return isinstance(node, ast.Call) and dotted(node.func) in GETTERS


def is_variable(node):
    """os.environ["X"]"""
    return isinstance(node, ast.Subscript) and dotted(node.value) in ("os.environ", "environ")


def is_presence(node):
    """"X" in os.environ"""
    return isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], (ast.In, ast.NotIn)) and dotted(node.comparators[0]) in ("os.environ", "environ")


def key_of(node):
    """The expression that names the variable which a node reads, or None."""
    if is_getter(node):
        return node.args[0] if node.args else next((k.value for k in node.keywords if k.arg == "key"), None)
    if is_variable(node):
        return node.slice
    return node.left if is_presence(node) else None


class Finder:
    """Finds the form of expressions; functions are those of the module by name.
    With a name, reads of other variables do not count."""

    def __init__(self, functions, name=None):
        self.functions, self.name, self.local = functions, name, {}

    def of(self, node):
        """The form of an expression; None where it does not depend on a variable."""
        if is_getter(node) or is_variable(node):
            key = key_of(node)
            other = self.name and isinstance(key, ast.Constant) and key.value != self.name
            return None if other else Form("text")
        if is_presence(node):
            return None
        method = getattr(self, type(node).__name__, None)
        if method is None:
            raise Unseen(ast.unparse(node))
        return method(node)

    def strictest(self, nodes):
        found = [f for f in map(self.of, nodes) if f]
        return min(found, key=lambda f: ORDER.index(f.name)) if found else None

    def Constant(self, node):
        return None

    def Attribute(self, node):
        return None

    def Name(self, node):
        if node.id in self.local:
            return self.local[node.id]
        found = self.functions.get(node.id)
        return self.function(found) if found is not None else None

    def Lambda(self, node):
        return self.of(node.body)

    def function(self, node):
        inner = Finder(self.functions, self.name)
        returned = []
        for n in ast.walk(node):
            if isinstance(n, ast.Assign) and len(n.targets) == 1 and isinstance(n.targets[0], ast.Name):
                try:
                    found = inner.of(n.value)
                except Unseen:
                    found = None
                if found:
                    inner.local[n.targets[0].id] = found
        for n in ast.walk(node):
            if isinstance(n, ast.Return) and n.value is not None:
                returned.append(n.value)
        return inner.strictest(returned)

    def JoinedStr(self, node):
        return self.strictest(node.values)

    def FormattedValue(self, node):
        found = self.of(node.value)
        return Form("text") if found else None

    def BinOp(self, node):
        return self.strictest([node.left, node.right])

    def UnaryOp(self, node):
        return self.of(node.operand)

    def NamedExpr(self, node):
        found = self.of(node.value)
        if found:
            self.local[node.target.id] = found
        return found

    def IfExp(self, node):
        tested = self.strictest([node.test])
        return self.strictest([node.body, node.orelse]) or tested

    def BoolOp(self, node):
        found = [f for f in map(self.of, node.values) if f]
        # text.lower() in ("true", "1") or bool(text): any text at all turns it on.
        if isinstance(node.op, ast.Or) and any(f.name == "filled" for f in found):
            return Form("filled")
        return min(found, key=lambda f: ORDER.index(f.name)) if found else None

    def List(self, node):
        return self.strictest(node.elts)

    Tuple = Set = List

    def Dict(self, node):
        return None

    def ListComp(self, node):
        return self.of(node.generators[0].iter)

    SetComp = GeneratorExp = ListComp

    def Subscript(self, node):
        return self.of(node.value)

    def Compare(self, node):
        left = self.of(node.left)
        if left is None or left.name != "text":
            return left or self.strictest(node.comparators)
        right = node.comparators[0]
        try:
            words = ast.literal_eval(right)
        except ValueError:
            return Form("text")
        words = [words] if isinstance(words, str) else list(words or [])
        if isinstance(node.ops[0], (ast.In, ast.NotIn)) and isinstance(right, ast.Constant):
            return Form("text")  # part of a longer text
        lower = {w.lower() for w in words}
        if words and lower <= {"0", "1"}:
            return Form("switch")
        if left.lowered and lower <= {"true", "false"} and words:
            return Form("word")
        if left.lowered and "yes" in lower:
            return Form("bool")
        if left.lowered and lower & {"true", "false"}:
            return Form("truth")
        return Form("text")

    def Call(self, node):
        name = ast.unparse(node.func)
        if name in CONVERTERS:
            found = self.strictest(node.args)
            return Form(CONVERTERS[name]) if found else None
        if name in PASSING or name in ("max", "min", "hasattr", "getattr"):
            found = self.strictest(node.args)
            if found and name == "bool" and found.name == "text" and (is_getter(node.args[0]) or is_variable(node.args[0])):
                return Form("filled")
            return found
        if isinstance(node.func, ast.Attribute):
            if isinstance(node.func.value, ast.Dict) and node.func.attr == "get":
                keys = {k.value for k in node.func.value.keys if isinstance(k, ast.Constant)}
                return Form("switch") if keys == {"0", "1"} and self.strictest(node.args) else self.strictest(node.args)
            found = self.of(node.func.value)
            if found and node.func.attr in METHODS:
                return Form(found.name, found.lowered or node.func.attr in ("lower", "upper"))
            if found and found.name == "text":
                raise Unseen(ast.unparse(node))
            if found:
                return found
        if name in self.functions and not node.args and not node.keywords:
            return self.function(self.functions[name])
        if self.strictest(node.args):
            raise Unseen(ast.unparse(node))
        return None
