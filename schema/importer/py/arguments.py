"""Records what add_argument() is called with when the evaluator walks through the
functions that fill an argument parser."""

import ast

from package import Class, Function
from values import MISSING, Instance, Member, Unknown

BOOLEAN_OPTIONAL = "argparse.BooleanOptionalAction"


class Argument:
    """One add_argument() call."""

    def __init__(self, names, kwargs):
        self.names = [n for n in names if isinstance(n, str) and n.startswith("-")]
        positional = [n for n in names if isinstance(n, str) and not n.startswith("-")]
        self.kwargs = kwargs
        self.field = kwargs.get("_field")
        dest = kwargs.get("dest")
        if not isinstance(dest, str):
            long = [n for n in self.names if n.startswith("--")] or self.names or positional or [""]
            dest = long[0].lstrip("-").replace("-", "_")
        self.dest = dest
        self.positional = not self.names

    @property
    def action(self):
        action = self.kwargs.get("action")
        if action is None or isinstance(action, str):
            return action or "store"
        name = repr(action).rpartition(".")[2]
        return "bool" if name == "BooleanOptionalAction" else name

    @property
    def deprecated(self):
        """What the parser says where it takes an argument but advises against it."""
        help = self.help
        name = self.action.lower()
        if self.kwargs.get("deprecated") is True or "deprecated" in name:
            return help or "deprecated"
        head = help.lstrip(" *[(").lower()
        return help if head.startswith(("deprecated", "this argument is deprecated", "this flag is deprecated")) else ""

    @property
    def help(self):
        text = self.kwargs.get("help")
        return text.replace("%%", "%") if isinstance(text, str) else ""

    @property
    def choices(self):
        """The choices as a list of plain values, None where there are none or they are not known."""
        choices = self.kwargs.get("choices")
        if isinstance(choices, Class) or choices is None or isinstance(choices, Unknown):
            return None
        values = []
        for c in choices:
            if isinstance(c, Member):
                c = c.value
            if isinstance(c, Unknown):
                return None
            if c is not None and c != "None" and c not in values:
                values.append(c)
        if isinstance(choices, (set, frozenset)):
            values.sort(key=str)
        return values

    def flag(self):
        """The record of the spelling."""
        names = sorted(self.names, key=lambda n: not n.startswith("--")) if self.names else []
        negative = ""
        if self.action == "bool":
            long = [n for n in names if n.startswith("--")]
            negative = "--no-" + long[0][2:] if long else ""
        nargs = self.kwargs.get("nargs")
        action = self.kwargs.get("action")
        if isinstance(action, Class) and "nargs=0" in ast.unparse(action.node):
            nargs = 0
        pairs = repr(self.kwargs.get("type")) == "nullable_kvs"
        return {
            "names": names, "negative": negative, "action": "pairs" if pairs else self.action,
            "nargs": "" if nargs is None or isinstance(nargs, Unknown) else str(nargs),
        }


class Recorder:
    """Stands for the argument parser and of its groups."""

    is_recorder = True

    def __init__(self, name=""):
        self.name, self.arguments, self.parsers = name, [], {}

    def add_argument(self, *names, **kwargs):
        if any(isinstance(n, str) for n in names):
            self.arguments.append(Argument(names, kwargs))
        return Unknown("argument")

    def add_argument_group(self, *args, **kwargs):
        return self

    def add_mutually_exclusive_group(self, *args, **kwargs):
        return self

    def add_subparsers(self, *args, **kwargs):
        return self

    def add_parser(self, name="", *args, **kwargs):
        self.parsers[name] = Recorder(name)
        return self.parsers[name]

    def set_defaults(self, **kwargs):
        for a in self.arguments:
            if a.dest in kwargs:
                a.kwargs["default"] = kwargs[a.dest]


def kwargs_of_class(reader, cls, optional_switch):
    """What vLLM's get_kwargs makes of a settings class: the keywords of
    add_argument() by field. optional_switch: a field of bool, str or None is an option
    that takes a value or none."""
    out = {}
    for name, f in reader.fields(cls).items():
        if not f.init:
            continue
        kwargs = {"default": f.default, "help": f.doc, "_field": f}
        kinds = {a["kind"] for a in f.type}
        literals = [a["value"] for a in f.type if a["kind"] == "literal"]
        lists = [a for a in f.type if a["kind"] == "list"]
        if any(a.get("config") for a in f.type):
            pass
        elif optional_switch and kinds == {"bool", "string", "null"}:
            kwargs["nargs"] = "?"
        elif "bool" in kinds:
            kwargs["action"] = Unknown(BOOLEAN_OPTIONAL)
        elif literals and "string" not in kinds:
            kwargs["choices"] = sorted(literals, key=str)
        elif lists:
            kwargs["nargs"] = "+"
            inner = [a["value"] for a in lists[0].get("items", []) if a["kind"] == "literal"]
            if inner:
                kwargs["choices"] = inner
        out[name] = kwargs
    return out


def add_arguments_of_class(reader, parser, fields, only=None):
    """What SGLang's add_cli_args_from_dataclass does with annotated fields."""
    for name, f in fields.items():
        if only is not None and name not in only:
            continue
        has_help = isinstance(f.annotation, ast.Subscript) and f.doc
        if f.arg is None and not has_help:
            continue
        arg = f.arg or {}
        if arg.get("no_cli") is True:
            continue
        spelling = arg.get("cli_name") or "--" + name.replace("_", "-")
        names = [spelling] + list(arg.get("aliases") or [])
        kwargs = {"dest": name, "help": f.doc, "default": f.default, "_field": f}
        kinds = {a["kind"] for a in f.type} - {"null"}
        if arg.get("action") is not None:
            kwargs["action"] = arg["action"]
            kwargs.update(arg.get("action_kwargs") or {})
        elif kinds == {"list"} and arg.get("type_parser") is None:
            kwargs["nargs"] = arg.get("nargs") or "+"
        elif kinds == {"bool"}:
            kwargs["action"] = "store_true"
        elif arg.get("nargs"):
            kwargs["nargs"] = arg["nargs"]
        if arg.get("choices") is not None:
            kwargs["choices"] = arg["choices"]
        if f.default is MISSING and spelling.startswith("-"):
            kwargs["required"] = True
        parser.add_argument(*names, **kwargs)


PARSERS = {
    int: ["int"], float: ["float"], str: ["string"], bool: ["bool"],
    "json.loads": ["map", "list"], "loads": ["map", "list"], "json_list_type": ["list"],
    "nullable_str": ["string", "null"], "nullable_kvs": ["map", "null"], "str2bool": ["bool"],
    "human_readable_int": ["int", "string"], "human_readable_int_or_auto": ["int", "string"],
    "union_dict_and_str": ["map", "string"], "Path": ["string"], "pathlib.Path": ["string"],
}


def kinds_of_parser(parse):
    """The kinds that a type= function gives, None where that is not known."""
    if isinstance(parse, tuple) and parse and parse[0] == "optional":
        inner = kinds_of_parser(parse[1])
        return inner and inner + ["null"]
    if isinstance(parse, (Unknown, Function)):
        return PARSERS.get(repr(parse))
    if isinstance(parse, Instance):
        return None
    return PARSERS.get(parse)
