"""Writes what the tokenizers library makes of expressions: one case a line.

    pip install tokenizers==0.23.3
    python testdata/make_cases.py FILE SEED COUNT

First the expressions that are listed here, then COUNT random ones.
"""
import json
import random
import sys

from tokenizers import Regex
from tokenizers.pre_tokenizers import Split

KIMI = "|".join([
    r"[\p{Han}]+",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"\p{N}{1,3}", r" ?[^\s\p{L}\p{N}]+[\r\n]*", r"\s*[\r\n]+", r"\s+(?!\S)", r"\s+",
])
CL100K = r"(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s"
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
LISTED = [KIMI, CL100K, GPT2, "", "^", "$", "a$", "^a", r"\n$", "a*", "(?<=a)b", "(?<!a)b", "(?<=a|bc)x", r"(?<=\s)\S", r"\bfoo\b", r"\B", "[[:punct:]]", "[[:^alpha:]]+",
          "[a-z&&[^aeiou]]+", "[^a-z&&[^aeiou]]+", "[a&&]", "[a[0-9]]+", "[^a[0-9]]+", "[[a-f]&&[c-z]&&[^d]]", "[]a]", "[^]a]", "[a-]", "[-a]+", "[a-c-]", r"[\w-]", r"[\]a]", "[]", "[^]",
          r"\h+", r"\H+", r"\R", r"\N+", r"\O+", r"\pL", r"\u0061", r"\x{1F600}", r"\x61", r"\o{141}", r"\07", r"\0", r"\e", r"\8", r"\1", r"[\b]", r"\p{^N}+", r"\P{N}+", r"\P{^N}+", r"\p{lu}", r"\p{Greek}+",
          r"\p{Nothing}", r"[\s\S]", r"[^\s\S]", "(?i)k", "(?i)ſ", "(?i:s)t", "(?i)[a-f]+", "(?i)[^k]", r"(?i)\p{Lu}", "(?i:a)A", "a(?i)b|c", "(?m:.)+", ".+", "(?x) a b # c", "(?x: a + )b", "(?<n>a)b",
          "(?#x)a", "(?>a+)b", "(?>a|ab)c", "a++b", "a?+a", "a*+", "a{1,2}?", "a{2}?", "a{2}+", "a{,2}", "a{2,}", "a{1,2}+", "a{2", "a{x}", "a{}", "a{,}", "]", "}", "a??", "a+?b", "a+*", "a?+*", "(?:a?)*b", "(?:a|b*)+c",
          "(?:a*?)*b", "(a|b)+?c", "((a)(b))+", r"\Z", r"\z", r"\A.", r"\G\d", "(?=a)a", "(?!a).", r"\.", r"\ ", r"\é", "a|", "|a", "()", "(a", "a)", "*", "a|*", "[a", r"\\", "[b-a]", r"(?<=a+)b", r"\s+(?=\s)|\S+",
          r"\p{Emoji}", r"\p{Extended_Pictographic}+", r"[\p{L}\p{M}]+(?:['’][\p{L}]+)*", r"\d{1,3}(?=(?:\d{3})*\b)", r"[\x00-\x1F]", r"[一-龥]+", r"[\u4e00-\u9fa5]+", "[^[:space:]]+", r"\S+\s?", "[a-z]{2,3}", "(?:ab){2,3}", "(?:ab){1,2}+"]
ALPHABET = list("aabbccdfiklst AB019 .-'_]\n\r\t") + ["é", "É", "ſ", "ß", "K", "字", "あ", "\u0301", "٣", "\u00a0", "\u2028", "\u0085", "😀", "\U0001fae9", "ﬁ", "\u200d", "½", "$"]
CHARS = list("abcdkst01 .-'") + [r"\n", r"\t", "é", "字", r"\.", r"\x41", "_"]
CLASSES = [r"\p{L}", r"\p{N}", r"\p{Lu}", r"\P{L}", r"\s", r"\S", r"\w", r"\W", r"\d", r"\D", r"\h", r"\p{Han}", r"\p{P}", r"\p{^S}"]


def klass(r, depth=0):
    items = []
    for _ in range(r.randint(1, 4)):
        k = r.random()
        if k < 0.4:
            items.append(r.choice(CHARS))
        elif k < 0.55:
            items.append(r.choice(["a-f", "b-k", "0-4", "A-Z", "一-龥", "s-t"]))
        elif k < 0.8:
            items.append(r.choice(CLASSES))
        elif k < 0.9:
            items.append(r.choice(["[:alpha:]", "[:punct:]", "[:^space:]", "[:digit:]", "[:word:]"]))
        elif depth < 2:
            items.append(klass(r, depth + 1))
        if r.random() < 0.15:
            items.append("&&")
    return "[" + ("^" if r.random() < 0.3 else "") + "".join(items) + "]"


def atom(r, depth):
    k = r.random()
    if k < 0.45 or depth > 3:
        return r.choice(CHARS)
    if k < 0.6:
        return r.choice(CLASSES)
    if k < 0.8:
        return klass(r)
    if k < 0.93:
        return r.choice(["(?:", "(?:", "(", "(?>", "(?i:", "(?i:", "(?m:"]) + alternatives(r, depth + 1) + ")"
    return r.choice([".", r"\R", r"\N", r"\O"])


def sequence(r, depth):
    out = ""
    for _ in range(r.randint(0 if depth else 1, 4)):
        if r.random() < 0.12:
            out += r.choice([r"\b", r"\B", "^", "$", "(?=", "(?!", "(?<=", "(?<!"])
            if out[-1] in "=!":
                out += (r.choice(CHARS + CLASSES) if out[-2] == "<" else alternatives(r, depth + 2)) + ")"
            continue
        out += atom(r, depth)
        if r.random() < 0.45:
            out += r.choice(["*", "+", "?", "*?", "+?", "??", "*+", "++", "?+", "{1,3}", "{2}", "{2,}", "{0,2}?", "{1,2}+", "{,2}", "+*", "{2}?"])
    return out


def alternatives(r, depth=0):
    return "|".join(sequence(r, depth) for _ in range(r.choice([1, 1, 2, 3])))


def case(pattern, texts):
    out = {"pattern": pattern}
    try:
        split = Split(Regex(pattern), "isolated")
    except Exception as e:
        out["error"] = str(e)
        return out
    out["cases"] = []
    for t in texts:
        try:
            out["cases"].append([t, [p for p, _ in split.pre_tokenize_str(t)]])
        except BaseException as e:  # the library panics where an expression tries too many ways
            if "retry-limit" not in str(e):
                raise
    return out


def main():
    path, seed, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    r = random.Random(seed)
    with open(path, "w") as f:
        for n in range(len(LISTED) + count):
            pattern = LISTED[n] if n < len(LISTED) else alternatives(r)
            texts = ["".join(r.choice(ALPHABET) for _ in range(r.randint(1, 14))) for _ in range(6)]
            texts += ["a\nba\n", "Hello wORLD's  it 12345!\n\n x", "foo foox字字あkK"]
            f.write(json.dumps(case(pattern, texts), ensure_ascii=False) + "\n")


main()
