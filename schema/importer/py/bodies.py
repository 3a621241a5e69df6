"""The fields of the requests that a server takes: it ignores others without a word."""

import ast

REQUESTS = (
    ("completion_request", "CompletionRequest", ("vllm.entrypoints.openai.completion.protocol", "vllm.entrypoints.openai.protocol")),
    ("chat_request", "ChatCompletionRequest", ("vllm.entrypoints.openai.chat_completion.protocol", "vllm.entrypoints.openai.protocol")),
)


def read(package):
    """{section: definitions}, by the classes' own fields and those of their bases in the package."""
    out = {}
    for section, name, modules in REQUESTS:
        for where in modules:
            module = package.module(where)
            found = package.find(module, name) if module else None
            if found and isinstance(found[1], ast.ClassDef):
                names = sorted(set(fields(package, *found)))
                out[section] = [{"name": n, "type": [{"kind": "any"}]} for n in names]
                break
    return out


def fields(package, module, cls):
    for base in cls.bases:
        found = package.find(module, base.id) if isinstance(base, ast.Name) else None
        if found and isinstance(found[1], ast.ClassDef):
            yield from fields(package, *found)
    for s in cls.body:
        if isinstance(s, ast.AnnAssign) and isinstance(s.target, ast.Name) and not s.target.id.startswith("_") and "ClassVar" not in ast.unparse(s.annotation):
            if s.target.id != "model_config":
                yield s.target.id
