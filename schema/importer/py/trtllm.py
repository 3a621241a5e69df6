"""What a release of TensorRT-LLM defines for trtllm-serve.

Its configuration is a YAML file. Releases from 1.4.0rc0 on carry a JSON Schema of that
file, which is read; earlier ones have the classes it is made from, and those are.
"""

import ast
import json
import os

import annotations
import compose
import environment
import jsonschema
import reads
from evaluate import Evaluator
from fields import Reader
from package import Class
from values import Instance, Unknown

CONFIG_SCHEMA = os.path.join("schemas", "trtllm-serve-config.schema.json")

# What the client fills in by itself, or what has no use in a run.
REQUEST = {"model", "prompt", "stream", "stream_options", "suffix", "user", "disaggregated_params", "conversation_params"}

# The types of click, by the name of their class.
CLICK = {"int": "int", "float": "float", "str": "string", "bool": "bool", "Path": "string", "IntRange": "int", "FloatRange": "float"}


def read(package, notes):
    # The package wraps pydantic's Field to take a status.
    reader = Reader(Evaluator(package, {"Field": lambda *args, **kwargs: Instance(Unknown("Field"), args, kwargs)}))
    options = command_line(package, reader.ev, notes)
    path = os.path.join(package.root, package.name, CONFIG_SCHEMA)
    if os.path.isfile(path):
        with open(path, encoding="utf-8") as f:
            engine, nested = jsonschema.read(json.load(f))
    else:
        engine, nested = classes(package, reader)
    for d in engine:
        option = options.pop(d["name"], None)
        if option:
            d["flag"] = option["flag"]
    sections = {
        "engine_config": engine,
        "cli": list(options.values()),
        "sampling_config": sampling(package, reader, notes),
        "env_config": variables(package),
    }
    sections.update(nested)
    # Types of requests that are read beside those of the file.
    sections.update({k: v for k, v in settings(reader).items() if k not in sections})
    return sections


def classes(package, reader):
    """The keys of the file by the classes of a release that has no JSON Schema."""
    module = package.module("tensorrt_llm.llmapi.llm_args")
    cls = reader.ev.value_of(module, "TorchLlmArgs") if module else None
    if not isinstance(cls, Class):
        raise SystemExit("no TorchLlmArgs in tensorrt_llm/llmapi/llm_args.py: this is no TensorRT-LLM package")
    engine = definitions(reader, cls)
    return engine, settings(reader)


def definitions(reader, cls):
    out = []
    for name, f in reader.fields(cls).items():
        if name.startswith("_") or not f.init:
            continue
        f.type = joined(reader, f)
        d = compose.of_field(f)
        if status(f) == "deprecated" and not d.get("deprecated"):
            d["deprecated"] = d["doc"] or "deprecated"
        out.append(d)
    return out


def status(field):
    """The stability that Field(..., status="deprecated") names, "" for none."""
    kwargs = getattr(field.raw, "kwargs", {})
    return kwargs.get("status") if isinstance(kwargs.get("status"), str) else ""


def joined(reader, field):
    """The alternatives with several settings classes made one union, told apart by the
    key that has another constant in each."""
    configs = [a for a in field.type if a.get("config")]
    if len(configs) < 2:
        return field.type
    cases = {}
    for a in configs:
        cls = reader.configs[a["config"]]
        constants = {n: f.type[0]["value"] for n, f in reader.fields(cls).items() if len(f.type) == 1 and f.type[0]["kind"] == "literal"}
        cases[a["config"]] = constants
    strict = discriminated(reader.ev.package, field.cls.module, field.annotation)
    union = jsonschema.union_of(cases, otherwise="" if strict else configs[0]["config"])
    return [a for a in field.type if not a.get("config")] + [{"kind": "map", "union": union} if union else {"kind": "map"}]


def discriminated(package, module, annotation, seen=()):
    """Whether an annotation, or a name in it, has Field(discriminator=...)."""
    for node in ast.walk(annotation):
        if isinstance(node, ast.keyword) and node.arg == "discriminator":
            return True
        found = package.find(module, node.id) if isinstance(node, ast.Name) and node.id not in seen else None
        if found and isinstance(found[1], ast.expr) and discriminated(package, found[0], found[1], (*seen, node.id)):
            return True
    return False


def settings(reader):
    """The settings classes that keys take as maps, and those inside them."""
    out, done = {}, set()
    while True:
        todo = sorted(set(reader.configs) - done)
        if not todo:
            return out
        for name in todo:
            done.add(name)
            keys = definitions(reader, reader.configs[name])
            if keys:
                out[name] = keys


def command_line(package, ev, notes):
    """The options of `trtllm-serve serve` by name, which click takes as decorators."""
    module = package.module("tensorrt_llm.commands.serve")
    found = package.find(module, "serve") if module else None
    if not found or not isinstance(found[1], ast.FunctionDef):
        notes.append("no command line found: no function serve in tensorrt_llm/commands/serve.py")
        return {}
    out = {}
    for node in found[1].decorator_list:
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in ("option", "stability_option"):
            d = option_of(node, ev, module)
            out[d["name"]] = d
    return out


def option_of(node, ev, module):
    words = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
    spellings, negative, name = [], "", ""
    for w in words:
        if not w.startswith("-"):
            name = w
            continue
        positive, slash, off = w.partition("/")
        spellings.append(positive)
        negative = off if slash else negative
    given = {k.arg: k.value for k in node.keywords}
    kwargs = {k: ev.eval(v, module, {}) for k, v in given.items() if k != "type"}
    if not name:
        name = spellings[0].lstrip("-").replace("-", "_")
    switch = kwargs.get("is_flag") is True or bool(negative)
    alternatives = [{"kind": "bool"}] if switch else click_type(given.get("type"), ev, module)
    if kwargs.get("multiple") is True:
        alternatives = [{"kind": "list", "items": alternatives}]
    action = "bool" if negative else "store_true" if switch else "append" if kwargs.get("multiple") is True else "store"
    help = kwargs.get("help")
    out = {
        "name": name, "doc": help if isinstance(help, str) else "",
        "flag": {"names": spellings, "negative": negative, "action": action, "nargs": ""},
    }
    compose.set_default(out, kwargs.get("default"))
    if kwargs.get("status") == "deprecated":
        out["deprecated"] = out["doc"] or "deprecated"
    out["type"] = compose.fit_default(compose.clean(alternatives), out)
    return out


def click_type(node, ev, module):
    """The alternatives of type=, free text where it is missing."""
    if node is None:
        return [{"kind": "string"}]
    name = annotations.last_name(node.func if isinstance(node, ast.Call) else node)
    if name == "Choice" and isinstance(node, ast.Call) and node.args:
        choices = ev.eval(node.args[0], module, {})
        if not isinstance(choices, Unknown) and choices and all(isinstance(c, str) for c in choices):
            return [{"kind": "literal", "value": c} for c in choices]
        return [{"kind": "string"}]
    kind = {"kind": CLICK.get(name, "string")}
    if name in ("IntRange", "FloatRange") and isinstance(node, ast.Call):
        for k in node.keywords:
            value = ev.eval(k.value, module, {})
            if k.arg in ("min", "max") and isinstance(value, (int, float)):
                kind["ge" if k.arg == "min" else "le"] = value
    return [kind]


def sampling(package, reader, notes):
    """The fields of a request for a completion; one that the class lacks is refused."""
    module = package.module("tensorrt_llm.serve.openai_protocol")
    cls = reader.ev.value_of(module, "CompletionRequest") if module else None
    if not isinstance(cls, Class):
        notes.append("no requests found: no CompletionRequest in tensorrt_llm/serve/openai_protocol.py")
        return []
    return [d for d in definitions(reader, cls) if d["name"] not in REQUEST]


def variables(package):
    found = reads.scan(package, ("TRTLLM_", "TLLM_"))
    return [environment.definition(name, form, environment.env_default(form, default)) for name, (form, default) in found.items()]
