"""Writes small Parquet files that all hold the same rows, one for each way of
writing them, into the folder given.

    python make_parquet.py FOLDER
"""
import sys

import pyarrow as pa
import pyarrow.parquet as pq

ROWS = 50
tokens = [None if i == 7 else list(range(i, i + i % 5 * 30)) for i in range(ROWS)]
table = pa.table({
    "tok_input": pa.array(tokens, pa.list_(pa.int64())),
    "tok_output": pa.array([[i, 2 * i] for i in range(ROWS)], pa.large_list(pa.int32())),
    "prompt": pa.array(["p%d " % i * 20 for i in range(ROWS)]),
    "gt_output": pa.array([None if i % 3 == 0 else i / 4 for i in range(ROWS)], pa.float64()),
    "dataset": pa.array(["a" if i % 2 else "b" for i in range(ROWS)]).dictionary_encode(),
    "max_tokens": pa.array([i if i % 4 else None for i in range(ROWS)], pa.int32()),
    "messages": pa.array(
        [None if i == 3 else [{"role": "user", "content": "u%d" % i}, {"role": "assistant", "content": "a"}][: i % 3] for i in range(ROWS)],
        pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))),
    "stop": pa.array([["x", "y"]] * ROWS),
    "unread": pa.array([[[1], [2]]] * ROWS),
})
ways = {
    "snappy_v1": dict(compression="snappy"),
    "snappy_v2": dict(compression="snappy", data_page_version="2.0"),
    "zstd_v1": dict(compression="zstd", row_group_size=20),
    "zstd_v2": dict(compression="zstd", data_page_version="2.0", row_group_size=7),
    "gzip_v2": dict(compression="gzip", data_page_version="2.0"),
    "lz4_v1": dict(compression="lz4"),
    "none_plain": dict(compression="none", use_dictionary=False, data_page_size=200),
    "brotli": dict(compression="brotli"),
}
for name, options in ways.items():
    pq.write_table(table, "%s/%s.parquet" % (sys.argv[1], name), **options)
