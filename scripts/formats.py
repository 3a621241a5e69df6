"""Writes data sets with today's libraries in the forms that people have, lets mlrun read
them, and prints a table of Markdown: read with equal values, or refused and why.

    python scripts/formats.py MLRUN FOLDER

scripts/formats.sh installs the libraries and calls it. Exit status 1 where a value differs.
"""
import bz2
import gzip
import importlib.metadata
import json
import lzma
import pathlib
import subprocess
import sys

import datasets
import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import transformers

MLRUN, FOLDER = sys.argv[1], pathlib.Path(sys.argv[2])
TEXTS = ["plain", "caf\u00e9 \u4e16\u754c \U0001f600", "line\r\nend \"quoted\", comma\ttab", " blanks "]
IDS = [[1, 2, 3], [4], [5, 6], list(range(100))]
ROWS = [{"input": t, "tok_input": i, "max_tokens": n} for t, i, n in zip(TEXTS, IDS, (5, 6, 7, 8))]
CHATS = [{"messages": [{"role": "user", "content": t}]} for t in TEXTS]
PARTS = [{"messages": [{"role": "user", "content": [{"type": "text", "text": t}]}]} for t in TEXTS]
TOOLS = [{"messages": [{"role": "user", "content": t}, {"role": "assistant", "content": None, "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
                       {"role": "tool", "tool_call_id": "c", "content": "1"}]} for t in TEXTS]
IMAGES = [{"messages": [{"role": "user", "content": [{"type": "text", "text": t}, {"type": "image_url", "image_url": {"url": "data:,"}}]}, {"role": "assistant", "content": []},
                        {"role": "user", "content": [{"type": "text", "text": "b"}]}]} for t in TEXTS]
NESTED = {"messages with parts": PARTS, "messages with images": IMAGES, "messages with tools": TOOLS}
FRAME, CHAT_FRAME = pd.DataFrame(ROWS), pd.DataFrame(CHATS)
rows = []
wrong = 0


def case(library, form, name, write, want=None, options=()):
    """Writes a file and compares what mlrun reads of it with want (ROWS without it)."""
    global wrong
    want = ROWS if want is None else want
    path, out = FOLDER / name, FOLDER / (name + ".read.jsonl")
    try:
        write(str(path))
    except Exception as e:  # the library cannot write this form
        rows.append((library, form, "not written: %s" % str(e).split("\n")[0][:80]))
        return
    done = subprocess.run([MLRUN, "dataset", "convert", *options, str(path), str(out)], capture_output=True, text=True)
    if done.returncode:
        rows.append((library, form, "refused: " + done.stderr.strip().split("\n")[0].split(name + ": ")[-1][:140]))
        return
    got = [json.loads(line) for line in out.open()]
    if got == want:
        rows.append((library, form, "equal"))
    else:
        wrong += 1
        rows.append((library, form, "**differs**: %r, want %r" % (got[:1], want[:1])))


def text(content):
    return lambda path: pathlib.Path(path).write_text(content, encoding="utf-8", newline="")


def lines(values):
    return "".join(json.dumps(v) + "\n" for v in values)


def pandas():
    for protocol in (2, 4, 5):
        case("pandas", "pickle, protocol %d" % protocol, "p%d.pkl" % protocol, lambda p: FRAME.to_pickle(p, protocol=protocol))
    for how in ("gzip", "bz2", "xz", "zstd"):
        case("pandas", "pickle, " + how, "c.pkl." + {"gzip": "gz", "zstd": "zst"}.get(how, how), lambda p: FRAME.to_pickle(p, compression=how))
    zoned = FRAME.assign(when=pd.date_range("2024-01-01", periods=4, tz="America/New_York"), part=pd.period_range("2024-01", periods=4, freq="M"), z=[1j] * 4)
    case("pandas", "pickle beside zones, periods, complex numbers", "zoned.pkl", zoned.to_pickle)
    def arrow(values, kind=None):
        return pd.Series(pd.arrays.ArrowExtensionArray(pa.chunked_array([pa.array(values, type=kind)])))
    for name, ids in (("list", pa.list_(pa.int64())), ("list_view", pa.list_view(pa.int64())), ("large_list", pa.large_list(pa.int32()))):
        case("pandas", "pickle, Arrow %s" % name, name + ".pkl", pd.DataFrame({"tok_input": arrow(IDS, ids)}).to_pickle, [{"tok_input": i} for i in IDS])
    case("pandas", "pickle, Arrow messages", "chat.pkl", pd.DataFrame({"messages": arrow([c["messages"] for c in CHATS])}).to_pickle, CHATS)
    case("pandas", "pickle, Arrow messages with parts", "parts.pkl", pd.DataFrame({"messages": arrow([c["messages"] for c in PARTS])}).to_pickle, PARTS)
    for orient in ("columns", "index", "records", "split", "table", "values"):
        case("pandas", "JSON, orient=" + orient, orient + ".json", lambda p: FRAME.to_json(p, orient=orient))
    case("pandas", "JSON lines", "lines.jsonl", lambda p: FRAME.to_json(p, orient="records", lines=True))
    case("pandas", "CSV", "x.csv", lambda p: FRAME.to_csv(p, index=False))
    case("pandas", "CSV, xz", "x.csv.xz", lambda p: FRAME.to_csv(p, index=False))
    case("pandas", "CSV, Latin-1", "latin.csv", lambda p: FRAME[:1].assign(input="caf\u00e9").to_csv(p, index=False, encoding="latin-1"))
    case("pandas", "CSV, whole numbers as 5.0", "float.csv", lambda p: FRAME.assign(max_tokens=[5.0, 6, 7, 8]).to_csv(p, index=False))
    case("numpy", "CSV, lists of np.int64", "np.csv", lambda p: FRAME.assign(tok_input=[str([np.int64(i) for i in l]) for l in IDS]).to_csv(p, index=False))
    case("pandas", "CSV, messages as Python prints them", "chat.csv", lambda p: CHAT_FRAME.to_csv(p, index=False), CHATS)
    case("pandas", "Parquet", "x.parquet", FRAME.to_parquet)


def others():
    for codec in ("NONE", "SNAPPY", "GZIP", "ZSTD", "BROTLI", "LZ4"):
        case("pyarrow", "Parquet, " + codec.lower(), codec + ".parquet", lambda p: pq.write_table(pa.Table.from_pylist(ROWS), p, compression=codec))
    case("pyarrow", "Parquet, messages", "chat.parquet", lambda p: pq.write_table(pa.Table.from_pylist(CHATS), p), CHATS)
    for form, chats in NESTED.items():
        file = form.split()[-1] + ".parquet"
        case("pyarrow", "Parquet, " + form, "pa_" + file, lambda p: pq.write_table(pa.Table.from_pylist(chats), p, row_group_size=2), chats)
        case("polars", "Parquet, " + form, "pl_" + file, pl.DataFrame(chats).write_parquet, chats)
        case("datasets", "Parquet, " + form, "ds_" + file, datasets.Dataset.from_list(chats).to_parquet, chats)
        (FOLDER / "in.jsonl").write_text(lines(chats), encoding="utf-8")
        query = "read_json('%s', format='newline_delimited')" % (FOLDER / "in.jsonl")
        case("duckdb", "Parquet, " + form, "dd_" + file, lambda p: duckdb.sql("copy (select * from %s) to '%s' (format parquet)" % (query, p)), chats)
        case("duckdb", "JSON lines, " + form, "dd_%s.jsonl" % file, lambda p: duckdb.sql("copy (select * from %s) to '%s' (format json)" % (query, p)), chats)
    duckdb.register("flat", pa.Table.from_pylist(ROWS))
    for form, ending, how in (("Parquet", "parquet", "parquet"), ("Parquet, zstd", "zstd.parquet", "parquet, compression zstd, row_group_size 2"), ("JSON lines", "jsonl", "json"), ("CSV", "csv", "csv, header")):
        case("duckdb", form, "dd." + ending, lambda p: duckdb.sql("copy (select * from flat) to '%s' (format %s)" % (p, how)))
    frame = pl.DataFrame(ROWS)
    case("polars", "Parquet", "pl.parquet", frame.write_parquet)
    case("polars", "JSON", "pl.json", frame.write_json)
    case("polars", "JSON lines", "pl.jsonl", frame.write_ndjson)
    case("polars", "CSV of texts", "pl.csv", frame.select("input", "max_tokens").write_csv, [{k: r[k] for k in ("input", "max_tokens")} for r in ROWS])
    held = datasets.Dataset.from_list(ROWS)
    case("datasets", "Parquet", "ds.parquet", held.to_parquet)
    case("datasets", "JSON lines", "ds.jsonl", held.to_json)
    for ext, pack in ((".gz", gzip.compress), (".bz2", bz2.compress), (".xz", lzma.compress)):
        case("json", "JSON lines, " + ext[1:], "j.jsonl" + ext, lambda p: pathlib.Path(p).write_bytes(pack(lines(ROWS).encode())))
    case("json", "NaN in a column beside", "nan.jsonl", text(lines([{**r, "score": float("nan")} for r in ROWS])))
    case("vLLM", "custom set", "custom.jsonl", text(lines([{"prompt": t, "output_tokens": 5} for t in TEXTS])), [{"prompt": t, "output_tokens": 5} for t in TEXTS])
    case("aiperf", "output_length", "aiperf.jsonl", text(lines([{"text": t, "output_length": 5} for t in TEXTS])), [{"text": t, "output_length": 5} for t in TEXTS])
    case("guidellm", "output_tokens_count", "guidellm.jsonl", text(lines([{"prompt": t, "output_tokens_count": 5} for t in TEXTS])), [{"prompt": t, "output_tokens_count": 5} for t in TEXTS])
    case("ShareGPT", "conversations", "sharegpt.json", text(json.dumps([{"conversations": [{"from": "human", "value": t}, {"from": "gpt", "value": "an answer"}]} for t in TEXTS])),
         [{"conversations": [{"role": "user", "content": t}], "output": "an answer"} for t in TEXTS])
    case("OpenAI", "batch lines", "batch.jsonl", text(lines([{"custom_id": "i", "body": c} for c in CHATS])), [{"custom_id": "i", **c} for c in CHATS])
    case("OpenAI", "parts", "parts.jsonl", text(lines(PARTS)), PARTS)
    case("OpenAI", "tool calls", "tools.jsonl", text(lines(TOOLS)), TOOLS)


def saved():
    """Tokenizers as transformers saves them: the ids that it makes itself of the same texts."""
    for name in ("llama3", "qwen2", "deepseek", "llama2", "unigram", "wordpiece"):
        folder = FOLDER / name
        transformers.PreTrainedTokenizerFast(tokenizer_file="internal/tokenizer/testdata/%s.json" % name).save_pretrained(folder)
        made = transformers.AutoTokenizer.from_pretrained(folder)
        want = [{"prompt": t, "tok_input": made(t)["input_ids"]} for t in TEXTS]
        case("transformers", "tokenizer saved, " + name, name + ".jsonl", text(lines([{"prompt": t} for t in TEXTS])), want, ["--tokenizer", str(folder), "--special"])


pandas()
others()
saved()
versions = ", ".join("%s %s" % (p, importlib.metadata.version(p)) for p in ("pandas", "numpy", "pyarrow", "polars", "duckdb", "datasets", "transformers"))
print("Versions: %s.\n\n| library | form | mlrun |\n| --- | --- | --- |" % versions)
for row in rows:
    print("| %s | %s | %s |" % tuple(c.replace("|", "\\|") for c in row))
sys.exit(1 if wrong else 0)
