"""Finds modules, classes and names in a package by its source text alone."""

import ast
import os


class Class:
    """A class statement and the module that holds it."""

    def __init__(self, module, node):
        self.module, self.node, self.name = module, node, node.name

    def __repr__(self):
        return self.name


class Function:
    """A function statement, its module, and the object it is bound to, if any."""

    def __init__(self, module, node, bound=None):
        self.module, self.node, self.bound = module, node, bound

    def __repr__(self):
        return getattr(self.node, "name", "<lambda>")


class Module:
    """One source file; symbols are its top-level statements by name."""

    def __init__(self, package, name, path):
        self.package, self.name, self.path = package, name, path
        with open(path, encoding="utf-8", errors="replace") as f:
            self.text = f.read()
        try:
            self.tree = ast.parse(self.text)
        except SyntaxError:
            self.tree = ast.Module(body=[], type_ignores=[])
        self.symbols = {}
        self.stars = []
        self.values = {}  # evaluated top-level names
        self._collect(self.tree.body)

    def __repr__(self):
        return self.name

    @property
    def folder(self):
        """The dotted name that relative imports count from."""
        if os.path.basename(self.path) == "__init__.py":
            return self.name
        return self.name.rpartition(".")[0]

    def _collect(self, body):
        for node in body:
            if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
                self.symbols[node.name] = node
            elif isinstance(node, ast.Assign):
                for target in node.targets:
                    if isinstance(target, ast.Name):
                        self.symbols[target.id] = node.value
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                if node.value is not None:
                    self.symbols[node.target.id] = node.value
            elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
                before = self.symbols.get(node.target.id)
                if isinstance(before, ast.expr):
                    self.symbols[node.target.id] = ast.BinOp(before, node.op, node.value)
            elif isinstance(node, ast.ImportFrom):
                source = self._source(node)
                for alias in node.names:
                    if alias.name == "*":
                        self.stars.append(source)
                    else:
                        self.symbols[alias.asname or alias.name] = (source, alias.name)
            elif isinstance(node, ast.Import):
                for alias in node.names:
                    name = alias.name if alias.asname else alias.name.split(".")[0]
                    self.symbols[alias.asname or name] = (name, None)
            elif isinstance(node, ast.If):
                # What type checkers see is what the names really are.
                if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
                    self._collect(node.orelse)
                    self._collect(node.body)
                else:
                    self._collect(node.orelse)
                    self._collect(node.body)
            elif isinstance(node, ast.Try):
                for handler in node.handlers:
                    self._collect(handler.body)
                self._collect(node.orelse)
                self._collect(node.body)
            elif isinstance(node, ast.With):
                self._collect(node.body)

    def _source(self, node):
        if not node.level:
            return node.module or ""
        base = self.folder.split(".")
        base = base[: len(base) - (node.level - 1)]
        return ".".join(base + ([node.module] if node.module else []))


class Package:
    """A package folder; root is the folder that holds it."""

    def __init__(self, root, name):
        self.root, self.name = root, name
        self.modules = {}

    def module(self, name):
        """The module of a dotted name, None where there is no such file."""
        if name not in self.modules:
            base = os.path.join(self.root, *name.split("."))
            self.modules[name] = None
            for path in (base + ".py", os.path.join(base, "__init__.py")):
                if os.path.isfile(path):
                    self.modules[name] = Module(self, name, path)
                    break
        return self.modules[name]

    def find(self, module, name, seen=()):
        """Where a name of a module is defined: (module, node), (module, None)
        for a module itself, or None."""
        if module is None or (module.name, name) in seen:
            return None
        seen = (*seen, (module.name, name))
        symbol = module.symbols.get(name)
        if symbol is None:
            for star in module.stars:
                found = self.find(self.module(star), name, seen)
                if found:
                    return found
            lazy = self._lazy(module, name, seen)
            if lazy:
                return lazy
            inner = self.module(module.name + "." + name)
            return (inner, None) if inner else None
        if isinstance(symbol, tuple):
            source, original = symbol
            if original is None:
                inner = self.module(source)
                return (inner, None) if inner else None
            target = self.module(source)
            if target is None:
                return None
            found = self.find(target, original, seen)
            return found
        return module, symbol

    def _lazy(self, module, name, seen):
        """Names that a module loads on first use: MODULE_ATTRS = {"X": ".a.b:X"}."""
        table = module.symbols.get("MODULE_ATTRS")
        if not isinstance(table, ast.Dict):
            return None
        for key, value in zip(table.keys, table.values):
            if isinstance(key, ast.Constant) and key.value == name and isinstance(value, ast.Constant):
                source, _, original = value.value.partition(":")
                full = module.name + source if source.startswith(".") else source
                return self.find(self.module(full), original or name, seen)
        return None

    def search(self, needle, under=""):
        """Dotted names of modules whose text holds needle, sorted."""
        out = []
        top = os.path.join(self.root, self.name, *under.split("."))
        for folder, folders, names in os.walk(top):
            folders.sort()
            for n in sorted(names):
                path = os.path.join(folder, n)
                if not n.endswith(".py"):
                    continue
                with open(path, encoding="utf-8", errors="replace") as f:
                    if needle in f.read():
                        dotted = os.path.relpath(path, self.root)[:-3].replace(os.sep, ".")
                        out.append(dotted.removesuffix(".__init__"))
        return out
