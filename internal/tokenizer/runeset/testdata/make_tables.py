"""Writes ../tables.txt: what classes of characters the tokenizers library has.

    pip install tokenizers==0.23.3
    python testdata/make_tables.py

The library's regular expressions are Oniguruma's and its other classes are Rust's;
each has Unicode tables of its own version. Every class is asked of the library
itself, over every code point, so that no version needs to be known here.
"""
import pathlib
import struct

import tokenizers
from tokenizers import Regex, normalizers, pre_tokenizers

CATEGORIES = """c other; cc cntrl control; cf format; cn unassigned; co privateuse; l letter; lc casedletter; ll lowercaseletter;
lm modifierletter; lo otherletter; lt titlecaseletter; lu uppercaseletter; m mark combiningmark; mc spacingmark; me enclosingmark;
mn nonspacingmark; n number; nd decimalnumber; nl letternumber; no othernumber; p punctuation; pc connectorpunctuation;
pd dashpunctuation; pe closepunctuation; pf finalpunctuation; pi initialpunctuation; po otherpunctuation; ps openpunctuation;
s symbol; sc currencysymbol; sk modifiersymbol; sm mathsymbol; so othersymbol; z separator; zl lineseparator;
zp paragraphseparator; zs spaceseparator"""

POSIX = "alnum; alpha alphabetic; ascii; blank; cntrl; digit; graph; lower lowercase; print; punct; space whitespace; upper uppercase; xdigit; word; any; assigned"

BINARY = """asciihexdigit ahex; bidicontrol bidic; cased; caseignorable ci; changeswhencasefolded cwcf; changeswhencasemapped cwcm;
changeswhenlowercased cwl; changeswhentitlecased cwt; changeswhenuppercased cwu; dash; defaultignorablecodepoint di; deprecated dep;
diacritic dia; emoji; emojicomponent ecomp; emojimodifier emod; emojimodifierbase ebase; emojipresentation epres; extendedpictographic extpict;
extender ext; graphemebase grbase; graphemeextend grext; hexdigit hex; hyphen; idcontinue idc; idstart ids; ideographic ideo;
joincontrol joinc; logicalorderexception loe; math; noncharactercodepoint nchar; patternsyntax patsyn; patternwhitespace patws;
prependedconcatenationmark pcm; quotationmark qmark; radical; regionalindicator ri; sentenceterminal sterm; softdotted sd;
terminalpunctuation term; unifiedideograph uideo; variationselector vs; xidcontinue xidc; xidstart xids"""

SCRIPTS = """adlam adlm; ahom; anatolianhieroglyphs hluw; arabic arab; armenian armn; avestan avst; balinese bali; bamum bamu; bassavah bass; batak batk;
bengali beng; beriaerfe berf; bhaiksuki bhks; bopomofo bopo; brahmi brah; braille brai; buginese bugi; buhid buhd; canadianaboriginal cans; carian cari;
caucasianalbanian aghb; chakma cakm; cham; cherokee cher; chorasmian chrs; common zyyy; coptic copt; cuneiform xsux; cypriot cprt;
cyprominoan cpmn; cyrillic cyrl; deseret dsrt; devanagari deva; divesakuru diak; dogra dogr; duployan dupl; egyptianhieroglyphs egyp;
elbasan elba; elymaic elym; ethiopic ethi; garay gara; georgian geor; glagolitic glag; gothic goth; grantha gran; greek grek; gujarati gujr;
gunjalagondi gong; gurmukhi guru; gurungkhema gukh; han hani; hangul hang; hanifirohingya rohg; hanunoo hano; hatran hatr; hebrew hebr;
hiragana hira; imperialaramaic armi; inherited zinh qaai; inscriptionalpahlavi phli; inscriptionalparthian prti; javanese java; kaithi kthi;
kannada knda; katakana kana; kawi; kayahli kali; kharoshthi khar; khitansmallscript kits; khmer khmr; khojki khoj; khudawadi sind;
kiratrai krai; lao laoo; latin latn; lepcha lepc; limbu limb; lineara lina; linearb linb; lisu; lycian lyci; lydian lydi; mahajani mahj;
makasar maka; malayalam mlym; mandaic mand; manichaean mani; marchen marc; masaramgondi gonm; medefaidrin medf; meeteimayek mtei;
mendekikakui mend; meroiticcursive merc; meroitichieroglyphs mero; miao plrd; modi; mongolian mong; mro mroo; multani mult; myanmar mymr;
nabataean nbat; nagmundari nagm; nandinagari nand; newtailue talu; newa; nko nkoo; nushu nshu; nyiakengpuachuehmong hmnp; ogham ogam;
olchiki olck; olonal onao; oldhungarian hung; olditalic ital; oldnortharabian narb; oldpermic perm; oldpersian xpeo; oldsogdian sogo;
oldsoutharabian sarb; oldturkic orkh; olduyghur ougr; oriya orya; osage osge; osmanya osma; pahawhhmong hmng; palmyrene palm;
paucinhau pauc; phagspa phag; phoenician phnx; psalterpahlavi phlp; rejang rjng; runic runr; samaritan samr; saurashtra saur; sharada shrd;
shavian shaw; siddham sidd; sidetic sidt; signwriting sgnw; sinhala sinh; sogdian sogd; sorasompeng sora; soyombo soyo; sundanese sund; sunuwar sunu;
sylotinagri sylo; syriac syrc; tagalog tglg; tagbanwa tagb; taile tale; taitham lana; taiviet tavt; taiyo tayo; takri takr; tamil taml; tangsa tnsa;
tangut tang; telugu telu; thaana thaa; thai; tibetan tibt; tifinagh tfng; tirhuta tirh; todhri todr; tolongsiki tols; toto; tulutigalari tutg;
ugaritic ugar; unknown zzzz; vai vaii; vithkuqi vith; wancho wcho; warangciti wara; yezidi yezi; yi yiii; zanabazarsquare zanb"""

CHARS = [chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000]
ALL = "".join(CHARS)


def names(text):
    return [line.split() for line in text.replace("\n", " ").split(";")]


def ranges(points):
    out, start, last = [], None, None
    for c in points:
        if last is not None and c == last + 1:
            last = c
            continue
        if start is not None:
            out.append((start, last))
        start = last = c
    if start is not None:
        out.append((start, last))
    return " ".join("%X" % a if a == b else "%X-%X" % (a, b) for a, b in out)


def expression(text):
    try:
        pieces = pre_tokenizers.Split(Regex(text), "removed", invert=True).pre_tokenize_str(ALL)
    except Exception as e:
        if "invalid character property" in str(e) or "invalid POSIX" in str(e):
            return None
        raise
    return [ord(c) for piece, _ in pieces for c in piece]


def where(test):
    return [ord(c) for c in CHARS if test(c)]


def gone(pre):
    """The characters at which a pre-tokenizer that removes or isolates splits."""
    return where(lambda c: c not in [p for p, _ in pre.pre_tokenize_str("a" + c + "a")] and len(pre.pre_tokenize_str("a" + c + "a")) != 1)


def split_at(pre):
    return where(lambda c: len(pre.pre_tokenize_str("a" + c + "a")) > 1)


def scripts():
    """The scripts that UnicodeScripts tells apart, each under the name of its first character; the characters that go with any script are in none."""
    pre, found = pre_tokenizers.UnicodeScripts(), {}
    last = None
    for c in CHARS:
        if not pre.pre_tokenize_str(c):
            continue
        for first in ([last] if last else []) + [f for f in found if f != last]:
            if len(pre.pre_tokenize_str(first + c)) == 1:
                last = first
                break
        else:
            last = c
        found.setdefault(last, []).append(ord(c))
    return ["script-%X: %s" % (ord(first), ranges(points)) for first, points in found.items()]


def charsmap(key):
    """A normalizer that writes key as X: a double array of one key, 256 units a byte."""
    units = [0] * (256 * (len(key) + 2))
    units[0] = 256 << 10
    for depth, b in enumerate(key):
        at = 256 * (depth + 1) ^ b
        units[at] = b | (at ^ 256 * (depth + 2)) << 10 | (0x100 if depth == len(key) - 1 else 0)
    blob = struct.pack("<%dI" % (len(units) + 1), 4 * len(units), *units)
    return normalizers.Precompiled(blob + b"X\0").normalize_str


def graphemes():
    """What stays with the character before it, what takes the next one along, and what stands alone: a short cluster whose first bytes are a key is replaced whole."""
    a = charsmap(b"a")
    yield "grapheme-extend: " + ranges(where(lambda c: a("a" + c) == "X"))
    small = [c for c in CHARS if c > "\0"]
    prepend, control = [], []
    for c in small:
        n = charsmap(c.encode())
        if n(c + "b") == "X":
            prepend.append(ord(c))
        if ord(c) < 0x10000 and n(c + "\u0301") != "X":
            control.append(ord(c))
    yield "grapheme-prepend: " + ranges(prepend)
    yield "grapheme-control: " + ranges([0] + control)


def main():
    lines = []
    for group, form in ((CATEGORIES, r"\p{%s}"), (BINARY, r"\p{%s}"), (SCRIPTS, r"\p{%s}"), (POSIX, r"[[:%s:]]")):
        for aliases in names(group):
            known = []
            points = None
            for name in aliases:
                p = expression(form % name)
                if p is None and form.startswith("[["):
                    p = expression(r"\p{%s}" % name)
                if p is None:
                    continue
                if points is not None and p != points:
                    raise SystemExit("%s is not %s" % (name, known[0]))
                points = p
                known.append(name)
            if known and not (known[0] == "cntrl" and form.startswith("[[")):
                lines.append("%s: %s" % (" ".join(known), ranges(points)))
    b = normalizers.BertNormalizer(clean_text=True, handle_chinese_chars=False, strip_accents=False, lowercase=False).normalize_str
    han = normalizers.BertNormalizer(clean_text=False, handle_chinese_chars=True, strip_accents=False, lowercase=False).normalize_str
    accents = normalizers.BertNormalizer(clean_text=False, handle_chinese_chars=False, strip_accents=True, lowercase=False).normalize_str
    nmt = normalizers.Nmt().normalize_str
    strip = normalizers.StripAccents().normalize_str
    lower = normalizers.Lowercase().normalize_str
    nfd, nfkd = normalizers.NFD().normalize_str, normalizers.NFKD().normalize_str
    word = pre_tokenizers.Whitespace()
    active = set(where(lambda c: nfkd(c) != c or nfd("\u0345" + c) != "\u0345" + c or nfd(c) != c)) | {0x345}
    for c in list(active):
        active.update(map(ord, nfkd(chr(c))))
    lines += [
        "rust-space: " + ranges(gone(pre_tokenizers.WhitespaceSplit())),
        "rust-punctuation: " + ranges(split_at(pre_tokenizers.Punctuation())),
        "rust-bert-punctuation: " + ranges(where(lambda c: len(pre_tokenizers.BertPreTokenizer().pre_tokenize_str("a" + c + "a")) == 3)),
        "rust-number: " + ranges(split_at(pre_tokenizers.Digits())),
        "rust-word: " + ranges(where(lambda c: len(word.pre_tokenize_str("a" + c)) == 1 and word.pre_tokenize_str("a" + c)[0][0] == "a" + c)),
        "rust-mark: " + ranges(where(lambda c: strip("a" + c) == "a")),
        "bert-removed: " + ranges(where(lambda c: b("a" + c + "a") == "aa")),
        "bert-space: " + ranges(where(lambda c: b("a" + c + "a") == "a a")),
        "bert-accent: " + ranges(where(lambda c: accents("a" + c) == "a")),
        "bert-chinese: " + ranges(where(lambda c: han(c) == " " + c + " ")),
        "nmt-removed: " + ranges(where(lambda c: nmt("a" + c + "a") == "aa")),
        "nmt-space: " + ranges(where(lambda c: nmt("a" + c + "a") == "a a")),
        "normalization-active: " + ranges(sorted(active)),
        *graphemes(),
        *scripts(),
        "lower> " + " ".join("%X>%s" % (ord(c), "+".join("%X" % ord(x) for x in lower(c))) for c in CHARS if lower(c) != c),
    ]
    head = "# Classes of characters of tokenizers %s, in hexadecimal. Written by testdata/make_tables.py; do not edit.\n" % tokenizers.__version__
    pathlib.Path(__file__).parent.parent.joinpath("tables.txt").write_text(head + "".join(l + "\n" for l in lines))


main()
