"""What a vLLM release defines."""

import ast

import arguments
import bodies
import built
import compose
import environment
import limits
import refusals
from evaluate import Evaluator
from fields import Reader
from package import Class, Function
from values import Unknown

# Methods that check settings on every path, and classes that carry them.
CHECKS = ("__post_init__", "_verify_args", "_verify_cache_dtype", "_verify_load_format")


def read(package, notes):
    ev = Evaluator(package)
    reader = Reader(ev)
    args_module = package.module("vllm.engine.arg_utils")
    if args_module is None:
        raise SystemExit("no vllm/engine/arg_utils.py: this is no vLLM package")
    engine_args = ev.value_of(args_module, "AsyncEngineArgs")
    ev.natives.update(natives(reader, args_module))
    parser = serve_parser(package, ev, args_module, notes)

    by_dest = {}
    for a in parser.arguments:
        by_dest.setdefault(a.dest, a)
    fields = reader.fields(engine_args)
    conditions = engine_conditions(ev, reader, engine_args, by_dest)
    converted = conversions(ev, engine_args)
    held = held_by_settings(ev, reader, engine_args)
    engine, used = [], set()
    for name, f in fields.items():
        if name.startswith("_") or not f.init:
            continue
        used.add(name)
        found, source = conditions.get(name, ((), ""))
        listed = getattr(by_dest.get(name), "choices", None)
        if name in held and not listed and all(a["kind"] in ("string", "null") for a in f.type):
            f.type = held[name] + [a for a in f.type if a["kind"] == "null" and a not in held[name]]
        f.type = f.type + [a for a in converted.get(name, []) if a not in f.type]
        engine.append(compose.of_field(f, by_dest.get(name), found, source))
    cli = [compose.of_argument(a) for a in by_dest.values() if a.dest not in used and a.dest not in ("help", "")]
    sections = {
        "engine_config": engine,
        "cli": cli,
        "sampling_config": sampling(package, ev, reader, notes),
        "env_config": environment.vllm(package, reader),
    }
    sections.update(nested(ev, reader))
    speculative(engine, sections)
    sections.update(bodies.read(package, reader))
    lists = built.read(package, built.VLLM) + built.reasoning(package, plugins="reasoning_parser_plugin" in by_dest)
    # Until 0.32.0 the type of kv_cache_dtype is the list itself.
    lists = [x for x in lists if x["name"] != "kv_cache_dtype" or by_dest["kv_cache_dtype"].choices is None]
    if lists:
        sections["built_in"] = lists
    return sections


def speculative(engine, sections):
    """The engine makes a SpeculativeConfig of a plain map, which its type does not say."""
    for d in engine:
        if d["name"] == "speculative_config" and "SpeculativeConfig" in sections:
            for a in d["type"]:
                if a["kind"] == "map":
                    a["config"] = "SpeculativeConfig"


def held_by_settings(ev, reader, engine_args):
    """What arguments are held to when they become a field of a settings class that takes
    certain texts alone: ParallelConfig(data_parallel_backend=self.data_parallel_backend)."""
    out = {}
    for node in ast.walk(engine_args.module.tree):
        cls = ev.value_of(engine_args.module, node.func.id) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.keywords else None
        if not isinstance(cls, Class):
            continue
        fields = reader.fields(cls)
        for k in node.keywords:
            own = isinstance(k.value, ast.Attribute) and ast.unparse(k.value.value) == "self"
            if own and k.arg in fields and all(a["kind"] in ("literal", "null") for a in fields[k.arg].type):
                out[k.value.attr] = fields[k.arg].type
    return out


KINDS = {"int": "int", "float": "float", "bool": "bool", "str": "string", "list": "list"}


def conversions(ev, engine_args):
    """Types beside the annotation that the constructor takes and converts:
    `if isinstance(self.compilation_config, (int, dict))`."""
    out = {}
    for cls in [engine_args] + ev.bases(engine_args):
        method = own_method(cls, "__post_init__")
        for node in ast.walk(method) if method else []:
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "isinstance" and isinstance(node.args[0], ast.Attribute):
                types = node.args[1].elts if isinstance(node.args[1], ast.Tuple) else [node.args[1]]
                kinds = [{"kind": KINDS[ast.unparse(t)]} for t in types if ast.unparse(t) in KINDS]
                out.setdefault(node.args[0].attr, []).extend(kinds)
    return out


def natives(reader, args_module):
    optional_switch = '["const"] = True' in args_module.text

    def get_kwargs(cls, *rest, **more):
        if not isinstance(cls, Class):
            return {}
        # add_cli_args changes what it gets; each call has its own copy.
        kwargs = arguments.kwargs_of_class(reader, cls, optional_switch)
        return {k: dict(v) for k, v in kwargs.items()}

    def get_field(cls, name):
        f = reader.fields(cls).get(name) if isinstance(cls, Class) else None
        return f.default if f is not None else Unknown(f"get_field({cls!r}, {name!r})")

    def get_args(alias):
        return alias if isinstance(alias, (list, tuple)) else Unknown("get_args")

    return {
        "get_kwargs": get_kwargs, "get_field": get_field, "optional_type": lambda t: ("optional", t),
        "parse_type": lambda t: t, "sys.argv": [], "load_general_plugins": lambda: None,
        "get_args": lambda node: Unknown("get_args"), "cast": lambda of, value: value, "ssl.CERT_NONE": 0, "os.getenv": lambda name, default=None: default,
        "os.environ.get": lambda name, default=None: default,
    }


def serve_parser(package, ev, args_module, notes):
    """Everything that `vllm serve` takes."""
    parser = arguments.Recorder("serve")
    module = package.module("vllm.entrypoints.cli.serve")
    found = package.find(module, "ServeSubcommand") if module else None
    if found and isinstance(found[1], ast.ClassDef):
        command = Class(found[0], found[1])
        method = ev.method(command, "subparser_init")
        top = arguments.Recorder()
        ev.call(Function(*method, bound=command), [top], {}, "subparser_init")
        return next(iter(top.parsers.values()), parser)
    module = package.module("vllm.scripts")
    if module and package.find(module, "main"):
        top = arguments.Recorder()
        made = []

        def make(*args, **kwargs):
            made.append(top)
            return top

        ev.natives["FlexibleArgumentParser"] = make
        ev.call(ev.value_of(module, "main"), [], {}, "main")
        if "serve" in top.parsers:
            return top.parsers["serve"]
    for name in ("vllm.entrypoints.openai.cli_args", "vllm.entrypoints.openai.api_server"):
        module = package.module(name)
        if module and package.find(module, "make_arg_parser"):
            ev.call(ev.value_of(module, "make_arg_parser"), [parser], {}, "make_arg_parser")
            return parser
    notes.append("no command line of a server found; flags are those of the engine alone")
    engine = ev.value_of(args_module, "AsyncEngineArgs")
    ev.call(Function(*ev.method(engine, "add_cli_args"), bound=engine), [parser], {}, "add_cli_args")
    return parser


def engine_conditions(ev, reader, engine_args, by_dest):
    """Conditions by engine argument, with the name of the function that checks them."""
    out = {}
    checker = limits.LimitReader(ev)

    def add(cls, rename):
        for name in CHECKS + tuple(m for m in method_names(cls) if m.startswith(("_verify", "verify", "_validate"))):
            method = own_method(cls, name)
            if method is None:
                continue
            for key, found in checker.of_function(cls.module, method, self_name(method)).items():
                for target in rename(key):
                    before, source = out.get(target, ([], ""))
                    fresh = [c for c in found if c not in before]
                    if fresh:
                        out[target] = (before + fresh, source or f"{cls.name}.{name}")

    add(engine_args, lambda key: [key])
    for base in ev.bases(engine_args):
        add(base, lambda key: [key])
    # The settings classes check what the engine's arguments hand to them.
    classes = {}
    for dest, a in by_dest.items():
        if a.field is not None:
            classes.setdefault(a.field.cls.name, (a.field.cls, {}))[1].setdefault(a.field.name, []).append(dest)
    if not classes:
        classes = settings_by_name(ev, reader, engine_args)
    for name in sorted(classes):
        cls, dests = classes[name]
        add(cls, lambda key: dests.get(key, []))
    return out




def settings_by_name(ev, reader, engine_args):
    """Settings classes of releases whose parser does not name them: by equal names."""
    out = {}
    for name in ("ModelConfig", "CacheConfig", "ParallelConfig", "SchedulerConfig", "LoRAConfig", "LoadConfig"):
        cls = ev.value_of(engine_args.module, name)
        if isinstance(cls, Class):
            out[name] = (cls, {k: [k] for k in reader.fields(engine_args)})
    return out


def method_names(cls):
    return [s.name for s in cls.node.body if isinstance(s, ast.FunctionDef)]


def own_method(cls, name):
    return next((s for s in cls.node.body if isinstance(s, ast.FunctionDef) and s.name == name), None)


def self_name(method):
    return method.args.args[0].arg if method.args.args else "self"


def sampling(package, ev, reader, notes):
    module = package.module("vllm.sampling_params")
    cls = ev.value_of(module, "SamplingParams") if module else None
    if not isinstance(cls, Class):
        notes.append("no vllm/sampling_params.py")
        return []
    checker = limits.LimitReader(ev)
    conditions = {}
    for name in method_names(cls):
        if name.startswith(("_verify_args", "__post_init__", "_validate_logprobs")):
            method = own_method(cls, name)
            for key, found in checker.of_function(cls.module, method, self_name(method)).items():
                conditions.setdefault(key, ([], f"SamplingParams.{name}"))[0].extend(found)
    out = []
    for name, f in reader.fields(cls).items():
        if name.startswith("_") or not f.init:
            continue
        found, source = conditions.get(name, ((), ""))
        out.append(compose.of_field(f, None, found, source))
    return out


def nested(ev, reader):
    """The settings classes that arguments take as maps, and those inside them."""
    out, done = {}, set()
    while True:
        todo = sorted(set(reader.configs) - done)
        if not todo:
            return out
        for name in todo:
            done.add(name)
            cls = reader.configs[name]
            fields = {n: f for n, f in reader.fields(cls).items() if not n.startswith("_") and f.init}
            refused = refusals.Reader(reader, fields).of_class(cls)
            for f in fields.values():
                f.type = reader.named(f, f.type)
            keys = [compose.of_field(f, refused=refused.get(n, ())) for n, f in fields.items()]
            if keys:
                out[name] = keys
