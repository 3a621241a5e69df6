"""Writes a small byte-level BPE tokenizer: the bytes and all pairs of letters."""

import json
import os
import sys

from tokenizers import Tokenizer, decoders, models, pre_tokenizers

folder = sys.argv[1]
alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
vocab = {c: i for i, c in enumerate(alphabet)}
letters = [c for c in alphabet if c.isascii() and c.isalpha()]
merges = [(a, b) for a in letters for b in letters]
for a, b in merges:
    vocab[a + b] = len(vocab)
vocab["</s>"] = len(vocab)

tokenizer = Tokenizer(models.BPE(vocab=vocab, merges=merges))
tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
tokenizer.decoder = decoders.ByteLevel()
os.makedirs(folder, exist_ok=True)
tokenizer.save(os.path.join(folder, "tokenizer.json"))
for name, content in {
    "tokenizer_config.json": {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "</s>", "model_max_length": 1000000},
    "config.json": {"model_type": "llama", "vocab_size": len(vocab), "max_position_embeddings": 1000000},
}.items():
    with open(os.path.join(folder, name), "w") as f:
        json.dump(content, f)
