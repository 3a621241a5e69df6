"""Reads what a settings class refuses over several of its keys when it is made:
`if self.x and not self.y: raise ValueError(...)` in its validators, as conditions
in a part of Python's own grammar:

    names of keys, constants, tuples of constants, and or not, == != < <= > >=,
    in, not in, is None, is not None, len(key), count(condition, ...)

A condition that reads anything else (the platform, another class, a computed value)
is left out: what is reported has to be refused by the engine for certain.
"""

import ast
import copy

from values import Unknown

COMPARED = (ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE)


class Unclear(Exception):
    """An expression that the conditions cannot hold."""


class Reader:
    def __init__(self, types, fields):
        self.types, self.ev, self.fields = types, types.ev, fields

    def of_class(self, cls):
        """{key: [(condition, message)]}, by the first key of each condition. A key that
        may never be set at all is no matter of several."""
        out = {}
        methods = [(c, m) for c in [cls] + self.ev.bases(cls) for m in c.node.body if isinstance(m, ast.FunctionDef)]
        started = {m.name for _, m in methods if runs_at_start(m)}
        started |= {name for _, m in methods if m.name in started for name in called(m)}
        for c, method in methods:
            # A key that another method may have changed before is not what was written.
            changed = set().union(*(stored(m) for _, m in methods if m is not method))
            if method.name in started:
                for condition, message in Method(self, c, method, changed).refusals():
                    key = first_key(condition)
                    found = (ast.unparse(condition), message)
                    if key and found[0] != f"{key} is not None" and found not in out.setdefault(key, []):
                        out[key].append(found)
        return {key: found for key, found in out.items() if found}


def called(method):
    """The methods that a method always calls: statements of its own, `self._verify_args()`."""
    for s in method.body:
        if isinstance(s, ast.Expr) and isinstance(s.value, ast.Call) and isinstance(s.value.func, ast.Attribute) and not s.value.args:
            yield s.value.func.attr


def stored(method):
    return {n.attr for n in ast.walk(method) if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store)}


def runs_at_start(method):
    """Whether the class runs a method whenever it is made from a map."""
    if method.name == "__post_init__":
        return True
    return any(isinstance(d, ast.Call) and ast.unparse(d) == "model_validator(mode='after')" for d in method.decorator_list)


def first_key(condition):
    found = [n for n in ast.walk(condition) if isinstance(n, ast.Name) and n.id not in ("len", "count")]
    return min(found, key=lambda n: n.at).id if found else None


class Method:
    """One method, read from its first statement on."""

    def __init__(self, reader, cls, method, changed):
        self.reader, self.cls, self.method = reader, cls, method
        self.self = method.args.args[0].arg if method.args.args else "self"
        self.env, self.changed, self.found, self.order = {}, changed, [], 0

    def refusals(self):
        self.block(self.method.body, [])
        return self.found

    def block(self, body, guards):
        """Reads statements that run where all the guards hold; each guard is a
        condition, or None for one that is not clear. Returns whether the class may be
        taken where they leave: by a return, not by an error."""
        for s in body:
            if isinstance(s, ast.Raise):
                self.refuse(guards, s.exc)
                return False
            if isinstance(s, ast.Return):
                return True
            if isinstance(s, ast.Assert):
                self.refuse(guards + [self.condition(s.test, True)], s.msg)
            elif isinstance(s, ast.If):
                before = dict(self.env)
                left = self.block(s.body, guards + [self.condition(s.test)])
                left_else = self.block(s.orelse, guards + [self.condition(s.test, True)])
                self.env = {k: v for k, v in self.env.items() if before.get(k) is v}
                if left or left_else:
                    guards = guards + [self.condition(s.test, negate=left) if left != left_else else None]
            elif isinstance(s, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
                self.assign(s)
            elif not isinstance(s, (ast.Expr, ast.Import, ast.ImportFrom, ast.Pass)):
                self.forget(s)
        return False

    def assign(self, s):
        targets = s.targets if isinstance(s, ast.Assign) else [s.target]
        if len(targets) == 1 and isinstance(targets[0], ast.Name) and isinstance(s, ast.Assign):
            try:
                self.env[targets[0].id] = self.term(s.value)
            except Unclear:
                self.env.pop(targets[0].id, None)
            return
        self.forget(s)

    def forget(self, s):
        """What a statement may change is not known after it."""
        for n in ast.walk(s):
            if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store):
                self.changed.add(n.attr)
            elif isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store):
                self.env.pop(n.id, None)

    def refuse(self, guards, exception):
        if not guards or any(g is None for g in guards):
            return
        condition = guards[0] if len(guards) == 1 else ast.BoolOp(ast.And(), guards)
        self.found.append((condition, self.message(exception)))

    def condition(self, node, negate=False):
        try:
            term = self.term(node)
        except Unclear:
            return None
        return ast.UnaryOp(ast.Not(), term) if negate else term

    def term(self, node):
        """The expression with the keys' names for self's attributes."""
        if isinstance(node, ast.BoolOp):
            return ast.BoolOp(node.op, [self.term(v) for v in node.values])
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return ast.UnaryOp(node.op, self.term(node.operand))
        if isinstance(node, ast.Compare):
            return self.comparison(node)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == self.self:
            return self.key(node.attr)
        if isinstance(node, ast.Name) and node.id in self.env:
            return copy.deepcopy(self.env[node.id])
        if isinstance(node, ast.Call):
            return self.call(node)
        if isinstance(node, ast.ListComp):
            return self.filtered(node)
        return self.constant(node)

    def key(self, name):
        if name not in self.reader.fields or name in self.changed:
            raise Unclear
        self.order += 1
        out = ast.Name(name)
        out.at = self.order
        return out

    def comparison(self, node):
        ops, terms = [type(o) for o in node.ops], [self.term(t) for t in [node.left, *node.comparators]]
        for op, right in zip(ops, terms[1:]):
            if op in (ast.Is, ast.IsNot) and not (isinstance(right, ast.Constant) and right.value is None):
                raise Unclear
            if op in (ast.In, ast.NotIn) and not isinstance(right, ast.Tuple):
                raise Unclear
            if op not in COMPARED + (ast.Is, ast.IsNot, ast.In, ast.NotIn):
                raise Unclear
        return ast.Compare(terms[0], node.ops, terms[1:])

    def call(self, node):
        name = ast.unparse(node.func)
        if len(node.args) != 1 or node.keywords:
            raise Unclear
        if name == "bool":
            return self.term(node.args[0])
        if name == "len":
            return ast.Call(ast.Name("len"), [self.term(node.args[0])], [])
        if name == "sum" and isinstance(node.args[0], (ast.List, ast.Tuple)):
            parts = [self.term(e) for e in node.args[0].elts]
            if all(isinstance(p, (ast.Compare, ast.UnaryOp)) for p in parts):  # each is a truth
                return ast.Call(ast.Name("count"), parts, [])
        raise Unclear

    def filtered(self, node):
        """[a for a, b in ((..), ..) if b != c], which is true where one of them is left."""
        g = node.generators[0]
        if len(node.generators) != 1 or len(g.ifs) != 1 or not isinstance(g.iter, ast.Tuple) or not isinstance(g.target, ast.Tuple):
            raise Unclear
        outside, left = self.env, []
        for row in g.iter.elts:
            if not isinstance(row, ast.Tuple) or len(row.elts) != len(g.target.elts):
                raise Unclear
            self.env = {**outside, **{t.id: self.term(e) for t, e in zip(g.target.elts, row.elts)}}
            try:
                left.append(self.term(g.ifs[0]))
            finally:
                self.env = outside
        return ast.BoolOp(ast.Or(), left)

    def constant(self, node):
        value = self.reader.ev.eval(node, self.cls.module, {})
        return constant_of(value)

    def message(self, exception):
        """The words of the error."""
        words = []
        for n in getattr(exception, "args", []) if isinstance(exception, ast.Call) else [exception]:
            if isinstance(n, ast.Constant) and isinstance(n.value, str):
                words.append(n.value)
            elif isinstance(n, ast.JoinedStr):
                words.append("".join(self.part(v) for v in n.values))
        return " ".join(" ".join(words[:1]).split())

    def part(self, v):
        """A key in braces stands for its value; what else is computed is not said."""
        if isinstance(v, ast.Constant):
            return v.value
        if isinstance(v.value, ast.Call) and ast.unparse(v.value.func) == "get_args":
            words = [a.get("value") for a in self.reader.types.alternatives(v.value.args[0], self.cls.module)]
            return ", ".join(dict.fromkeys(w for w in words if isinstance(w, str)))
        name = ast.unparse(v.value).removeprefix(self.self + ".")
        return "{" + name + "}" if name in self.reader.fields else "…"


def constant_of(value):
    if isinstance(value, (list, tuple, set, frozenset)):
        return ast.Tuple([constant_of(v) for v in (value if isinstance(value, (list, tuple)) else sorted(value, key=str))])
    if isinstance(value, Unknown) or not (value is None or isinstance(value, (bool, int, float, str))):
        raise Unclear
    return ast.Constant(value)
