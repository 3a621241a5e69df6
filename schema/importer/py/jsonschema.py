"""Turns the JSON Schema that pydantic writes of a settings class into definitions."""

KINDS = {"null": "null", "boolean": "bool", "integer": "int", "number": "float", "string": "string", "array": "list", "object": "map"}
LIMITS = {"minimum": "ge", "exclusiveMinimum": "gt", "maximum": "le", "exclusiveMaximum": "lt"}


def read(document):
    """The keys of the document's own object, and those of the objects inside it by name."""
    reader = Reader(document.get("$defs", {}))
    keys = reader.keys(document)
    return keys, reader.sections


class Reader:
    def __init__(self, defs):
        self.defs = defs
        self.sections = {}

    def keys(self, object):
        required = object.get("required", [])
        return [self.key(name, p, name in required) for name, p in sorted(object["properties"].items()) if not name.startswith("_")]

    def key(self, name, p, required):
        out = {"name": name, "doc": p.get("description", "")}
        if "default" in p:
            out["default"] = p["default"]
        elif required:
            out["required"] = True
        if p.get("status") == "deprecated" or p.get("deprecated") is True:
            out["deprecated"] = out["doc"] or "deprecated"
        out["type"] = self.alternatives(p)
        return out

    def alternatives(self, p):
        """The forms that a value may have, none twice."""
        forms = self.forms(p)
        objects = [a["config"] for a in forms if a.get("config")]
        if len(objects) > 1:
            union = union_of({name: self.constants(name) for name in objects}, "" if discriminated(p) else objects[0])
            forms = [a for a in forms if not a.get("config")] + [{"kind": "map", "union": union} if union else {"kind": "map"}]
        out = []
        for a in forms:
            if a not in out:
                out.append(a)
        return out

    def forms(self, p):
        for word in ("anyOf", "oneOf"):
            if word in p:
                return [a for inner in p[word] for a in self.forms(inner)]
        if "$ref" in p:
            return self.definition(p["$ref"].rpartition("/")[2])
        if "const" in p:
            return [literal(p["const"])]
        if "enum" in p:
            return [literal(v) for v in p["enum"]]
        types = p.get("type")
        if types is None:
            return [{"kind": "any"}]
        return [self.of_type(t, p) for t in (types if isinstance(types, list) else [types])]

    def of_type(self, name, p):
        out = {"kind": KINDS[name]}
        if name in ("integer", "number"):
            out.update({ours: p[theirs] for theirs, ours in LIMITS.items() if theirs in p})
        if name == "array" and p.get("items"):
            out["items"] = self.alternatives(p["items"])
        if name == "object" and "properties" in p:
            out["config"] = p["title"]
            self.section(p["title"], p)
        elif name == "object" and isinstance(p.get("additionalProperties"), dict):
            out["values"] = self.alternatives(p["additionalProperties"])
        return out

    def definition(self, name):
        p = self.defs[name]
        if "properties" not in p:
            return self.forms(p)
        self.section(name, p)
        return [{"kind": "map", "config": name}]

    def section(self, name, p):
        if name not in self.sections:
            self.sections[name] = []  # an object may hold itself
            self.sections[name] = self.keys(p)

    def constants(self, name):
        return {k: p["const"] for k, p in self.defs.get(name, {}).get("properties", {}).items() if "const" in p}


def literal(value):
    return {"kind": "null"} if value is None else {"kind": "literal", "value": value}


def discriminated(p):
    return "discriminator" in p or any(discriminated(inner) for word in ("anyOf", "oneOf") for inner in p.get(word, []))


def union_of(constants, otherwise):
    """How objects are told apart whose constants are given by name: by the key of which
    each has another constant. None where there is no such key."""
    shared = set.intersection(*(set(c) for c in constants.values()))
    for key in sorted(shared):
        values = [c[key] for c in constants.values()]
        if len(set(map(str, values))) == len(values):
            return {"by": key, "cases": {str(c[key]): name for name, c in constants.items()}, "otherwise": otherwise}
    return None
