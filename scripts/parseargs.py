"""Has an engine's own argument parser read command lines; run it with the
Python of the environment that has the release installed. No engine is started.

usage: parseargs.py vllm|sglang < lines.json

lines.json is a list of lists: the words after "vllm serve", or after
"-m sglang.launch_server". Prints a list of {"values": {...}} or {"error": "..."}.
"""
import argparse
import contextlib
import dataclasses
import enum
import io
import json
import os
import sys

os.environ["HF_HUB_OFFLINE"] = "1"


def plain(value):
    """value as JSON can hold it; what it cannot is the value's text."""
    if isinstance(value, enum.Enum):
        return plain(value.value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name, None)) for f in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [plain(v) for v in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return str(value)


def vllm():
    from vllm.engine.arg_utils import AsyncEngineArgs
    from vllm.entrypoints.cli.serve import ServeSubcommand

    try:
        from vllm.utils.argparse_utils import FlexibleArgumentParser
    except ImportError:  # before 0.12
        from vllm.utils import FlexibleArgumentParser

    parser = FlexibleArgumentParser(prog="vllm")
    serve = ServeSubcommand()
    serve.subparser_init(parser.add_subparsers(dest="subparser"))

    def parse(words):
        args = parser.parse_args(["serve", *words])
        serve.validate(args)
        args.model = args.model_tag
        AsyncEngineArgs.from_cli_args(args)
        return vars(args)

    return parse


def sglang():
    from sglang.srt.server_args import ServerArgs

    parser = argparse.ArgumentParser(prog="launch_server")
    ServerArgs.add_cli_args(parser)

    def parse(words):
        args = vars(parser.parse_args(words))
        # The long forms are the names of the arguments, the short ones of the fields.
        for long, short in (("tensor_parallel_size", "tp_size"), ("pipeline_parallel_size", "pp_size"), ("data_parallel_size", "dp_size"), ("expert_parallel_size", "ep_size")):
            if long in args:
                args.setdefault(short, args[long])
        return args

    return parse


def main(engine):
    # What imports print must not get between the answers.
    answer, sys.stdout = sys.stdout, sys.stderr
    parse = {"vllm": vllm, "sglang": sglang}[engine]()
    results = []
    for words in json.load(sys.stdin):
        complaint = io.StringIO()
        try:
            with contextlib.redirect_stderr(complaint):
                results.append({"values": plain(parse(words))})
        except SystemExit:
            results.append({"error": complaint.getvalue().strip().splitlines()[-1]})
        except Exception as e:
            results.append({"error": f"{type(e).__name__}: {e}"})
    json.dump(results, answer)


if __name__ == "__main__":
    main(sys.argv[1])
