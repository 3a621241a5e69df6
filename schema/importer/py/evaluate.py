"""Evaluates the part of Python in which engines write down their arguments.

Nothing of the package is run: the evaluator walks the syntax tree, and whatever it
does not know (the hardware, other packages) becomes Unknown.
"""

import ast
import operator

from classes import Classes
from package import Class, Function, Module
from statements import Statements
from values import Instance, Member, Native, ReturnValue, Stop, Unknown


OPERATORS = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.Pow: operator.pow, ast.LShift: operator.lshift,
    ast.BitOr: operator.or_, ast.BitAnd: operator.and_, ast.Eq: operator.eq, ast.NotEq: operator.ne,
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
    ast.Is: operator.is_, ast.IsNot: operator.is_not,
    ast.In: lambda a, b: a in b, ast.NotIn: lambda a, b: a not in b,
}
BUILTINS = {
    f.__name__: f
    for f in (list, tuple, set, dict, sorted, str, int, float, bool, len, min, max, range, zip, enumerate,
              reversed, sum, any, all, abs, round, frozenset, repr)
}
NATIVE_TYPES = (str, list, dict, set, tuple, frozenset, int, float, bool, range)
MAX_DEPTH = 40


class Evaluator(Statements, Classes):
    """natives maps names of functions to ours, which get the evaluated arguments."""

    def __init__(self, package, natives=None):
        self.package, self.depth = package, 0
        self.natives = natives or {}

    # Names and modules

    def value_of(self, module, name):
        """The value of a top-level name."""
        if name in module.values:
            return module.values[name]
        module.values[name] = Unknown(name)  # stops a circle
        module.values[name] = self._value_of(module, name)
        return module.values[name]

    def _value_of(self, module, name):
        found = self.package.find(module, name)
        if found is None:
            return Unknown(name)
        at, node = found
        if node is None:
            return at
        if isinstance(node, ast.ClassDef):
            return Class(at, node)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            return Function(at, node)
        return self.eval(node, at, {})

    def lookup(self, name, module, env):
        if name in env:
            return env[name]
        if name in self.natives:
            return Native(self.natives[name])
        if module is not None and self.package.find(module, name):
            return self.value_of(module, name)
        if name in BUILTINS:
            return BUILTINS[name]
        return Unknown(name)

    # Expressions

    def eval(self, node, module, env):
        try:
            self.depth += 1
            if self.depth > MAX_DEPTH * 4:
                return Unknown(ast.unparse(node))
            method = getattr(self, "eval_" + type(node).__name__, None)
            return method(node, module, env) if method else Unknown(ast.unparse(node))
        except (ReturnValue, Stop):
            raise
        except Exception:  # whatever the source does that we can not: not known
            return Unknown(ast.unparse(node))
        finally:
            self.depth -= 1

    def eval_Constant(self, node, module, env):
        return node.value

    def eval_Name(self, node, module, env):
        return self.lookup(node.id, module, env)

    def elements(self, nodes, module, env):
        out = []
        for n in nodes:
            if isinstance(n, ast.Starred):
                inner = self.eval(n.value, module, env)
                out.extend(self.iterate(inner))
            else:
                out.append(self.eval(n, module, env))
        return out

    def iterate(self, value):
        if isinstance(value, Class):
            return list(self.members(value).values())
        if isinstance(value, Unknown):
            raise ValueError("unknown")
        return list(value)

    def eval_List(self, node, module, env):
        return self.elements(node.elts, module, env)

    def eval_Tuple(self, node, module, env):
        return tuple(self.elements(node.elts, module, env))

    def eval_Set(self, node, module, env):
        return set(self.elements(node.elts, module, env))

    def eval_Dict(self, node, module, env):
        out = {}
        for k, v in zip(node.keys, node.values):
            if k is None:
                out.update(self.eval(v, module, env))
            else:
                out[self.eval(k, module, env)] = self.eval(v, module, env)
        return out

    def eval_JoinedStr(self, node, module, env):
        parts = []
        for v in node.values:
            if isinstance(v, ast.Constant):
                parts.append(v.value)
                continue
            inner = self.eval(v.value, module, env)
            if isinstance(inner, Member):
                inner = inner.value
            parts.append("{" + inner.text + "}" if isinstance(inner, Unknown) else str(inner))
        return "".join(parts)

    def eval_BinOp(self, node, module, env):
        left, right = self.eval(node.left, module, env), self.eval(node.right, module, env)
        if isinstance(left, Unknown) or isinstance(right, Unknown):
            return Unknown(ast.unparse(node))
        return OPERATORS[type(node.op)](left, right)

    def eval_UnaryOp(self, node, module, env):
        value = self.eval(node.operand, module, env)
        if isinstance(value, Unknown):
            return Unknown(ast.unparse(node))
        if isinstance(node.op, ast.Not):
            return not value
        return -value if isinstance(node.op, ast.USub) else value

    def eval_BoolOp(self, node, module, env):
        is_and = isinstance(node.op, ast.And)
        unknown, value = False, None
        for v in node.values:
            value = self.eval(v, module, env)
            if isinstance(value, Unknown):
                unknown = True
            elif bool(value) != is_and:
                return value
        return Unknown(ast.unparse(node)) if unknown else value

    def eval_Compare(self, node, module, env):
        left = self.eval(node.left, module, env)
        for op, comparator in zip(node.ops, node.comparators):
            right = self.eval(comparator, module, env)
            if isinstance(left, Unknown) or isinstance(right, Unknown):
                return Unknown(ast.unparse(node))
            if not OPERATORS[type(op)](left, right):
                return False
            left = right
        return True

    def eval_IfExp(self, node, module, env):
        test = self.eval(node.test, module, env)
        if isinstance(test, Unknown):
            return Unknown(ast.unparse(node))
        return self.eval(node.body if test else node.orelse, module, env)

    def eval_Subscript(self, node, module, env):
        value = self.eval(node.value, module, env)
        if isinstance(node.slice, ast.Slice):
            low = self.eval(node.slice.lower, module, env) if node.slice.lower else None
            high = self.eval(node.slice.upper, module, env) if node.slice.upper else None
            return value[low:high]
        if isinstance(value, (Unknown, Class)):
            return Unknown(ast.unparse(node))
        return value[self.eval(node.slice, module, env)]

    def eval_Lambda(self, node, module, env):
        return Function(module, node, bound=env)

    def comprehend(self, generators, module, env, visit):
        if not generators:
            visit(env)
            return
        g = generators[0]
        for item in self.iterate(self.eval(g.iter, module, env)):
            inner = dict(env)
            self.assign(g.target, item, module, inner)
            tests = [self.eval(t, module, inner) for t in g.ifs]
            if all(not isinstance(t, Unknown) and t for t in tests):
                self.comprehend(generators[1:], module, inner, visit)

    def eval_ListComp(self, node, module, env):
        out = []
        self.comprehend(node.generators, module, env, lambda e: out.append(self.eval(node.elt, module, e)))
        return out

    eval_GeneratorExp = eval_ListComp

    def eval_SetComp(self, node, module, env):
        return set(self.eval_ListComp(node, module, env))

    def eval_DictComp(self, node, module, env):
        out = {}

        def visit(e):
            out[self.eval(node.key, module, e)] = self.eval(node.value, module, e)

        self.comprehend(node.generators, module, env, visit)
        return out

    # Attributes and calls

    def eval_Attribute(self, node, module, env):
        text = ast.unparse(node)
        if text in self.natives:
            value = self.natives[text]
            return Native(value) if callable(value) else value
        return self.attribute(self.eval(node.value, module, env), node.attr, text)

    def attribute(self, value, name, text):
        if isinstance(value, Module):
            found = self.value_of(value, name)
            return Unknown(text) if isinstance(found, Unknown) else found
        if isinstance(value, Class):
            return self.class_attribute(value, name, text)
        if isinstance(value, Function) and name == "__doc__":
            return ast.get_docstring(value.node) or ""
        if isinstance(value, Member):
            return {"value": value.value, "name": value.name}.get(name, Unknown(text))
        if isinstance(value, Instance):
            # An environment variable of a descriptor class reads as its default.
            if name in ("get", "value"):
                default = value.args[0] if value.args else value.kwargs.get("default", Unknown(text))
                return Native(lambda *a, **k: default) if name == "get" else default
            if isinstance(value.of, Class):
                method = self.method(value.of, name)
                return Function(*method, bound=value) if method else self.class_attribute(value.of, name, text)
            return Unknown(text)
        if isinstance(value, NATIVE_TYPES) or getattr(value, "is_recorder", False):
            return getattr(value, name)
        return Unknown(text)

    def eval_Call(self, node, module, env):
        args = self.elements(node.args, module, env)
        kwargs = {}
        for k in node.keywords:
            value = self.eval(k.value, module, env)
            if k.arg is None:
                if isinstance(value, dict):
                    kwargs.update(value)
            else:
                kwargs[k.arg] = value
        if isinstance(node.func, ast.Name) and node.func.id == "super":
            return Instance(Unknown("super"), [], {})
        if isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) == "super()":
            return self.call_super(node, module, env, args, kwargs)
        return self.call(self.eval(node.func, module, env), args, kwargs, ast.unparse(node))

    def call_super(self, node, module, env, args, kwargs):
        owner = env.get("__class__")
        for base in self.bases(owner) if owner else []:
            method = self.method(base, node.func.attr)
            if method:
                return self.call(Function(*method, bound=env.get("cls") or base), args, kwargs, ast.unparse(node))
        return Unknown(ast.unparse(node))

    def call(self, fn, args, kwargs, text):
        if isinstance(fn, Native):
            return fn.fn(*args, **kwargs)
        if isinstance(fn, Function):
            return self.call_function(fn, args, kwargs, text)
        if isinstance(fn, Class):
            if self.is_enum(fn):
                for m in self.members(fn).values():
                    if args and m.value == args[0]:
                        return m
                return Unknown(text)
            return Instance(fn, args, kwargs)
        if isinstance(fn, Unknown):
            return Instance(fn, args, kwargs) if fn.text.rpartition(".")[2] in ("field", "Field", "Arg") else Unknown(text)
        if callable(fn):
            if fn in (list, tuple, set, sorted, frozenset) and args and isinstance(args[0], Class):
                args = [self.iterate(args[0])] + args[1:]
            if any(isinstance(a, Unknown) for a in args) and not getattr(getattr(fn, "__self__", None), "is_recorder", False):
                if getattr(fn, "__name__", "") not in ("append", "add", "update", "extend", "pop", "setdefault", "get"):
                    return Unknown(text)
            return fn(*args, **kwargs)
        return Unknown(text)

    def call_function(self, fn, args, kwargs, text):
        if self.depth > MAX_DEPTH:
            return Unknown(text)
        env = {}
        if isinstance(fn.node, ast.Lambda):
            env.update(fn.bound if isinstance(fn.bound, dict) else {})
        a = fn.node.args
        names = [p.arg for p in a.posonlyargs + a.args]
        decorators = {ast.unparse(d) for d in getattr(fn.node, "decorator_list", [])}
        if isinstance(fn.bound, (Class, Instance)) and "staticmethod" not in decorators and names:
            args = [fn.bound, *args]
            env["__class__"] = fn.bound if isinstance(fn.bound, Class) else fn.bound.of
        for name, default in zip(reversed(names), reversed(a.defaults)):
            env[name] = self.eval(default, fn.module, {})
        for p, default in zip(a.kwonlyargs, a.kw_defaults):
            env[p.arg] = self.eval(default, fn.module, {}) if default is not None else Unknown(p.arg)
        for name in names[len(args):]:
            env.setdefault(name, Unknown(name))
        env.update(zip(names, args))
        env.update(kwargs)
        if isinstance(fn.node, ast.Lambda):
            return self.eval(fn.node.body, fn.module, env)
        try:
            self.run(fn.node.body, fn.module, env)
        except ReturnValue as r:
            return r.value
        except Stop:
            return Unknown(text)
        return None
