"""Writes what rouge_score and NLTK's Porter stemmer give, as JSON:
{"stems": {word: stem}, "scores": [{"reference", "prediction", "rouge1", ...}]}.

    python make_scores.py FILE [SEED WORDS PAIRS]
"""
import json
import random
import sys

from nltk.stem import porter
from rouge_score import rouge_scorer

ROOTS = """relat condit ration valen hesit digit conform radic differ vile analog vietnam predic oper feud decis hope call form
sens triplic electr good reviv allow infer airlin gyroscop adjust defens irrit replac depend adopt homolog commun activ angular effect bowdler
prob rat ceas control roll happ enjo spy fly tr sky die ly skies news inning howe proceed exceed succeed hop tann fall hiss fizz fail fil plaster bled motor
sing agre fe poni ti caress cat syzyg yyy toy say trouble oat tree ivy private oaten orrery appl geolog bio psycho use us as bus gas x ab 3d 2024 mp3 quick""".split()
SUFFIXES = """ s es ies sses ss ed eed ied ing y ly li ational tional enci anci izer abli bli alli entli eli ousli ization ation ator alism iveness fulness
ousness aliti iviti biliti icate ative alize iciti ical ful ness al ance ence er ic able ible ant ement ment ent ion tion sion ou ism ate iti ous ive ize e ll fulli logi
ee at bl iz atted lled ying yed yly ally fully ology""".split(" ")


def main(path, seed=0, words=1500, pairs=60):
    r = random.Random(seed)
    made = sorted({r.choice(ROOTS) + r.choice(SUFFIXES) + r.choice(["", "", r.choice(SUFFIXES)]) for _ in range(words)} | set(ROOTS))
    stemmer = porter.PorterStemmer()
    # Short words are not stemmed by rouge_score, and an empty one has no stem.
    stems = {w: stemmer.stem(w) for w in made if w}
    scorer = rouge_scorer.RougeScorer(["rouge1", "rouge2", "rougeL", "rougeLsum"], use_stemmer=True)
    marks = [" ", " ", " ", " ", ", ", ". ", ".\n", "\n", "\n\n", "-", "'s ", " \u2014 ", "\u0130", "\u212a", " \u00e9t\u00e9 "]

    def text(pool, n):
        return "".join(w.upper() if r.random() < 0.1 else w for i in range(n) for w in (r.choice(pool), r.choice(marks)))

    scores = []
    for i in range(pairs):
        pool = r.sample(made, r.choice([3, 10, 40]))
        a, b = text(pool, r.choice([0, 1, 5, 30, 200])), text(pool, r.choice([1, 5, 30, 200]))
        if r.random() < 0.3:
            b = a[r.randrange(len(a) + 1):] + b
        s = scorer.score(a, b)
        scores.append(dict({"reference": a, "prediction": b}, **{k: v.fmeasure for k, v in s.items()}))
    with open(path, "w", encoding="utf-8") as f:
        json.dump({"stems": stems, "scores": scores}, f)


main(sys.argv[1], *map(int, sys.argv[2:]))
