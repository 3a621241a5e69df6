"""Trains small tokenizers, one for each family that is read, and writes what the
tokenizers library makes of a number of texts with them.

    python make_tokenizers.py FOLDER [SEED COUNT]

writes FOLDER/<family>.json, a tokenizer.json, and FOLDER/<family>.cases.json:
[{"text", "ids", "special_ids", "decoded", "decoded_all", "tail", "tail_decoded"}].
COUNT random texts are added to the fixed ones.
"""
import json
import random
import struct
import sys

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
O200K = "|".join([
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"\p{N}{1,3}", r" ?[^\s\p{L}\p{N}]+[\r\n/]*", r"\s*[\r\n]+", r"\s+(?!\S)", r"\s+"])
KIMI = "|".join([
    r"[\p{Han}]+",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"\p{N}{1,3}", r" ?[^\s\p{L}\p{N}]+[\r\n]*", r"\s*[\r\n]+", r"\s+(?!\S)", r"\s+"])
DEEPSEEK = r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"""

CORPUS = [
    "The quick brown fox jumps over the lazy dog, and the dog doesn't care; it's asleep.",
    "In 2024 there were 1234567 samples, 24,576 of them in the data set (5.5 % more).",
    "def main(argv):\n    print('hello world')\n\n\n    return 0\n",
    "Der schnelle Fuchs \u00fcberquert die Stra\u00dfe. \u041f\u0440\u0438\u0432\u0435\u0442, \u043c\u0438\u0440! \u4f60\u597d\u4e16\u754c\u3002\u3053\u3093\u306b\u3061\u306f",
    "he said: \u201cI'LL go\u201d \u2014 we've   many    spaces\tand\ttabs \U0001f600\U0001f680",
] * 4

TEXTS = CORPUS[:5] + [
    "", " ", "   ", "\n", "a", " a", "a ", "  a  b  ", "\n\n a\n\n", "\t\tx", "x\r\n\r\ny", "I'm you're WE'VE it'S don't",
    "\u00e9 e\u0301 \ufb01 \u212b", "\U0001f469\u200d\U0001f680 \U0001f1e9\U0001f1ea", "\u00a0nbsp\u2003em", "\u1680\u2028\u0085x",
    "unknown \u0e44\u0e17\u0e22 \u05d0\u05d1", "1 22 333 4444 55555", "<s>hello</s>", "<s> hello </s> world", "a<|mark|>b <|mark|>", "x  <|left|>  y  <|right|>  z",
    "tokenword token word token", "\u2581already \u2581 marked", "\u0120dotted", "a" * 300, "ab " * 200, "!?!?...--- ...", "under_score __init__ CamelCase HTTPServer2",
    "e\u0301\u0323 \ufb01\u0301 \r\n \u00aa\u0302 \u1100\u1161\u0301 \u00e9\u20dd \u06001 \u00a9\u200d\u00a9", "\u043f\u0440hello\u4f60\u3053\u30fc ok", "supercalifragilisticexpialidocious",
    "zero\x00byte \x01\x1f", "\u0130stanbul \u03a3\u03a3", "<0x41>", "e\u0301" * 5,
]


def train(model, pre=None, normalizer=None, alphabet=(), vocab=420, special=()):
    t = Tokenizer(model)
    if normalizer is not None:
        t.normalizer = normalizer
    if pre is not None:
        t.pre_tokenizer = pre
    t.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=vocab, show_progress=False, initial_alphabet=list(alphabet), special_tokens=list(special), max_token_length=12))
    return t


def byte_level(split, digits=None, **kw):
    parts = [pre_tokenizers.Split(Regex(p), "isolated") for p in (digits or []) + [split]]
    pre = pre_tokenizers.Sequence(parts + [pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    t = train(models.BPE(**kw), pre, alphabet=pre_tokenizers.ByteLevel.alphabet(), special=["<s>", "</s>"])
    t.decoder = decoders.ByteLevel()
    return t


def sentencepiece(pre, normalizer):
    special = ["<unk>", "<s>", "</s>"] + ["<0x%02X>" % i for i in range(256)]
    t = train(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True), pre, normalizer, vocab=600, special=special)
    raw = json.loads(t.to_str())  # the bytes are plain vocabulary, not added tokens
    raw["added_tokens"] = raw["added_tokens"][:3]
    t = Tokenizer.from_str(json.dumps(raw))
    t.decoder = decoders.Sequence([decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    return t


def begin(t, name="<s>", end=None):
    ids = [(name, t.token_to_id(name))] + ([(end, t.token_to_id(end))] if end else [])
    t.post_processor = processors.TemplateProcessing(single="%s $A%s" % (name, " " + end if end else ""), pair="%s $A %s $B" % (name, name), special_tokens=ids)


def add(t):
    t.add_special_tokens([AddedToken("<|mark|>"), AddedToken("<|left|>", lstrip=True), AddedToken("<|right|>", rstrip=True)])
    t.add_tokens([AddedToken("token", single_word=True), AddedToken("Camel", normalized=True)])


def families():
    t = train(models.BPE(), pre_tokenizers.ByteLevel(add_prefix_space=True), alphabet=pre_tokenizers.ByteLevel.alphabet(), special=["<|endoftext|>"])
    t.decoder = decoders.ByteLevel()
    t.post_processor = processors.ByteLevel(trim_offsets=False)
    add(t)
    yield "gpt2", t
    t = byte_level(LLAMA3, ignore_merges=True)
    add(t)
    begin(t)
    t.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=False), t.post_processor])
    yield "llama3", t
    t = byte_level(QWEN)
    t.normalizer = normalizers.NFC()
    add(t)
    yield "qwen2", t
    t = byte_level(O200K)
    yield "o200k", t
    yield "kimi", byte_level(KIMI)
    t = byte_level(DEEPSEEK, [r"\p{N}{1,3}", r"[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+".encode().decode("unicode_escape")])
    begin(t, end="</s>")
    yield "deepseek", t
    t = sentencepiece(None, normalizers.Sequence([normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")]))
    begin(t)
    yield "llama2", t
    t = sentencepiece(pre_tokenizers.Metaspace("\u2581", prepend_scheme="first", split=False), None)
    begin(t)
    add(t)
    yield "mistral", t
    t = sentencepiece(pre_tokenizers.Metaspace("\u2581", prepend_scheme="always", split=True), normalizers.NFKC())
    t.decoder = decoders.Metaspace("\u2581", prepend_scheme="always", split=True)
    yield "metaspace", t
    for behavior in ("removed", "merged_with_previous", "merged_with_next", "contiguous"):
        t = train(models.BPE(), pre_tokenizers.Sequence([
            pre_tokenizers.Split(Regex(r"[aeiou]"), behavior, invert=behavior == "removed"), pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]),
            normalizers.Sequence([normalizers.Lowercase(), normalizers.Strip()]), alphabet=pre_tokenizers.ByteLevel.alphabet(), vocab=300)
        t.decoder = decoders.ByteLevel()
        yield "split_" + behavior, t
    for name, normalizer, pre in (
            ("bert", normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer()),
            ("accents", normalizers.Sequence([normalizers.NFKD(), normalizers.StripAccents(), normalizers.Nmt()]), pre_tokenizers.Sequence([pre_tokenizers.Whitespace(), pre_tokenizers.CharDelimiterSplit("e"), pre_tokenizers.Punctuation("merged_with_next")])),
            ("lengths", normalizers.ByteLevel(), pre_tokenizers.FixedLength(3))):
        t = train(models.BPE(unk_token="<unk>", fuse_unk=name == "accents"), pre, normalizer, vocab=300, special=["<unk>", "<s>", "</s>"], alphabet=pre_tokenizers.ByteLevel.alphabet() if name == "lengths" else ())
        ends = processors.BertProcessing if name == "bert" else processors.RobertaProcessing
        t.post_processor = ends(("</s>", t.token_to_id("</s>")), ("<s>", t.token_to_id("<s>")))
        if name == "lengths":
            begin(t)
            t.decoder = decoders.ByteLevel()
        else:
            t.decoder = decoders.Fuse()
        yield name, t
    yield from words()
    yield from unigrams()


def double_array(entries):
    """SentencePiece's precompiled_charsmap: a double array of the keys, and what they become."""
    texts, trie = b"", {}
    for key, to in entries.items():
        node = trie
        for b in key.encode():
            node = node.setdefault(b, {})
        node[0] = len(texts)
        texts += to.encode() + b"\0"
    units = {0: 0}

    def place(node, at):
        base = next(b for b in range(1, 1 << 20) if all(b ^ c not in units for c in node))
        for c in node:
            units[base ^ c] = c
        units[at] |= (at ^ base) << 10 | (0x100 if 0 in node else 0)
        for c, below in node.items():
            if c == 0:
                units[base] = below
            else:
                place(below, base ^ c)

    place(trie, 0)
    flat = [units.get(i, 0) for i in range(max(units) | 255)]
    return struct.pack("<%dI" % (len(flat) + 1), 4 * len(flat), *flat) + texts


CHARSMAP = {"\u00e9": "e", "e\u0301": "E", "\r": " ", "\u2003": " ", "\ufb01": "fi", "\u1100\u1161": "G", "\u0e01": "", "\u4e16": "world", "\U0001f600": ":)", "\u00aa": "a", "\u0600": "#", "\u1161": "A", "\u00a9": "(c)"}


def unigram(normalizer, pre, byte_fallback=False):
    special = ["<s>", "</s>", "<unk>"] + (["<0x%02X>" % i for i in range(256)] if byte_fallback else [])
    t = Tokenizer(models.Unigram())
    t.normalizer, t.pre_tokenizer = normalizer, pre
    t.train_from_iterator(CORPUS, trainers.UnigramTrainer(vocab_size=len(special) + 150, show_progress=False, special_tokens=special, unk_token="<unk>"))
    raw = json.loads(t.to_str())
    raw["model"]["byte_fallback"] = byte_fallback
    raw["added_tokens"] = raw["added_tokens"][:3]
    t = Tokenizer.from_str(json.dumps(raw))
    t.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace()])
    begin(t, end="</s>")
    return t


def words():
    """Vocabularies of words and their parts."""
    t = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=20))
    t.normalizer, t.pre_tokenizer = normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer()
    t.train_from_iterator(CORPUS, trainers.WordPieceTrainer(vocab_size=200, show_progress=False, special_tokens=["[UNK]", "<s>", "</s>"]))
    t.decoder = decoders.WordPiece()
    begin(t, end="</s>")
    yield "wordpiece", t
    t = Tokenizer(models.WordLevel(unk_token="<unk>"))
    t.pre_tokenizer = pre_tokenizers.Whitespace()
    t.train_from_iterator(CORPUS, trainers.WordLevelTrainer(vocab_size=60, show_progress=False, special_tokens=["<unk>"]))
    yield "wordlevel", t
    t = Tokenizer(models.BPE(unk_token="<unk>", end_of_word_suffix="</w>", continuing_subword_prefix="@", fuse_unk=True))
    t.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    t.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=300, show_progress=False, special_tokens=["<unk>"], end_of_word_suffix="</w>", continuing_subword_prefix="@"))
    t.decoder = decoders.BPEDecoder()
    yield "suffix", t
    raw = json.loads(t.to_str())  # some bytes of unknown characters are tokens
    raw["model"].update(byte_fallback=True, vocab=dict(raw["model"]["vocab"], **{"<0x%02X>" % b: 1000 + b for b in range(256) if b != 0xc3}))
    yield "some_bytes", Tokenizer.from_str(json.dumps(raw))


def unigrams():
    yield "unigram", unigram(normalizers.Sequence([normalizers.Precompiled(double_array(CHARSMAP)), normalizers.Replace(Regex(" {2,}"), " ")]), pre_tokenizers.Metaspace())
    yield "unigram_bytes", unigram(None, pre_tokenizers.Metaspace(split=False), byte_fallback=True)
    yield "scripts", unigram(normalizers.NFKC(), pre_tokenizers.UnicodeScripts())


def random_texts(seed, count):
    r = random.Random(seed)
    words = " ".join(CORPUS).split(" ") + ["\n", "\n\n", "\t", "  ", "   ", "\u00a0", "\u3000", "'s", "'LL", "1", "23", "456", "7890", "\u00e9", "\u4e16", "\U0001f600", "<s>", "</s>", "<|mark|>",
                                         "<|left|>", "<|right|>", "token", "Camel", "\u2581", "\u0301", "_", "-", "!", "...", "\r\n", "\u200d", "\x00", "\u0e01", *CHARSMAP]
    for _ in range(count):
        yield "".join(r.choice(words) + r.choice(["", "", " ", " "]) for _ in range(r.randint(1, 30)))
    for _ in range(count):
        yield "".join(chr(r.choice([r.randrange(32, 127), r.randrange(32, 127), r.randrange(0, 0x250), r.randrange(0x370, 0x530), r.randrange(0x2000, 0x2100), r.randrange(0x4e00, 0x9fff), r.randrange(0x1f300, 0x1f700)])) for _ in range(r.randint(1, 40)))


def main(folder, seed=0, count=0):
    for name, t in families():
        t.save("%s/%s.json" % (folder, name))
        cases = []
        for text in TEXTS + list(random_texts(seed, count)):
            ids = t.encode(text, add_special_tokens=False).ids
            tail = ids[1::2]
            cases.append({
                "text": text, "ids": ids, "special_ids": t.encode(text).ids,
                "decoded": t.decode(t.encode(text).ids), "decoded_all": t.decode(t.encode(text).ids, skip_special_tokens=False),
                "tail": tail, "tail_decoded": t.decode(tail, skip_special_tokens=False)})
        with open("%s/%s.cases.json" % (folder, name), "w", encoding="utf-8") as f:
            json.dump(cases, f, ensure_ascii=True)


main(sys.argv[1], *map(int, sys.argv[2:]))
