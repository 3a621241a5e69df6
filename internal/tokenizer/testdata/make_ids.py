"""Writes what the tokenizers library makes of many texts with a tokenizer.json.

    python make_ids.py OUT TOKENIZER.json SEED COUNT

OUT holds one [text, ids with special tokens, decoded text] a line.
"""
import json
import random
import sys

from tokenizers import Tokenizer

FIXED = [
    "The quick brown fox doesn't jump; it's asleep.", "def main(argv):\n    print('hi')\n\n\n    return 0\n", "Stra\u00dfe \u041f\u0440\u0438\u0432\u0435\u0442, \u4f60\u597d\u4e16\u754c\u3002",
    "\u201cI'LL go\u201d \u2014 we've   many    spaces\tand\ttabs \U0001f600\U0001f680", " \U0001fae9", "\u2177 \u00bd \u00b2 x\u00b2", "\u0130stanbul \u03a3\u0391\u03a3", " a", "a ", "", "\n", "\r\n\r\n x", "12345678 1,234.5",
    "<s>hi</s> <|im_start|>user\n", "\ufb01 \ufb00 \u0149", "e\u0301\u0323 \u1e69", "\u1100\u1161\u11a8 \ud55c\uae00",
]
RANGES = [(0x20, 0x7e), (0xa0, 0x24f), (0x370, 0x52f), (0x590, 0x6ff), (0x900, 0xdff), (0xe00, 0xeff), (0x1100, 0x11ff), (0x1e00, 0x20cf), (0x2100, 0x2bff), (0x3000, 0x30ff), (0x4e00, 0x9fff),
          (0xac00, 0xd7a3), (0xf900, 0xfffd), (0x10000, 0x10fff), (0x11000, 0x11fff), (0x16100, 0x16f9f), (0x1d400, 0x1d7ff), (0x1e000, 0x1efff), (0x1f000, 0x1fbff), (0x20000, 0x323af)]
WORDS = ["the ", " of", "ing", "Hello", "World", "'s", "'LL", "don't", " 12", "345", "\n", "\n\n", "  ", "\t", "\u00e9", "\u00df", "\u4f60", "\u597d", "\U0001f600", "\U0001f1e9\U0001f1ea", ".", ",", "!?", "...", "(x)", "_", "-", "/", "\u00a0", "\u3000"]


def text(r):
    out, kind = "", r.random()
    for _ in range(r.randint(1, 30)):
        if kind < 0.5:
            out += r.choice(WORDS)
        elif kind < 0.75:
            out += chr(r.randint(*r.choice(RANGES)))
        else:
            c = r.randint(0, 0x10ffff) if r.random() < 0.3 else r.randint(32, 0x2fff)
            out += " " if 0xd800 <= c < 0xe000 else chr(c)
    return out


def main():
    out, path, seed, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    r = random.Random(seed)
    tok = Tokenizer.from_file(path)
    tok.no_truncation()  # as transformers does unless asked
    tok.no_padding()
    with open(out, "w") as f:
        for t in FIXED + [text(r) for _ in range(count - len(FIXED))]:
            ids = tok.encode(t).ids
            f.write(json.dumps([t, ids, tok.decode(ids, skip_special_tokens=False)]) + "\n")


main()
