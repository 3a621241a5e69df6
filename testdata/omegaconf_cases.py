"""Makes cases of YAML, of dot-lists and of merging, with what OmegaConf makes of each.

    python omegaconf_cases.py SEED COUNT

One JSON object a line: kind, in (texts), and ok (the value) or refused (the error).
Types are written out, so that 1 and 1.0 differ: {"int": "1"}, {"float": "1.0"}.
"""

import io
import json
import random
import sys

import yaml
from omegaconf import OmegaConf

SCALARS = """1 1.5 true off null ~ None 010 1_000 1e3 0x1F .5 5. -.5 +.5 1:30 1:30.5 190:20:30.15 0o17 .nan -.inf 2001-01-01
1e+3 1E5 12e03 0b11 +1 -0 00 08 0x_ 1__0 1_.5 yes No y n = << ??? MISSING "a" 'b' a#b a:b !!str&1 !!float&3 !!int&3 !!bool&yes
[1,&a] {a:&1} ! !&1 !&'' !&'1' \\??? '\\???' \\\\??? x\\??? [\\???] [a?b] {x} "\\x41" 'it''s' a&b *nope &x ! @a `a %a""".split()
PIECES = """0 1 7 8 9 _ . e E + - x X o b a f : 60 59 inf nan .inf true True no Off yes null ~ None = << 0x 0b 0o 1e3 é 2001-01-01 12:30
% @ * & ! !!str !!int !!float ' " \\ # ? { } [ ] , | > $ ${ ??? MISSING \\??? \\\\???""".split() + [" ", " #", "- ", ": ", "\t", "\u00a0", "\u2028", "\x85"]
LINES = """a:& b:& c:&&x& d:&*x <<:&*x -& -&1 e: f:&| g:&>- text #&c --- ... h:&{a:&1,&b:&[1,2]} i:&[ k:&1 l:&1&#&c m:&a#b n:&-&1 "q":&1 'r'&:&2
s&:&3 %YAML&1.1 %YAML&1.2""".split()
DOCUMENTS = [
    "", " ", "\n\n", "#\n", "---\n", "...\n", "- 1\n", "1\n", "a: 1\na: 2\n", 'a: 1\n"a": 2\n', "1: a\n2: b\n", "true: a\n", "? [a]\n: 1\n",
    "a: 1\n---\nb: 2\n", "---\na: 1\n...\n", "%YAML 1.1\n---\na: 1\n", "%YAML 1.2\n---\na: 1\n", "# x\n%YAML 1.3\n--- # y\na: 1\n", "%YAML 2.0\n---\na: 1\n",
    "\ufeffa: 1\n", "a: 1\r\nb:\r\n  c: x\r\n", "a: 1\rb: 2\r", "a: x\x00\n", 'a: "x\n  y"\n', "a: 'x\n\n  y'\n", "a: x\n  y\n\n  z\n", "a: |\n  x\n y\n", "a: |2\n    x\n",
    "a: |+\n  x\n\n\nb: 1\n", "a: >\n  x\n  y\n\n  z\n   w\n", 'a: "\\x41\\u00e9\\U0001F600\\/"\n', 'a: "\\q"\n', "a: &a 1\nb: &a 2\nc: *a\n", "a: &a [*a]\n",
    "{a: 1, b: 2}\n", "{a: 1, b}\n", "a: [1, 2,]\n", "a: [,]\n", "a: {x, y: }\n", 'a: {"x":1}\n', "a: {x:1}\n", "a: x: y\n", 'a: "x" y\n', "a: - x\n", "a: ::x\n",
    "a:\t1\n", "a: x\ty\n", "a: 1\t# x\n", "a: [1,\t2]\n", "a: {x:\t1}\n", "a:\t\n  b: 1\n", "a: 1\n\t# x\nb: 2\n", "a: |#x\n  b\n", "{a:}\n", "a: [b:]\n", "! : 1\n",
    "1: a\n'1': b\n", "%YAML 1.0\n---\na: 1\n", "%YAML 1.10\n---\na: 1\n", "%YAML 1.3\n---\na: 1\n",
    "a: x:\n", ":\n", "a: `x\n", "a: %x\n", "%a: x\n", "a: ]\n", "a: x #y\n", "a: x#y\n", "a : x\n", "a: b\nc\n", "a: b\n c\nd: e\n", "a:\n  b: 1\n c: 2\n",
    "  a: 1\nb: 2\n", "  a: 1\n  b: 2\n", "a: !foo 1\n", "a: !!timestamp 2001-01-01\n", "a: !<tag:yaml.org,2002:str> 1\n", "a: ! 1\n", "a:\n- 1\n- 2\n", "a:\n\t- 1\n",
]
VALUES = [None, True, False, 0, 1, -5, 1.5, 1e10, 1e-7, "x", "yes", "1", "1e3", "None", "???", "a b", "a: b", "é", " x", "x ", "\n", "a\nb\n", "", "it's",
          "#", "0o7", "1:30", "=", "<<", "~", float("inf"), float("nan")]
KEYS = ["a", "a.b", "a.b.c", "a[b]", "a[b].c", ".a", "a.", "a..b", "a[", "[a]", "[a", "é", "1", "a[0]", "s", "n.x", "m", "true", "null", "", r"a\.b", r"a\=b", r"a\[0\]", r"a[x\]y]", r"a\\.b", r"a\b", r"\[a]", r"a[b\]"]
BASE = {"a": {"b": 1, "c": {"d": 2}}, "l": [1, 2], "s": "x", "n": None, "m": "???"}


LEAVES = ["${a}", "${b}", "${m.x}", "${m.y}", "${l[0]}", "${l.1}", "${l[-1]}", "${m[n]}", "${.b}", "${..c}", "${m.${k}}", "${l[${i}]}", "${.${k}}", "p ${a}", "${a}${b}", "p ${l}", "p ${m}",
          "${m}", "${l}", r"\${a}", r"\\${a}", r"q \${a} ${b}", "${nope}", "${m.1}", "${1}", r"${m.p\.q}", r"${m[p\.q]}", "${m.True}", "${ a }", "${a.b.c}", "x", "y", 1, -1, 0, 2.5, True, None, "???", r"\???"]


class Cases:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def some(self, choices, least, most, join=""):
        return join.join(self.random.choice(choices) for _ in range(self.random.randint(least, most)))

    def scalar(self):
        k = self.random.random()
        if k < 0.4:
            return self.some("0123456789._eE+-xob:afn", 1, 7)
        if k < 0.75:
            return self.some(PIECES, 1, 4)
        return self.random.choice(SCALARS).replace("&", " ")

    def value(self, depth):
        k = self.random.random()
        if depth == 0 or k < 0.5:
            return self.random.choice(VALUES)
        if k < 0.8:
            return {self.random.choice("abcdef"): self.value(depth - 1) for _ in range(self.random.randint(0, 3))}
        return [self.value(depth - 1) for _ in range(self.random.randint(0, 3))]

    def document(self):
        k = self.random.random()
        if k < 0.5:
            return f"k: {self.scalar()}\n"
        if k < 0.6:
            return "".join(f"{self.scalar()}: {self.scalar()}\n" for _ in range(self.random.randint(1, 3)))
        if k < 0.75:
            return "".join(" " * self.random.choice([0, 0, 0, 2, 4]) + self.random.choice(LINES).replace("&", " ").replace(" x ", "&x ") + "\n"
                           for _ in range(self.random.randint(2, 6)))
        if k < 0.82:
            merged = self.random.choice(["*b", "[*b, *c]", "[*c, *b]", "{q: 1}", "1", "[]", "[1]", "null", "[*b, {w: 3}]"])
            return f"b: &b {{x: 1, y: {{z: 2}}}}\nc: &c {{x: 5}}\nd:\n  <<: {merged}\n  {self.random.choice(['x', 'w', 'y'])}: {self.scalar()}\n"
        if k < 0.92:
            return self.random.choice(DOCUMENTS)
        style = self.random.choice([None, None, '"', "'", "|", ">"])
        return yaml.dump({key: self.value(3) for key in "abc"}, default_flow_style=self.random.choice([None, True, False]), default_style=style,
                         allow_unicode=self.random.choice([True, False]))

    def interpolated(self):
        leaf = lambda: self.random.choice(LEAVES)
        list_or_leaf = lambda: [leaf() for _ in range(self.random.randint(1, 3))] if self.random.random() < 0.25 else leaf()
        inner = lambda: {key: list_or_leaf() for key in self.random.sample(["x", "y", "n", "p.q", 1, "1", True], self.random.randint(1, 3))}
        doc = {key: list_or_leaf() for key in self.random.sample("abcxy", self.random.randint(1, 4))}
        doc |= {"l": [leaf() for _ in range(self.random.randint(1, 3))], "m": inner(), "k": self.random.choice(["x", "y", 1, True, "${c}"]), "i": self.random.choice(["0", 1, -1, 7])}
        return {key: doc[key] for key in self.random.sample(list(doc), self.random.randint(2, len(doc)))}

    def override(self):
        key = self.random.choice(KEYS)
        return key if self.random.random() < 0.08 else f"{key}={self.scalar()}"

    def case(self):
        k = self.random.random()
        if k < 0.15:
            layers = [yaml.dump(self.interpolated()) for _ in range(self.random.choice([1, 1, 2, 3]))]
            return "resolve", layers, lambda: OmegaConf.merge(*[read(text) for text in layers])
        if k < 0.6:
            text = self.document()
            return "yaml", [text], lambda: read(text)
        if k < 0.8:
            words = [self.override() for _ in range(self.random.randint(1, 3))]
            return "overrides", words, lambda: OmegaConf.merge(OmegaConf.create(BASE), OmegaConf.from_dotlist(words))
        layers = [yaml.dump({self.random.choice("abcde"): self.value(2) for _ in range(4)}) for _ in range(2)]
        return "merge", layers, lambda: OmegaConf.merge(*[read(text) for text in layers])


def read(text):
    return OmegaConf.load(io.StringIO(text))


def typed(v):
    if v is None or isinstance(v, (bool, str)):
        return v
    if isinstance(v, float):
        return {"float": repr(v)}
    if isinstance(v, int):
        return {"int": str(v)}
    if isinstance(v, dict):
        return {"map": {str(k): typed(x) for k, x in v.items()}}
    if isinstance(v, list):
        return {"list": [typed(x) for x in v]}
    return {"other": type(v).__name__}


def main(seed, count):
    cases = Cases(seed)
    print(json.dumps({"kind": "base", "in": [json.dumps(BASE)], "ok": typed(BASE)}))
    for _ in range(count):
        kind, texts, make = cases.case()
        out = {"kind": kind, "in": texts}
        try:
            out["ok"] = typed(OmegaConf.to_container(make(), resolve=kind == "resolve"))
        except Exception as e:  # whatever it fails with is a refusal
            out["refused"] = f"{type(e).__name__}: {e}"[:200]
        print(json.dumps(out))


main(int(sys.argv[1]), int(sys.argv[2]))
