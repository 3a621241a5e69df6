"""What the evaluator knows of classes: bases, methods, Enum members, attributes."""

import ast

from package import Class, Function
from values import MISSING, Instance, Member, Unknown


class Scope(dict):
    """The names that a class body defines, evaluated when they are asked for."""

    def __init__(self, ev, cls):
        super().__init__()
        self.ev, self.cls = ev, cls

    def __contains__(self, name):
        return any(
            getattr(t, "id", None) == name
            for s in self.cls.node.body
            if isinstance(s, (ast.Assign, ast.AnnAssign)) and s.value is not None
            for t in (s.targets if isinstance(s, ast.Assign) else [s.target])
        )

    def __getitem__(self, name):
        return self.ev.class_attribute(self.cls, name, name)


class Classes:
    """The part of the evaluator that reads class statements."""

    def bases(self, cls):
        """The classes that a class derives from, nearest first, as far as known."""
        out = []
        for b in cls.node.bases:
            base = self.eval(b, cls.module, {})
            if isinstance(base, Class):
                out += [base] + self.bases(base)
        return out

    def is_enum(self, cls):
        names = {ast.unparse(b).rpartition(".")[2] for c in [cls] + self.bases(cls) for b in c.node.bases}
        return bool(names & {"Enum", "IntEnum", "StrEnum", "Flag", "IntFlag"})

    def members(self, cls):
        """The members of an Enum class by name."""
        out = {}
        for c in reversed([cls] + self.bases(cls)):
            for s in c.node.body:
                if isinstance(s, ast.Assign) and isinstance(s.targets[0], ast.Name):
                    name, value = s.targets[0].id, self.eval(s.value, c.module, {})
                    if not name.startswith("_"):
                        auto = isinstance(value, Unknown) and "auto()" in value.text
                        out[name] = Member(cls, name, name.lower() if auto else value)
        return out

    def method(self, cls, name):
        """(module, function) of a method of a class or its bases."""
        for c in [cls] + self.bases(cls):
            for s in c.node.body:
                if isinstance(s, ast.FunctionDef) and s.name == name:
                    return c.module, s
        return None

    def class_attribute(self, cls, name, text):
        if name == "__name__":
            return cls.name
        if name == "__doc__":
            return ast.get_docstring(cls.node) or ""
        if self.is_enum(cls):
            members = self.members(cls)
            if name == "__members__":
                return members
            if name in members:
                return members[name]
        method = self.method(cls, name)
        if method:
            return Function(*method, bound=cls)
        for c in [cls] + self.bases(cls):
            for s in c.node.body:
                if isinstance(s, ast.AnnAssign) and getattr(s.target, "id", "") == name and s.value is not None:
                    return self.default(self.eval(s.value, c.module, Scope(self, c)))
                if isinstance(s, ast.Assign) and any(getattr(t, "id", "") == name for t in s.targets):
                    return self.eval(s.value, c.module, Scope(self, c))
        return Unknown(text)

    def default(self, value):
        """field(default=1), Field(1) and field(default_factory=f) read as their default."""
        if not (isinstance(value, Instance) and isinstance(value.of, Unknown)):
            return value
        if value.of.text.rpartition(".")[2] not in ("field", "Field"):
            return value
        if "default" in value.kwargs:
            return value.kwargs["default"]
        if "default_factory" in value.kwargs:
            return self.call(value.kwargs["default_factory"], [], {}, "default_factory()")
        if value.args and value.args[0] is not Ellipsis:
            return value.args[0]
        return MISSING
