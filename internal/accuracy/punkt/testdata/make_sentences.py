"""Trains a small sentence model and writes how NLTK splits texts with it.

    python make_sentences.py FOLDER [SEED COUNT [MODEL]]

writes the model's four files into FOLDER/model, FOLDER/cases.json: [{"text", "sentences"}],
and FOLDER/quotes-VERSION.json, of texts that hold curly quotes, which NLTK treats anew
from 3.10 on. With MODEL (a folder of punkt_tab) that model is taken. Wants NLTK 3.6.6
or later.
"""
import json
import os
import random
import sys

import nltk
from nltk.tokenize import punkt

CORPUS = """Dr. Smith met Mr. Jones at 5 p.m. on Jan. 3. They spoke of the U.S. economy, e.g. of prices. Mr. Jones left. He was late.
The firm Acme Inc. grew by 3.5 percent. Acme Inc. said so. It had 1,200 people in Jan. and 1,500 in Dec. of that year. J. S. Bach wrote it. Prof. Lee agreed.
See fig. 3 and pp. 12 of vol. 2. The fig. shows it. We saw Prof. Lee and Dr. Ray. In Jan. we left. In Dec. we came back. A. Turing knew. The end. """ * 12

WORDS = """Dr. Mr. Prof. Inc. U.S. e.g. i.e. p.m. a.m. Jan. Dec. fig. vol. pp. etc. St. J. S. B. x. the The he He it It in In we We a A said Smith Bach economy
prices left late grew 3. 3.5 1,200 12 -7 .5 5.-6 1-2. no. No. well-known ex-Gov. end. end! end? really?! wow!!! hmm... ... .. . . . -- - --- ; : , "quoted." "Quoted!" (see (this.)
end.) [1]. {x.} 'ok.' it's don't. "Hi" said. a.b c,d. x@y.com http://a.b/c?d=e \u00e9t\u00e9. \u00c9t\u00e9 \u00df. \u4e16\u754c. \u3002 \u00a0 ##x *y* &z ). )) "). .) !" ?) ." ..." .-- )-- "-- ,, a, b: c;""".split() + ["\n", "\n\n", "\t", "  "]


def model(folder, source):
    if source:
        params = punkt.load_punkt_params(type("Dir", (str,), {"join": lambda self, f: type("P", (), {"open": lambda s, encoding=None: open(os.path.join(source, f), encoding="utf-8")})()})(source)) \
            if punkt.__dict__.get("_open_model_file") else punkt.load_punkt_params(source)
    else:
        trainer = punkt.PunktTrainer()
        trainer.INCLUDE_ALL_COLLOCS = True
        trainer.train(CORPUS, finalize=True)
        params = trainer.get_params()
    os.makedirs(folder, exist_ok=True)
    for name, lines in (("abbrev_types.txt", params.abbrev_types), ("sent_starters.txt", params.sent_starters),
                        ("collocations.tab", ["%s\t%s" % c for c in params.collocations]), ("ortho_context.tab", ["%s\t%d" % i for i in params.ortho_context.items()])):
        with open(os.path.join(folder, name), "w", encoding="utf-8", newline="") as f:
            f.write("\n".join(sorted(lines)))
    return params


def main(folder, seed=0, count=150, source=None):
    tokenizer = punkt.PunktSentenceTokenizer()
    tokenizer._params = model(os.path.join(folder, "model"), source)
    r = random.Random(int(seed))
    texts = ["", " ", ".", "a.", "A.b", "One. Two", CORPUS[:600], " lead. Trail. "]
    for _ in range(int(count)):
        texts.append("".join(r.choice(WORDS) + r.choice([" "] * 6 + ["", "  ", "\n"]) for _ in range(r.randint(1, 40))))
        texts.append("".join(r.choice("ab .?!,-\"')(\nA1") for _ in range(r.randint(1, 30))))
    with open(os.path.join(folder, "cases.json"), "w") as f:
        json.dump([{"text": t, "sentences": tokenizer.tokenize(t)} for t in texts], f)
    quotes = "\u2018\u2019\u201c\u201d\u00ab\u00bb"
    texts = []
    for _ in range(int(count)):
        texts.append("".join(r.choice(WORDS + ["\u201cHe", "end.\u201d", "end\u201d.", "\u00abOui.\u00bb", "it\u2019s", "x.\u2019\u201d"] * 8) + r.choice([" "] * 6 + ["", "\n"]) for _ in range(r.randint(1, 30))))
        texts.append("".join(r.choice("ab .?!-\"')(A1" + quotes) for _ in range(r.randint(1, 30))))
    version = "3.10" if tuple(map(int, nltk.__version__.split(".")[:2])) >= (3, 10) else "3.8"
    with open(os.path.join(folder, "quotes-%s.json" % version), "w") as f:
        json.dump([{"text": t, "sentences": tokenizer.tokenize(t)} for t in texts], f)


main(*sys.argv[1:])
