"""Writes what the functions of MLPerf's accuracy scripts give for made-up answers.

    python make_golden.py INFERENCE FILE

INFERENCE is a checkout of github.com/mlcommons/inference; only the functions
named below are taken out of its scripts. Wants rouge_score, nltk 3.6.6 to 3.9,
numpy and pandas. Sentences are split with the model in ../../punkt/testdata.
"""
import ast
import json
import os
import random
import re
import sys

import numpy as np
import pandas as pd
from nltk.tokenize import punkt
from rouge_score import rouge_scorer

LANGUAGE = sys.argv[1] + "/language/"
HERE = os.path.dirname(os.path.abspath(__file__))


def take(script, names, **given):
    """The functions of those names in a script, without running the rest of it."""
    tree = ast.parse(open(LANGUAGE + script).read())
    scope = dict(re=re, np=np, pd=pd, **given)
    from typing import Any, Optional
    scope.update(Any=Any, Optional=Optional)
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name in names:
            exec(compile(ast.Module([node], []), script, "exec"), scope)
    return scope


splitter = punkt.PunktSentenceTokenizer()
model = HERE + "/../../punkt/testdata/model/"
lines = lambda name: [l for l in open(model + name, encoding="utf-8").read().split("\n") if l]
params = punkt.PunktParameters()
params.abbrev_types, params.sent_starters = set(lines("abbrev_types.txt")), set(lines("sent_starters.txt"))
params.collocations = {tuple(l.split("\t")) for l in lines("collocations.tab")}
for l in lines("ortho_context.tab"):
    params.ortho_context[l.split("\t")[0]] = int(l.split("\t")[1])
splitter._params = params
nltk = type("nltk", (), {"sent_tokenize": staticmethod(splitter.tokenize)})

llama405 = take("llama3.1-405b/evaluate-accuracy.py", ["niah_em", "qa_em", "rouge", "postprocess_text"], nltk=nltk,
                scorer=rouge_scorer.RougeScorer(["rougeL"], use_stemmer=True))
mixtral = take("mixtral-8x7b/evaluate-accuracy.py", ["find_numbers", "find_number", "maybe_remove_comma", "try_float"])
names = ["validate_text_input", "extract_final_section", "strip_markdown_bold", "parse_multiple_choice", "parse_aime_answer", "evaluate_multiple_choice", "evaluate_aime"]
deepseek, gptoss = take("deepseek-r1/eval_accuracy.py", names), take("gpt-oss-120b/eval_accuracy.py", names)
all_rouge = rouge_scorer.RougeScorer(["rouge1", "rouge2", "rougeL", "rougeLsum"], use_stemmer=True)

r = random.Random(5)
WORDS = """the model said Dr. Smith that costs rose by 3.5 percent. They were late. relational conditions hopefully running "Yes!" (ok.) e.g. fig. 3 end.\n\n a""".split(" ")
UUIDS = ["%08x-%04x-%04x-%04x-%012x" % tuple(r.randrange(16 ** n) for n in (8, 4, 4, 4, 12)) for _ in range(6)]
UUIDS.append("\u00e9" + UUIDS[0][1:])
NUMBERS = ["42", "-7", "1,234", "3.5", ".5", "18", "0", "1,2,3", "5.", "100,000.75", "-", "7\u0663"]
CHOICES = ["A", "b", "C", "J", "(D)", "E.", "Answer: C", "ANSWER: (B)", "final answer = d", "FINAL  ANSWER A.", "Answer A", "answer:\nC\n", "**B**", "['A']", "\\n", "Ans", "the answer is B", "\\'", "A1", "I am", "Answer. D"]
HARMONY = ["<|channel|>analysis<|message|>Answer: A<|end|>", "<|start|>assistant<|channel|>final<|message|>", "<|channel|>final 5<|message|>", "<|return|>"]
AIME = ["\\boxed{42}", "\\boxed{ 7 }", "\\boxed{1000}", "Answer: 12", "answer: 12.", "Answer: 5x", "Answer:\n 33 ", "Answer: 9!", "\\boxed{x}", "so 4"]


def prose(n):
    return " ".join(r.choice(WORDS) for _ in range(n))


def mix(pool, n):
    return "".join(r.choice(pool) + r.choice([" ", " ", "\n", ", ", " | ", ""]) for _ in range(n))


def split(text):
    return llama405["postprocess_text"]([text], [text])[0][0]


cases = {"niah": [], "qa": [], "gsm8k": [], "gpqa": [], "mmlu": [], "gptoss_gpqa": [], "gptoss_mmlu": [], "aime": [], "rouge": []}
for _ in range(150):
    a, b = mix(UUIDS, r.randint(1, 4)), mix(UUIDS + ["x", "no"], r.randint(0, 4))
    cases["niah"].append([a, b, llama405["niah_em"](a, b)["exact_match"]])
    a, b = mix(["Paris", "New York", "3 km", "caf\u00e9"], r.randint(1, 3)), r.choice(["", "It is "]) + r.choice(["", "Answer: "]) + mix(["paris", "New  York", "3km", "Answer: ", "CAF\u00c9"], r.randint(0, 3))
    cases["qa"].append([a, b, llama405["qa_em"](a, b)["exact_match"]])
    a, b = r.choice(NUMBERS[:6] + ["x", "18.0"]), mix(NUMBERS + ["The answer is", "so", "\nQ: more 5", "$"], r.randint(0, 6))
    got = mixtral["try_float"](mixtral["maybe_remove_comma"](mixtral["find_number"](b.split("\nQ:")[0])))
    cases["gsm8k"].append([a, b, got is not None and mixtral["try_float"](a) == got])
    a, b = r.choice("ABCDJ"), mix(CHOICES + ["x"], r.randint(0, 4))
    for key, module, last in (("gpqa", deepseek, "D"), ("mmlu", deepseek, "J"), ("gptoss_gpqa", gptoss, "D"), ("gptoss_mmlu", gptoss, "J")):
        if "gptoss" in key:
            b = mix(HARMONY, r.randint(0, 2)) + mix(CHOICES + ["x"], r.randint(0, 3)) + r.choice(["", "<|return|>"])
        cases[key].append([a, b, module["evaluate_multiple_choice"](module["parse_multiple_choice"](b, last), a, "ABCDEFGHIJ"[:ord(last) - 64])])
    a, b = r.choice(["42", "7", "12", "33", "5", "9"]), mix(AIME, r.randint(0, 4))
    cases["aime"].append([a, b, deepseek["evaluate_aime"](deepseek["parse_aime_answer"](b), a)])

rows = []
for i in range(30):
    a, b = " " + prose(r.randint(3, 40)), prose(r.randint(3, 40)) + "\n "
    if i % 3 == 0:
        b = a[: len(a) // 2] + b
    rows.append([a, b])
preds, targets = llama405["postprocess_text"]([b for _, b in rows], [a for a, _ in rows])
scores = [all_rouge.score(t, p) for t, p in zip(targets, preds)]
means = {k: round(np.mean([s[k].fmeasure for s in scores]) * 100, 4) for k in scores[0]}
means["gen_len"] = int(np.sum([len(p) for p in preds]))
with open(sys.argv[2], "w") as f:
    json.dump({"cases": cases, "rouge_rows": rows, "rouge_means": means}, f)
