"""Reads the ranges that an engine enforces by hand: `if self.x > 1: raise ValueError`
and `assert self.x > 0` on one key alone and on every path."""

import ast
from values import Unknown


FLIP = {ast.Gt: ast.Lt, ast.Lt: ast.Gt, ast.GtE: ast.LtE, ast.LtE: ast.GtE, ast.Eq: ast.Eq, ast.NotEq: ast.NotEq}
NEGATE = {
    ast.Gt: ast.LtE, ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.LtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In,
}
NAMES = {ast.Gt: "gt", ast.GtE: "ge", ast.Lt: "lt", ast.LtE: "le"}


class NotSimple(Exception):
    pass


class Names:
    """What stands for the keys: attributes of the owners, and parameters by name."""

    def __init__(self, owner):
        self.owners, self.parameters = ({owner} if owner else set()), {}


class LimitReader:
    def __init__(self, evaluator):
        self.ev = evaluator

    def of_function(self, module, function, owner):
        """Conditions by key: {"x": [("gt", 0), ("in", [..]), ("or", 3)]}. owner is the
        name that keys are attributes of ("self")."""
        scope = Names(owner)
        out, allowed = {}, {}
        self.walk(function.body, module, scope, {}, out, allowed)
        for key, values in allowed.items():
            if key in out:
                out[key] += [("or", v) for v in values]
        return out

    def conversions(self, module, function, owner):
        """Values that a function replaces before they are tested: {"top_k": [-1]}."""
        allowed = {}
        for s in function.body:
            if isinstance(s, ast.If):
                self.note_conversion(s, module, Names(owner), {}, allowed)
        return allowed

    def walk(self, body, module, owner, env, out, allowed):
        for s in body:
            if isinstance(s, ast.Assert):
                self.note(s.test, False, module, owner, env, out)
            elif isinstance(s, ast.If):
                self.walk_if(s, module, owner, env, out, allowed)
            elif isinstance(s, ast.Assign) and len(s.targets) == 1 and isinstance(s.targets[0], ast.Name):
                self.walk_assign(s, module, owner, env)
            elif isinstance(s, ast.Expr) and isinstance(s.value, ast.Call):
                self.walk_call(s.value, module, owner, out, allowed)

    def walk_if(self, s, module, owner, env, out, allowed):
        guard = self.guard(s.test, owner)
        if s.body and isinstance(s.body[-1], ast.Raise):
            self.note(s.test, True, module, owner, env, out)
            # elif of a chain that raises in every arm before: reached by the rest.
            if s.orelse and isinstance(s.orelse[0], ast.If):
                self.walk(s.orelse[:1], module, owner, env, out, allowed)
        elif guard:
            # Inside `if self.x is not None` what is said of x holds wherever x is set.
            inner = {}
            self.walk(s.body, module, owner, env, inner, allowed)
            if guard in inner:
                out.setdefault(guard, []).extend(inner[guard])
        else:
            self.note_conversion(s, module, owner, env, allowed)

    def walk_assign(self, s, module, owner, env):
        name = s.targets[0].id
        if isinstance(s.value, ast.Call) and any(getattr(a, "id", "") in owner.owners for a in s.value.args[:1]):
            owner.owners.add(name)  # cfg = resolving_view(server_args)
        elif "envs." in ast.unparse(s.value):
            env[name] = Unknown(name)  # a limit that the user can move
        else:
            env[name] = self.ev.eval(s.value, module, env)

    def walk_call(self, call, module, owner, out, allowed):
        """A helper that checks the value of a key: _verify(self.n, "n")."""
        found = isinstance(call.func, ast.Name) and self.ev.package.find(module, call.func.id)
        if not found or not isinstance(found[1], ast.FunctionDef):
            return
        names = Names("")
        for p, a in zip(found[1].args.args, call.args):
            key = self.key(a, owner)
            if key:
                names.parameters[p.arg] = key
        if names.parameters:
            self.walk(found[1].body, found[0], names, {}, out, allowed)

    def note_conversion(self, s, module, owner, env, allowed):
        """`if self.x == -1: self.x = ...` before a test of x lets -1 pass."""
        for a in s.body:
            if isinstance(a, ast.Assign) and len(a.targets) == 1:
                key = self.key(a.targets[0], owner)
                if key and isinstance(s.test, ast.Compare) and self.key(s.test.left, owner) == key:
                    if isinstance(s.test.ops[0], ast.Eq):
                        value = self.ev.eval(s.test.comparators[0], module, env)
                        if isinstance(value, (int, float)):
                            allowed.setdefault(key, []).append(value)

    def note(self, test, refuses, module, owner, env, out):
        try:
            conditions = self.conditions(test, refuses, module, owner, env)
        except NotSimple:
            return
        for key, condition in conditions:
            if condition not in out.setdefault(key, []):
                out[key].append(condition)

    def key(self, node, owner):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in owner.owners:
            return node.attr
        return owner.parameters.get(node.id) if isinstance(node, ast.Name) else None

    def conditions(self, node, negate, module, owner, env):
        """What must hold, as a list of (key, condition): all of them."""
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return self.conditions(node.operand, not negate, module, owner, env)
        if isinstance(node, ast.BoolOp):
            if isinstance(node.op, ast.And) != negate:
                return self.all_of(node.values, negate, module, owner, env)
            return self.any_of(node.values, negate, module, owner, env)
        if isinstance(node, ast.Compare):
            return self.comparison(node, negate, module, owner, env)
        raise NotSimple

    def guard(self, node, owner):
        """The key that `x is not None`, `isinstance(x, int)` or x itself guards."""
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], (ast.Is, ast.IsNot)):
            return self.key(node.left, owner)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return self.guard(node.operand, owner)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "isinstance":
            return self.key(node.args[0], owner)
        return self.key(node, owner)

    def all_of(self, parts, negate, module, owner, env):
        """All must hold, so each that can be read counts for itself."""
        out = []
        for p in parts:
            try:
                out += self.conditions(p, negate, module, owner, env)
            except NotSimple:
                continue
        if not out:
            raise NotSimple
        return out

    def any_of(self, parts, negate, module, owner, env):
        """One must hold: simple where all are about one key."""
        guards = {self.guard(p, owner) for p in parts} - {None}
        rest = [p for p in parts if not self.guard(p, owner)]
        if guards and len(rest) == 1:  # x is None, or all of these of x
            all_of = self.conditions(rest[0], negate, module, owner, env)
            if {k for k, _ in all_of} == guards:
                return all_of
        found = [self.conditions(p, negate, module, owner, env) for p in parts if not self.guard(p, owner)]
        keys = {k for f in found for k, _ in f} | guards
        if len(keys) != 1 or not found or any(len(f) != 1 for f in found):
            raise NotSimple
        key = keys.pop()
        equal = [c[1] for f in found for _, c in f if c[0] == "eq"]
        other = [c for f in found for _, c in f if c[0] != "eq"]
        if len(other) == 1:
            return [(key, other[0])] + [(key, ("or", v)) for v in equal]
        if not other:
            return [(key, ("in", equal))]
        raise NotSimple

    def comparison(self, node, negate, module, owner, env):
        terms = [node.left, *node.comparators]
        keys = [self.key(t, owner) for t in terms]
        named = [k for k in keys if k]
        if len(named) != 1:
            raise NotSimple
        key = named[0]
        values = [None if k else self.constant(t, module, env) for k, t in zip(keys, terms)]
        out = []
        for i, op in enumerate(node.ops):
            op = type(op)
            if keys[i + 1]:  # 0 < x
                if op not in FLIP:
                    raise NotSimple
                op, value = FLIP[op], values[i]
            elif keys[i]:
                value = values[i + 1]
            else:
                raise NotSimple
            if negate and len(node.ops) > 1:
                raise NotSimple  # not (a <= x <= b): none of the known engines refuses so
            out.append((key, self.condition(NEGATE.get(op, op) if negate else op, value)))
        return out

    def constant(self, node, module, env):
        value = self.ev.eval(node, module, env)
        if isinstance(value, (set, tuple, frozenset)):
            value = sorted(value, key=str)
        if isinstance(value, list):
            if value and all(isinstance(v, (str, int, float)) for v in value):
                return value
        elif isinstance(value, (int, float, str)) and not isinstance(value, bool):
            return value
        raise NotSimple

    def condition(self, op, value):
        if op in NAMES and isinstance(value, (int, float)):
            return NAMES[op], value
        if op is ast.Eq and not isinstance(value, list):
            return "eq", value
        if op is ast.NotEq and not isinstance(value, list):
            return "not", value
        if op is ast.In and isinstance(value, list):
            return "in", value
        raise NotSimple


# Ranges that releases enforce far from the arguments (in the executor, the memory
# profiler, the scheduler) and not as a test that can be read here.
USUAL = {
    "tensor_parallel_size": ("ge", 1), "pipeline_parallel_size": ("ge", 1), "data_parallel_size": ("ge", 1),
    "tp_size": ("ge", 1), "pp_size": ("ge", 1), "dp_size": ("ge", 1), "nnodes": ("ge", 1), "node_rank": ("ge", 0),
    "max_num_seqs": ("ge", 1), "max_num_batched_tokens": ("ge", 1), "max_loras_per_batch": ("gt", 0),
    "gpu_memory_utilization": ("gt", 0), "mem_fraction_static": ("gt", 0), "swa_full_tokens_ratio": ("gt", 0),
}
USUAL_MAX = {"gpu_memory_utilization": ("le", 1), "mem_fraction_static": ("le", 1), "swa_full_tokens_ratio": ("le", 1)}


def usual(name, alternatives, source):
    """Adds the usual range of a key on each side that its release leaves open."""
    for table, sides in ((USUAL, ("ge", "gt")), (USUAL_MAX, ("le", "lt"))):
        if name not in table or any(s in a for a in alternatives for s in sides):
            continue
        narrowed = apply(alternatives, [table[name]])
        if narrowed is not None:
            alternatives, source = narrowed, source or "the engine at its start"
    return alternatives, source


def allow(conditions, value):
    """Whether a default passes: checks that refuse it run only for a feature that is off."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return True
    if any(name == "or" and v == value for name, v in conditions):
        return True
    tests = {
        "ge": lambda v: value >= v, "gt": lambda v: value > v, "le": lambda v: value <= v, "lt": lambda v: value < v,
        "not": lambda v: value != v, "in": lambda v: value in v, "eq": lambda v: value == v,
    }
    try:
        return all(tests[name](v) for name, v in conditions if name in tests)
    except TypeError:
        return False


def apply(alternatives, conditions):
    """Narrows the alternatives of a key; returns None where nothing changes."""
    out = []
    changed = False
    for a in alternatives:
        if a["kind"] in ("int", "float"):
            a = dict(a)
            for name, value in conditions:
                if name in ("ge", "gt", "le", "lt") and not isinstance(value, str):
                    tighten(a, name, value)
                    changed = True
                elif name == "not" and not isinstance(value, str) and ("or", value) not in conditions:
                    a.setdefault("not", []).append(value)
                    changed = True
            out.append(a)
            for name, value in conditions:
                if name == "or" and not isinstance(value, str):
                    out.append({"kind": "literal", "value": value})
        else:
            out.append(a)
    allowed = next((v for n, v in conditions if n == "in"), None)
    if allowed:
        kinds = {"int" if isinstance(v, int) else "float" if isinstance(v, float) else "string" for v in allowed}
        kept = [a for a in out if a["kind"] not in kinds and a["kind"] != "literal"]
        if any(a["kind"] in kinds for a in out):
            out = [{"kind": "literal", "value": v} for v in allowed] + kept
            changed = True
    return out if changed else None


def tighten(a, name, value):
    side = ("ge", "gt") if name in ("ge", "gt") else ("le", "lt")
    for n in side:
        if n in a:
            tighter = value >= a[n] if side[0] == "ge" else value <= a[n]
            if not tighter:
                return
            del a[n]
    a[name] = value
