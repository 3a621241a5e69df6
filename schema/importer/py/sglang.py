"""What an SGLang release defines."""

import ast

import arguments
import built
import compose
import environment
import limits
from evaluate import Evaluator
from fields import Field, Reader
from package import Class, Function
from vllm import method_names, nested, own_method, self_name
from values import MISSING, Unknown


def read(package, notes):
    ev = Evaluator(package)
    reader = Reader(ev)
    module = package.module("sglang.srt.server_args")
    cls = ev.value_of(module, "ServerArgs") if module else None
    if cls is None:
        raise SystemExit("no sglang/srt/server_args.py: this is no SGLang package")
    if not isinstance(cls, Class):  # defined by a class statement and rebuilt by a call
        cls = class_statement(module, "ServerArgs")
    fields = server_fields(ev, reader, module, cls)
    parser = arguments.Recorder("launch_server")

    def declared_default(name):
        f = fields.get(name)
        return f.default if f is not None else Unknown(name)

    def add_cli_args_from_dataclass(p, of, fields_=None, **more):
        arguments.add_arguments_of_class(reader, p, fields, more.get("fields", fields_))

    ev.natives.update({
        "add_cli_args_from_dataclass": add_cli_args_from_dataclass, "_declared_default": declared_default,
        "cast": lambda of, value: value, "ssl.CERT_NONE": 0, "os.getenv": lambda name, default=None: default, "os.environ.get": lambda name, default=None: default,
        "sys.argv": [], "sys.modules.get": lambda name, default=None: None,
    })
    ev.call(Function(*ev.method(cls, "add_cli_args"), bound=cls), [parser], {}, "add_cli_args")

    engine, used = [], set()
    conditions = server_conditions(ev, module, cls)
    for name, f in fields.items():
        if name.startswith("_") or not f.init:
            continue
        a = argument_of(name, parser.arguments)
        if a is not None:
            used.add(id(a))
        found, source = conditions.get(name, ((), ""))
        engine.append(compose.of_field(f, a, found, source))
    cli, seen = [], {d["name"] for d in engine}
    for a in parser.arguments:
        if id(a) in used:
            continue
        if a.dest in seen:  # a second spelling that sets the same field
            a.dest = a.names[0].lstrip("-").replace("-", "_") if a.names else a.dest
        if a.dest not in seen:
            seen.add(a.dest)
            cli.append(compose.of_argument(a))
    sections = {
        "engine_config": engine,
        "cli": cli,
        "sampling_config": sampling(package, ev, reader, notes),
        "env_config": environment.sglang(package, reader),
    }
    sections.update(nested(ev, reader))
    lists = built.read(package, built.SGLANG)
    if lists:
        sections["built_in"] = lists
    rewritten = environment.prefixes(package)
    if rewritten:
        sections["env_prefixes"] = [environment.prefix(old, new) for old, new in rewritten.items()]
    return sections


def class_statement(module, name):
    for node in module.tree.body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            return Class(module, node)
    raise SystemExit(f"no class {name} in {module.path}")


def server_fields(ev, reader, module, cls):
    """The fields of ServerArgs: its own, or those of the namespaces it is put together from."""
    groups = module.symbols.get("_INPUT_NAMESPACES")
    if groups is None:
        return reader.fields(cls)
    out = {}
    for group in ev.eval(groups, module, {}):
        if not isinstance(group, Class):
            continue
        for name, f in reader.fields(group).items():
            if not is_derived(ev, f):
                out.setdefault(name, f)
    out.update(reader.fields(cls))
    return out


def is_derived(ev, field):
    """A field that is computed, marked by Derived(...) in its annotation."""
    node = field.annotation
    return any(isinstance(n, ast.Call) and ast.unparse(n.func).endswith("Derived") for n in ast.walk(node))


def argument_of(name, all_arguments):
    """The argument that sets a field: by destination, else by spelling."""
    spelling = "--" + name.replace("_", "-")
    named = [a for a in all_arguments if a.dest == name and (spelling in a.names or not a.deprecated)]
    if named:
        # The field's own spelling first, where several set it.
        return next((a for a in named if spelling in a.names), named[0])
    return next((a for a in all_arguments if spelling in a.names), None)


def server_conditions(ev, module, cls):
    out = {}
    checker = limits.LimitReader(ev)
    hook = ev.package.module("sglang.srt.arg_groups.validation_hook")
    check = hook and hook.symbols.get("check_server_args")
    if isinstance(check, ast.FunctionDef):
        for key, found in checker.of_function(hook, check, self_name(check)).items():
            out[key] = (found, "check_server_args")
    for name in method_names(cls):
        if name != "check_server_args" and not name.startswith("_check"):
            continue
        method = own_method(cls, name)
        for key, found in checker.of_function(cls.module, method, self_name(method)).items():
            before, source = out.get(key, ([], f"ServerArgs.{name}"))
            out[key] = (before + found, source)
    return out


def sampling(package, ev, reader, notes):
    cls = None
    for name in ("sglang.srt.sampling.sampling_params", "sglang.srt.sampling_params"):
        module = package.module(name)
        if module is not None:
            cls = ev.value_of(module, "SamplingParams")
            break
    if not isinstance(cls, Class):
        notes.append("no sampling parameters found")
        return []
    checker = limits.LimitReader(ev)
    conditions = {}
    allowed = {}
    for name in method_names(cls):
        method = own_method(cls, name)
        if name in ("__init__", "__post_init__", "verify"):
            for key, found in checker.of_function(cls.module, method, self_name(method)).items():
                conditions.setdefault(key, ([], f"SamplingParams.{name}"))[0].extend(found)
            allowed.update(checker.conversions(cls.module, method, self_name(method)))
    for key, values in allowed.items():
        if key in conditions:
            conditions[key][0].extend(("or", v) for v in values)
    init = own_method(cls, "__init__")
    fields = reader.fields(cls)
    if init is not None:
        fields = fields_of_parameters(reader, cls, init)
    out = []
    for name, f in fields.items():
        if not name.startswith("_"):
            found, source = conditions.get(name, ((), ""))
            out.append(compose.of_field(f, None, found, source))
    return out


def fields_of_parameters(reader, cls, init):
    """The parameters of __init__ as fields."""
    out = {}
    a = init.args
    parameters = a.args[1:] + a.kwonlyargs
    defaults = [None] * (len(a.args) - 1 - len(a.defaults)) + a.defaults + a.kw_defaults
    for p, d in zip(parameters, defaults):
        default = reader.ev.eval(d, cls.module, {}) if d is not None else MISSING
        f = Field(cls, p.arg, p.annotation or ast.Name("Any"), default, "")
        reader.complete(f)
        out[p.arg] = f
    return out
