"""Have MLCommons' own programs read a performance and an accuracy log.

usage: public_readers.py INFERENCE ROUND BENCHMARK SCENARIO PERFORMANCE ACCURACY

INFERENCE is a checkout of github.com/mlcommons/inference, the last two are
folders with LoadGen's files. The log parser and the submission checker are
imported from the checkout; the accuracy log is read as the language benchmarks'
evaluate-accuracy.py does. What each made of the files is printed as JSON.
"""

import json
import logging
import os
import struct
import sys

inference, round_name, benchmark, scenario, performance, accuracy = sys.argv[1:]
sys.path.insert(0, os.path.join(inference, "tools", "submission"))

import log_parser
from submission_checker.checks.accuracy_check import AccuracyCheck
from submission_checker.checks.performance_check import PerformanceCheck
from submission_checker.configuration.configuration import Config
from submission_checker.loader import SubmissionLogs
from submission_checker.parsers.loadgen_parser import LoadgenParser

DETAIL = "mlperf_log_detail.txt"
logging.disable(logging.WARNING)


def verdicts(check, names):
    return {name: bool(getattr(check, name)()) for name in names}


parsed = log_parser.MLPerfLog(os.path.join(performance, DETAIL), strict=True)
config = Config(round_name, None, ignore_uncommited=True)
loader_data = {"benchmark": benchmark, "scenario": scenario, "division": "closed", "check_scenarios": True}
logs = SubmissionLogs(
    performance_log=LoadgenParser(os.path.join(performance, DETAIL)),
    accuracy_log=LoadgenParser(os.path.join(accuracy, DETAIL)),
    accuracy_json=os.path.join(accuracy, "mlperf_log_accuracy.json"),
    system_json={"system_type": "datacenter"},
    loader_data=loader_data,
)
of_performance = PerformanceCheck(logging.getLogger(), performance, config, logs)
of_accuracy = AccuracyCheck(logging.getLogger(), accuracy, config, logs)
checks = verdicts(of_performance, (f.__name__ for f in of_performance.checks if f in of_performance.apply_checks))
checks.update(verdicts(of_accuracy, ("loadgen_errors_check", "dataset_check")))

samples, tokens = set(), 0
with open(os.path.join(accuracy, "mlperf_log_accuracy.json")) as f:
    for answer in json.load(f):
        data = bytes.fromhex(answer["data"])
        tokens += len(struct.unpack(f"<{len(data) // 8}q", data))
        samples.add(answer["qsl_idx"])

json.dump(
    {
        "messages": parsed.num_messages(),
        "errors": parsed.num_errors(),
        "validity": parsed["result_validity"],
        "checks": checks,
        "metric": loader_data["performance_metric"],
        "samples": len(samples),
        "tokens": tokens,
    },
    sys.stdout,
)
