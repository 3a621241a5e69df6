"""Run the official MLPerf LoadGen on many settings and conf files.

usage: many.py CASES.json RESULTS.json

CASES.json holds "schedules" (settings, total, performance) and "confs" (text,
model, scenario). Each is tried in a process of its own, since LoadGen keeps
state and some settings end it. A schedule's result is what was loaded, issued
and logged as generated; a conf file's what FromConfig returned and set. A case
that LoadGen did not survive has the result null.
"""

import json
import os
import re
import signal
import sys
import tempfile

import mlperf_loadgen as lg
from sut import settings_of


def schedule(case):
    settings = settings_of(dict(case["settings"]), ".")
    loaded, issued = [], []

    def issue(samples):
        issued.extend(s.index for s in samples)
        lg.QuerySamplesComplete([lg.QuerySampleResponse(s.id, 0, 0) for s in samples])

    logs = lg.LogSettings()
    logs.log_output.outdir = "."
    logs.enable_trace = False
    sut = lg.ConstructSUT(issue, lambda: None)
    qsl = lg.ConstructQSL(case["total"], case["performance"], lambda s: loaded.append(list(s)), lambda _: None)
    lg.StartTestWithLogSettings(sut, qsl, settings, logs)
    with open("mlperf_log_detail.txt") as f:
        generated = [int(v) for v in re.findall(r'"key": "generated_\w+", "value": (\d+),', f.read())]
    return {"loaded": loaded, "issued": issued, "generated": generated}


def conf(case):
    with open("user.conf", "w", newline="") as f:
        f.write(case["text"])
    settings = lg.TestSettings()
    status = settings.FromConfig("user.conf", case["model"], case["scenario"])
    values = {}
    for name in dir(settings):
        value = getattr(settings, name)
        if isinstance(value, (bool, int, float)):
            values[name] = value
    return {"status": status, "values": values}


def alone(run, case):
    """Give the result of a case, or None where it ends the process."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        signal.alarm(60)
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            try:
                result = run(case)
            except Exception:  # an exception of LoadGen's, through the module
                result = None
        with os.fdopen(write, "w") as f:
            json.dump(result, f)
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as f:
        text = f.read()
    os.waitpid(child, 0)
    return json.loads(text) if text else None


def main():
    with open(sys.argv[1]) as f:
        cases = json.load(f)
    results = {
        "schedules": [alone(schedule, c) for c in cases["schedules"]],
        "confs": [alone(conf, c) for c in cases["confs"]],
    }
    with open(sys.argv[2], "w") as f:
        json.dump(results, f)


main()
