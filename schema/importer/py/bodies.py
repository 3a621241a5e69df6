"""The fields of the requests that a server takes, with their types: it ignores others
without a word."""

import compose
from package import Class

REQUESTS = (
    ("completion_request", "CompletionRequest", ("vllm.entrypoints.openai.completion.protocol", "vllm.entrypoints.openai.protocol")),
    ("chat_request", "ChatCompletionRequest", ("vllm.entrypoints.openai.chat_completion.protocol", "vllm.entrypoints.openai.protocol")),
)


def read(package, reader):
    """{section: definitions}, by the classes' own fields and those of their bases in the package."""
    out = {}
    for section, name, modules in REQUESTS:
        for where in modules:
            module = package.module(where)
            cls = reader.ev.value_of(module, name) if module and package.find(module, name) else None
            if isinstance(cls, Class):
                fields = reader.fields(cls)
                out[section] = [definition(f) for n, f in sorted(fields.items()) if not n.startswith("_") and n != "model_config"]
                break
    return out


def definition(field):
    """A field's type alone: what it means, the section of sampling parameters says."""
    return {"name": field.name, "type": [free(a) for a in compose.of_field(field)["type"]]}


def free(alternative):
    """The alternative without the settings class of a map, which is checked there too."""
    out = {k: v for k, v in alternative.items() if k not in ("config", "union")}
    for inner in ("items", "values"):
        if inner in out:
            out[inner] = [free(a) for a in out[inner]]
    return out
