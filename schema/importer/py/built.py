"""Texts that an engine holds to a list when it starts, where the argument's type takes any.

A list that a class of constants holds is closed; one that plugins may add to is not.
"""

import ast

# Where the lists stand, newest first: (argument, modules, name).
VLLM = (
    ("attention_backend", ("vllm.v1.attention.backends.registry", "vllm.attention.backends.registry"), "AttentionBackendEnum"),
    ("quantization", ("vllm.model_executor.layers.quantization",), "QuantizationMethods"),
    ("kv_cache_dtype", ("vllm.config.cache",), "CacheDType"),
    ("load_format", ("vllm.model_executor.model_loader",), "LoadFormats"),
)
SGLANG = (("speculative_algorithm", ("sglang.srt.speculative.spec_info",), "SpeculativeAlgorithm"),)
# Further spellings that a release takes for one of the list's.
ALSO = {"speculative_algorithm": ("NEXTN",)}


def read(package, table):
    out = []
    for argument, modules, name in table:
        for where in modules:
            module = package.module(where)
            words = members(package, module, name) if module else None
            if words and words[0]:
                texts, closed = words
                texts = texts + [w for w in ALSO.get(argument, ()) if w not in texts]
                out.append({
                    "name": argument, "type": [{"kind": "literal", "value": w} for w in texts],
                    "limit": name if closed else "",
                })
                break
    return out


def reasoning(package, plugins):
    """The reasoning parsers, which register themselves by name; without a flag for a
    plugin there are no others."""
    names = {}
    for name in package.search("ReasoningParserManager", "reasoning"):
        for node in ast.walk(package.module(name).tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("ReasoningParserManager.register_module"):
                names.update((a.value, None) for n in node.args for a in getattr(n, "elts", [n]) if isinstance(a, ast.Constant))
            elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "_REASONING_PARSERS_TO_REGISTER" and isinstance(node.value, ast.Dict):
                names.update((k.value, None) for k in node.value.keys)
    if not names:
        return []
    alternatives = [{"kind": "literal", "value": n} for n in sorted(names)]
    return [{"name": "reasoning_parser", "type": alternatives, "limit": "" if plugins else "ReasoningParserManager"}]


def members(package, module, name):
    """The texts of an Enum's names or of a Literal, and whether no plugin adds to them."""
    found = package.find(module, name)
    node = found[1] if found else None
    if isinstance(node, ast.ClassDef):
        texts = []
        for s in node.body:
            if isinstance(s, ast.Assign) and isinstance(s.targets[0], ast.Name) and not s.targets[0].id.startswith("_"):
                texts.append(s.targets[0].id)
        return [t for t in texts if t != "NONE"], name.endswith("Enum")
    if isinstance(node, ast.Subscript) and ast.unparse(node.value).endswith("Literal"):
        inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        return [e.value for e in inner if isinstance(e, ast.Constant)], False
    return None
