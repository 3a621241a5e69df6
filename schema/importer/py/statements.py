"""The statements that the evaluator walks through."""

import ast

from package import Function
from values import Native, ReturnValue, Stop, Unknown


class Statements:
    """The part of the evaluator that runs function bodies."""

    def run(self, body, module, env):
        for s in body:
            method = getattr(self, "run_" + type(s).__name__, None)
            if method:
                method(s, module, env)

    def run_Expr(self, s, module, env):
        self.eval(s.value, module, env)

    def run_Return(self, s, module, env):
        raise ReturnValue(self.eval(s.value, module, env) if s.value else None)

    def run_Raise(self, s, module, env):
        raise Stop()

    def run_Assign(self, s, module, env):
        value = self.eval(s.value, module, env)
        for t in s.targets:
            self.assign(t, value, module, env)

    def run_AnnAssign(self, s, module, env):
        if s.value is not None:
            self.assign(s.target, self.eval(s.value, module, env), module, env)

    def run_AugAssign(self, s, module, env):
        self.assign(s.target, self.eval(ast.BinOp(s.target, s.op, s.value), module, env), module, env)

    def run_Delete(self, s, module, env):
        for t in s.targets:
            if isinstance(t, ast.Subscript):
                box, key = self.eval(t.value, module, env), self.eval(t.slice, module, env)
                if isinstance(box, dict):
                    box.pop(key, None)

    def assign(self, target, value, module, env):
        if isinstance(target, ast.Name):
            env[target.id] = value
        elif isinstance(target, (ast.Tuple, ast.List)):
            parts = list(value) if isinstance(value, (list, tuple)) else [Unknown()] * len(target.elts)
            for t, v in zip(target.elts, parts):
                self.assign(t, v, module, env)
        elif isinstance(target, ast.Subscript):
            box, key = self.eval(target.value, module, env), self.eval(target.slice, module, env)
            if isinstance(box, (dict, list)):
                box[key] = value

    def run_If(self, s, module, env):
        test = self.eval(s.test, module, env)
        if isinstance(test, Unknown):
            # What some machines define is defined; what ends the function is not taken.
            if not isinstance(s.body[-1], (ast.Return, ast.Raise, ast.Continue, ast.Break)):
                self.run(s.body, module, env)
            self.run(s.orelse, module, env)
        else:
            self.run(s.body if test else s.orelse, module, env)

    def run_For(self, s, module, env):
        items = self.eval(s.iter, module, env)
        try:
            items = self.iterate(items)
        except (TypeError, ValueError):
            return
        for item in items:
            self.assign(s.target, item, module, env)
            try:
                self.run(s.body, module, env)
            except Stop:
                continue

    def run_With(self, s, module, env):
        self.run(s.body, module, env)

    def run_Try(self, s, module, env):
        self.run(s.body, module, env)
        self.run(s.finalbody, module, env)

    def run_FunctionDef(self, s, module, env):
        env[s.name] = Function(module, s)

    def run_ImportFrom(self, s, module, env):
        source = module._source(s)
        for alias in s.names:
            target = self.package.module(source)
            env[alias.asname or alias.name] = (
                self.value_of(target, alias.name) if target else Unknown(alias.name)
            )
            if alias.name in self.natives:
                env[alias.asname or alias.name] = Native(self.natives[alias.name])

    def run_Import(self, s, module, env):
        for alias in s.names:
            target = self.package.module(alias.name)
            if target and alias.asname:
                env[alias.asname] = target
