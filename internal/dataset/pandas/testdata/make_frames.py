"""Writes pickled data frames, each with the values that a reader must find.

    python make_frames.py FOLDER

writes FOLDER/<pandas version>_<case>_p<protocol>.pkl and, beside them,
<pandas version>_<case>.json: {"columns": {name: [cells]}}. Runs on pandas 1.0 to 3.x; run it
once with each version whose files are to be kept.
"""
import datetime
import collections
import decimal
import json
import pickle
import sys

import numpy as np
import pandas as pd

try:
    import pyarrow as pa
except ImportError:
    pa = None

LONG = "A question that is longer than what a reader may want to keep in memory. " * 3


def mlperf():
    """The shape of the MLPerf LLM data sets, with every sort of token column."""
    cols = {
        "dataset": ["GSM8K", "OpenOrca", "MBXP", "GSM8K"],
        "id": ["gsm.1", "flan.2", "python_3", "gsm.4"],
        "question": [LONG, "h\u00e9llo \u4e16\u754c \U0001f600", LONG, ""],
        "gt_output": ["18", 3.5, None, 72],
        "tok_input": [[1, 2, 300], [70000, -1], [], list(range(1100))],
        "tok_tuple": [(1, 2), (), (3,), (4, 5, 6)],
        "tok_big": [[1 << 40], [1], [2, 1 << 33], [3]],
        "arr64": [np.arange(20), np.array([5], dtype=np.int64), np.array([], dtype=np.int64), np.array([1, 2])],
        "arr32": [np.arange(30, dtype=np.int32), np.array([7], dtype=">i4"), np.array([0], dtype=np.uint8), np.array([9], dtype=np.int16)],
        "arrf": [np.array([1.5, 2.0]), np.array([0.25], dtype=np.float32), np.array([True]), np.array(["x", "yz"])],
        "tok_input_len": [3, 2, 0, 1100],
        "other_len": [1, 2, 3, 4],
        "small": np.array([1, -2, 3, -4], dtype=np.int8),
        "score": [0.5, float("nan"), -1.25, 1e300],
        "score32": np.array([0.5, 1.0, 2.0, 4.0], dtype=np.float32),
        "flag": [True, False, True, True],
        "mixed": [1, "two", 3.0, True],
        "npscalar": [np.int64(5), np.float64(2.5), np.int32(-7), np.bool_(True)],
        "messages": [[{"role": "user", "content": LONG}, {"role": "assistant", "content": "ok"}], [], None, [{"role": "system", "content": "s"}]],
        "nested": [{"a": [1, 2], "b": {"c": None}}, {}, {"d": 1.5}, {"e": ["x", 1]}],
    }
    cols["arr64"][1] = cols["arr64"][0]  # the same object twice
    df = pd.DataFrame({k: pd.Series(v, dtype=object) if k in ("gt_output", "mixed", "npscalar") else v for k, v in cols.items()})
    return df


def text_object(df):
    """pandas 3 infers Arrow-backed texts; the MLPerf files hold objects."""
    return df.astype({c: object for c in df.columns if str(df[c].dtype) in ("str", "string")})


def filtered():
    """What selection leaves: an index of integers, columns in Fortran order, blocks not consolidated."""
    df = pd.DataFrame(np.arange(24).reshape(6, 4), columns=list("abcd"))
    df = df[df.a % 8 == 0].copy()
    df["late"] = [[1], [2], [3]]
    df["later"] = [1.5, 2.5, 3.5]
    df.insert(1, "text", ["x", "y", "z"])
    return df


def extension():
    df = pd.DataFrame({
        "str": pd.array(["a", None, "h\u00e9", LONG], dtype="string"),
        "cat": pd.Categorical(["x", "y", None, "x"]),
        "int": pd.array([1, None, 3, 4], dtype="Int64"),
        "bool": pd.array([True, None, False, True], dtype="boolean"),
    })
    if pa is not None and hasattr(pd, "ArrowDtype"):
        df["arrow_str"] = pd.array(["p", None, LONG, "q"], dtype="string[pyarrow]")
        df["arrow_large"] = pd.array(["p", None, LONG, ""], dtype=pd.ArrowDtype(pa.large_string()))
        df["arrow_list"] = pd.array([[1, 2], None, [3], list(range(100))], dtype=pd.ArrowDtype(pa.list_(pa.int64())))
        df["arrow_int"] = pd.array([1, None, 3, -4], dtype=pd.ArrowDtype(pa.int32()))
        df["arrow_bool"] = pd.array([True, None, False, True], dtype=pd.ArrowDtype(pa.bool_()))
        df = pd.concat([df.iloc[1:3], df.iloc[:2]], ignore_index=True)  # chunks and slices
    return df


def strange():
    """What is not read, beside what is: dates, decimals, a row index of two levels."""
    df = pd.DataFrame({
        "when": pd.to_datetime(["2024-01-02", None, "2025-06-07"]),
        "zone": pd.to_datetime(["2024-01-02", "2024-01-03", "2025-06-07"]).tz_localize("UTC"),
        "exact": [decimal.Decimal("1.5"), datetime.date(2024, 1, 2), pd.Timestamp("2024-01-01")],
        "tok_input": [[1], [2, 3], [4]],
        "input": pd.Series(["a", LONG, "c"], dtype=object),
    })
    df.index = pd.MultiIndex.from_tuples([("x", 1), ("x", 2), ("y", 1)], names=["k", "n"])
    return df


UNREAD = ("when", "zone", "exact", "city", "period", "complex", "between", "sparse", "step", "moment", "object_range")


def times():
    """More of what is not read beside what is: named zones, periods, frequencies, complex numbers."""
    df = pd.DataFrame({
        "tok_input": [[1], [2, 3]], "input": pd.Series(["a", LONG], dtype=object),
        "city": pd.date_range("2024-01-01", periods=2, tz="America/New_York"), "period": pd.period_range("2024-01", periods=2, freq="M"),
        "complex": [1 + 2j, 3j], "between": pd.interval_range(0, 2), "sparse": pd.arrays.SparseArray([0, 1]),
        "step": [pd.offsets.Day(2), pd.offsets.MonthEnd()], "moment": pd.Series(list(pd.date_range("2024-01-01", periods=2, tz="Europe/Berlin")), dtype=object),
        "object_range": [range(3), range(4)], "queue": pd.Series([collections.deque([1, "x"]), collections.defaultdict(list, {"a": [1]})], dtype=object),
    })
    df.index = pd.date_range("2024-01-01", periods=2, freq="D")
    return df


def views():
    """Columns of pyarrow's newer and nested types."""
    def column(values, kind=None):
        return pd.Series(pd.arrays.ArrowExtensionArray(pa.chunked_array([pa.array(values, type=kind)])))
    text = pd.Series(pd.arrays.ArrowExtensionArray(pa.chunked_array([pa.array(["x", None, LONG, "twelve bytes", "y"]).cast(pa.string_view())])))
    df = pd.DataFrame({
        "view": text,
        "list_view": column([[1, 2], None, [], [3], [4]], pa.list_view(pa.int64())), "large_view": column([[1, 2], None, [], [3], [4]], pa.large_list_view(pa.int16())),
        "fixed": column([[1, 2], None, [3, 4], [5, 6], [7, 8]], pa.list_(pa.int64(), 2)), "holes": column([[1, None], [2], [3], [4], []], pa.list_(pa.int32())),
        "words": column([["a", None], [], None, ["b", LONG], ["c"]]), "deep": column([[[1], [2, 3]], [], None, [[4]], [[]]]),
        "messages": column([[{"role": "user", "content": [{"type": "text", "text": "hi"}], "n": 1}], [], None, [{"role": None, "content": None, "n": None}, {"role": "b", "content": [], "n": 2}], []]),
        "nothing": column([None] * 5), "big": column([[1 << 40], [1], [], [], [2]]),
    })
    df["dictionary"] = pd.Series(pd.arrays.ArrowExtensionArray(pa.chunked_array([pa.array(["p", "q", None, "p", LONG]).dictionary_encode()])))
    return pd.concat([df.iloc[1:4], df.iloc[:2], df.iloc[3:]], ignore_index=True)


def records():
    return [{"tok_input": [1, 2], "input": LONG}, {"input": "b", "extra": {"k": (1, 2)}}, {"tok_input": np.arange(3)}]


def lists():
    return {"tok_input": [[1], [2, 3]], "n": np.array([4, 5]), "input": ("a", LONG)}


def held():
    """Cells that hold Series, indexes and arrays of pandas, and numpy's half floats and texts."""
    half = np.array([0.5, 2, 65504], dtype=np.float16)
    return pd.DataFrame({
        "series": [pd.Series([1, 2, 3]), pd.Series(["a", LONG]), pd.Series([pd.Series([0.5]), None], dtype=object)],
        "index": [pd.Index([1, 2]), pd.Index(["x"]), pd.Index([])], "array": [pd.array([1, None]), pd.array(["a", None], dtype="string"), pd.array([True])],
        "category": [pd.Categorical(["p", "q", "p"])] * 3, "arrow": [pd.array([[1], None], dtype=pd.ArrowDtype(pa.list_(pa.int64())))] * 3,
        "half": half, "halves": [half, half[:1], half[:0]], "text": pd.Series([np.str_("x"), np.str_(""), np.float16(2)], dtype=object),
    })


def plain(x):
    """x as JSON has it; a missing value is null."""
    if isinstance(x, (pd.Series, pd.Index, pd.api.extensions.ExtensionArray)):
        return [plain(v) for v in x]
    if isinstance(x, dict):
        return {k: plain(v) for k, v in x.items()}
    if isinstance(x, (list, tuple, np.ndarray, collections.deque)):
        return [plain(v) for v in x]
    if x is None or x is getattr(pd, "NA", None) or (isinstance(x, float) and x != x):
        return None
    if isinstance(x, np.generic):
        return x.item()
    return x


def columns(v):
    if isinstance(v, list):
        keys = []
        for row in v:
            keys += [k for k in row if k not in keys]
        return {k: [plain(row.get(k)) for row in v] for k in keys}
    if isinstance(v, pd.Series):
        return {v.name: plain(v)}
    return {str(k): [plain(x) for x in v[k]] for k in v if k not in UNREAD}


def main(folder):
    version = pd.__version__.split("+")[0]
    cases = {"mlperf": text_object(mlperf()), "filtered": filtered(), "ext": extension(), "strange": strange()}
    if version >= "2":
        cases.update(records=records(), lists=lists(), empty=pd.DataFrame({"tok_input": [], "n": []}))
    if version >= "3":
        cases.update(times=times(), views=views(), held=held(), series=pd.Series(["a", LONG], name="input"), columns={"input": pd.Series(["a", LONG]), "n": pd.Series([1, 2], index=[5, 6])})
    for name, value in cases.items():
        for protocol in (2, pickle.HIGHEST_PROTOCOL):
            with open("%s/%s_%s_p%d.pkl" % (folder, version, name, protocol), "wb") as f:
                pickle.dump(value, f, protocol=protocol)
        with open("%s/%s_%s.json" % (folder, version, name), "w", encoding="utf-8") as f:
            json.dump({"columns": columns(value)}, f, ensure_ascii=False, sort_keys=True)


main(sys.argv[1])
