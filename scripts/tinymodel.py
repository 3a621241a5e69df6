"""Makes a Llama of two layers with random weights and a tokenizer, without network.

usage: tinymodel.py FOLDER

It answers nonsense, but through every part of an engine. The tokenizer knows
each byte, and the pairs of letters, of digits, and of a space and a letter.
"""
import itertools
import os
import string
import sys

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

CONTEXT = 2048
SPECIAL = ["<unk>", "<s>", "</s>", "<pad>"]
CHAT = (
    "{% for m in messages %}<s>{{ m['role'] }}: {{ m['content'] }}</s>{% endfor %}"
    "{% if add_generation_prompt %}<s>assistant: {% endif %}"
)


def tokenizer():
    letters, digits = string.ascii_lowercase, string.digits
    space = "\u0120"  # how the byte-level alphabet writes it
    merges = [(space, b) for b in letters]
    merges += itertools.product(letters, letters)
    merges += itertools.product(digits, digits)
    vocabulary = SPECIAL + sorted(pre_tokenizers.ByteLevel.alphabet()) + [a + b for a, b in merges]
    t = Tokenizer(models.BPE(vocab={word: i for i, word in enumerate(vocabulary)}, merges=merges))
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    t.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=t, unk_token="<unk>", bos_token="<s>", eos_token="</s>", pad_token="<pad>",
        model_max_length=CONTEXT,
    )
    fast.chat_template = CHAT
    return fast


def main(folder):
    t = tokenizer()
    t.save_pretrained(folder)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(t), hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=2, head_dim=32, max_position_embeddings=CONTEXT,
        bos_token_id=t.bos_token_id, eos_token_id=t.eos_token_id, pad_token_id=t.pad_token_id,
    )
    LlamaForCausalLM(config).to(torch.bfloat16).save_pretrained(folder)


if __name__ == "__main__":
    main(sys.argv[1])
