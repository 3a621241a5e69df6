"""Reads the fields of settings classes (dataclasses, pydantic, msgspec) with their
types, defaults, help texts and limits."""

import ast
import inspect
import re

import annotations
from classes import Scope
from package import Class, Module
from values import MISSING, Instance

LIMITS = ("ge", "gt", "le", "lt")


class Field:
    """A field of a settings class."""

    def __init__(self, cls, name, annotation, default, doc):
        self.cls, self.name, self.annotation, self.doc = cls, name, annotation, doc
        self.raw, self.default = default, default  # raw is field(...) itself
        self.init = True
        self.limits = {}
        self.type = None
        self.arg = None  # the metadata of the command line that stands in Annotated


class Reader:
    """Reads classes; configs collects the settings classes that types mention."""

    def __init__(self, evaluator):
        self.ev = evaluator
        self.configs = {}
        self.cache = {}

    def fields(self, cls):
        """The fields of a class and its bases by name, in order."""
        if id(cls.node) in self.cache:
            return self.cache[id(cls.node)]
        out = {}
        for c in reversed([cls] + self.ev.bases(cls)):
            body = c.node.body
            for i, s in enumerate(body):
                if not (isinstance(s, ast.AnnAssign) and isinstance(s.target, ast.Name)):
                    continue
                if isinstance(s.annotation, ast.Subscript) and annotations.last_name(s.annotation.value) == "ClassVar":
                    continue
                if annotations.last_name(s.annotation) in ("ClassVar", "KW_ONLY"):
                    continue
                default = self.ev.eval(s.value, c.module, Scope(self.ev, c)) if s.value is not None else MISSING
                field = Field(c, s.target.id, s.annotation, default, docstring(body, i))
                self.complete(field)
                out[field.name] = field
        self.cache[id(cls.node)] = out
        return out

    def complete(self, field):
        """Takes limits, help and default out of field(...), Field(...) and Annotated."""
        metadata = self.metadata(field)
        field.doc = field.doc or next((m for m in metadata if isinstance(m, str)), "")
        for call in [field.raw] + metadata:
            if not isinstance(call, Instance):
                continue
            name = repr(call.of).rpartition(".")[2]
            if name == "Arg":
                field.arg = call.kwargs
                doc = call.kwargs.get("help", call.args[0] if call.args else "")
                field.doc = field.doc or (doc if isinstance(doc, str) else "")
            if name not in ("field", "Field"):
                continue
            field.init = field.init and call.kwargs.get("init", True) is not False
            doc = call.kwargs.get("description")
            if isinstance(doc, str) and not field.doc:
                field.doc = doc
            for limit in LIMITS:
                if isinstance(call.kwargs.get(limit), (int, float)):
                    field.limits[limit] = call.kwargs[limit]
        field.default = self.ev.default(field.raw)
        field.type = with_limits(self.alternatives(field.annotation, field.cls.module), field.limits)
        if field.default is None and {"kind": "null"} not in field.type:
            field.type = field.type + [{"kind": "null"}]

    def named(self, field, alternatives):
        """The alternatives of a field whose validator takes the names of an Enum's
        members, in either case: `return Mode[value.upper()]`."""
        if {"kind": "string"} not in alternatives:
            return alternatives
        for method in validators(field.cls, field.name):
            for node in ast.walk(method):
                if not (isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and isinstance(node.ctx, ast.Load)):
                    continue
                enum = self.ev.value_of(field.cls.module, node.value.id)
                if isinstance(enum, Class) and self.ev.is_enum(enum):
                    return names_of(self.ev.members(enum), method, alternatives)
        return alternatives

    def metadata(self, field):
        """The values beside the type in Annotated[type, ...]."""
        node = field.annotation
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            try:
                node = ast.parse(node.value, mode="eval").body
            except SyntaxError:
                return []
        if isinstance(node, ast.Subscript) and annotations.last_name(node.value) in ("Annotated", "A"):
            return [self.ev.eval(n, field.cls.module, {}) for n in annotations.arguments(node)[1:]]
        return []

    def alternatives(self, node, module):
        return annotations.alternatives(node, lambda n: self.resolve(n, module))

    def resolve(self, node, module, seen=()):
        """The alternatives of a name that is defined in the package."""
        name = annotations.last_name(node)
        if isinstance(node, ast.Attribute):
            value = self.ev.eval(node, module, {})
            if isinstance(value, Class):
                return self.of_class(value)
            if isinstance(value, (int, float, str, bool)):
                return [{"kind": "literal", "value": value}]
            at = self.ev.eval(node.value, module, {})
            if isinstance(at, Module):  # an alias of another module
                return self.resolve(ast.Name(node.attr), at, seen)
            if hasattr(value, "value"):  # a member of an Enum in Literal[...]
                return [{"kind": "literal", "value": value.value}]
            return None
        if name is None or name in seen:
            return None
        found = self.ev.package.find(module, name)
        if found is None:
            return None
        at, symbol = found
        if isinstance(symbol, ast.ClassDef):
            return self.of_class(Class(at, symbol))
        if isinstance(symbol, ast.Call):
            # NewType("X", str) and the like
            if annotations.last_name(symbol.func) == "NewType" and len(symbol.args) == 2:
                return self.alternatives(symbol.args[1], at)
            return None
        if isinstance(symbol, ast.expr):
            inner = lambda n: self.resolve(n, at, (*seen, name))
            return annotations.alternatives(symbol, inner)
        return None

    def of_class(self, cls):
        if self.ev.is_enum(cls):
            bases = {ast.unparse(b).rpartition(".")[2] for b in cls.node.bases}
            alternatives = [{"kind": "string"}]
            if bases & {"IntEnum", "IntFlag"} or "int" in bases:
                alternatives.append({"kind": "int"})
            return alternatives
        bases = {ast.unparse(b).rpartition(".")[2] for c in [cls] + self.ev.bases(cls) for b in c.node.bases}
        if "TypedDict" in bases or bases & {"dict", "OrderedDict"}:
            return [{"kind": "map"}]
        decorators = " ".join(ast.unparse(d) for d in cls.node.decorator_list)
        if "dataclass" in decorators or "config" in decorators or bases & {"BaseModel", "Struct"}:
            self.configs[cls.name] = cls
            return [{"kind": "map", "config": cls.name}]
        return list(annotations.OBJECT)


def validators(cls, name):
    """The methods of a class that see a field's value before its type does."""
    for s in cls.node.body:
        for d in s.decorator_list if isinstance(s, ast.FunctionDef) else ():
            if isinstance(d, ast.Call) and annotations.last_name(d.func) == "field_validator" and "mode='before'" in ast.unparse(d):
                if any(isinstance(a, ast.Constant) and a.value == name for a in d.args):
                    yield s


def names_of(members, method, alternatives):
    """The names of an Enum, with the words that a validator takes besides, in the place of
    the text that the annotation takes, and the numbers of an Enum of numbers."""
    also = [
        n.comparators[0].value for n in ast.walk(method)
        if isinstance(n, ast.Compare) and isinstance(n.ops[0], ast.Eq) and isinstance(n.comparators[0], ast.Constant) and isinstance(n.comparators[0].value, str)
    ]
    words = list(members) + also
    numbers = [m.value for m in members.values() if isinstance(m.value, int) and not isinstance(m.value, bool)]
    out = [{"kind": "literal", "value": w} for w in words] + [{"kind": "pattern", "value": "^(?i:" + "|".join(map(re.escape, words)) + ")$"}]
    for a in alternatives:
        if a["kind"] == "int":
            out += [{"kind": "literal", "value": n} for n in numbers]
        elif a["kind"] != "string":
            out.append(a)
    return out


def docstring(body, i):
    """The text that follows a field."""
    if i + 1 < len(body) and isinstance(body[i + 1], ast.Expr):
        value = body[i + 1].value
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            return inspect.cleandoc(value.value)
    return ""


def with_limits(alternatives, limits):
    if not limits:
        return alternatives
    return [{**a, **limits} if a["kind"] in ("int", "float") else a for a in alternatives]
