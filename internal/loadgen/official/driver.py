"""Drives the official MLPerf LoadGen for mlrun. Protocol: package official."""

import array
import gc
import importlib.metadata
import json
import os
import signal
import sys
import threading
import time

# What LoadGen prints goes to the log; messages keep the pipe for themselves.
OUT = os.dup(1)
os.dup2(2, 1)
signal.signal(signal.SIGINT, signal.SIG_IGN)  # mlrun decides when a run ends


def say(text):
    data = text.encode()
    while data:
        data = data[os.write(OUT, data):]


try:
    import mlperf_loadgen as lg
except ImportError as e:
    say("missing %s\n" % e)
    sys.exit(0)

# What a conf file sets where the Python module of an older release does not.
CONF_ONLY = ("sample_concatenate_permutation", "accuracy_log_sampling_target", "accuracy_sample_count_override")
RENAMED = {"ttft_latency_ns": "ttft_latency", "tpot_latency_ns": "tpot_latency"}
PAIRS = 400  # of id and index in a line


def version():
    for name in ("mlcommons-loadgen", "mlperf-loadgen", "mlcommons_loadgen", "mlperf_loadgen"):
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            pass
    return "of unknown version"


def settings_of(wanted):
    settings = lg.TestSettings()
    scenario = wanted.pop("scenario")
    mode = wanted.pop("mode")
    conf = {}
    for name in list(wanted):
        if not hasattr(settings, RENAMED.get(name, name)):
            value = wanted.pop(name)
            if name in CONF_ONLY:
                conf[name] = int(value)
            elif value:
                raise ValueError("this release of LoadGen has no setting %s" % name)
    if any(conf.values()):
        # First, since it reads LoadGen's own mlperf.conf as well.
        with open("user.conf", "w") as f:
            f.writelines("*.%s.%s = %d\n" % (scenario, name, value) for name, value in conf.items() if value)
        settings.FromConfig("user.conf", "none", scenario)
    settings.scenario = getattr(lg.TestScenario, scenario)
    settings.mode = getattr(lg.TestMode, mode)
    for name, value in wanted.items():
        name = RENAMED.get(name, name)
        setattr(settings, name, value)
        if getattr(settings, name) != value:
            raise ValueError("LoadGen took %s = %s as %s" % (name, value, getattr(settings, name)))
    return settings


def issue(samples):
    now = time.time_ns()
    lines = []
    for at in range(0, len(samples), PAIRS):
        part = samples[at:at + PAIRS]
        word = "q" if at + PAIRS >= len(samples) else "p"
        lines.append("%s %d %s\n" % (word, now, " ".join("%d %d" % (s.id, s.index) for s in part)))
    say("".join(lines))


def respond(kind, rows):
    kept, responses = [], []
    for row in rows:
        data = array.array("B", bytes.fromhex(row[3]) if len(row) > 3 else b"")
        kept.append(data)
        responses.append(lg.QuerySampleResponse(int(row[1]), data.buffer_info()[0], len(data), int(row[2])))
    (lg.FirstTokenComplete if kind == "t" else lg.QuerySamplesComplete)(responses)


def listen(rest):
    """Passes responses on; the end of the pipe says that mlrun is no more."""
    while True:
        data = os.read(0, 1 << 18)
        if not data:
            os._exit(1)
        *lines, rest = (rest + data.decode()).split("\n")
        rows = [line.split(" ") for line in lines]
        at = 0
        while at < len(rows):
            to = at + 1
            while to < len(rows) and rows[to][0] == rows[at][0]:
                to += 1
            respond(rows[at][0], rows[at:to])
            at = to


def read_line():
    line = b""
    while not line.endswith(b"\n"):
        c = os.read(0, 1)
        if not c:
            os._exit(1)
        line += c
    return line.decode()


def main():
    say("hello %s\n" % version())
    job = json.loads(read_line())
    settings = settings_of(job["settings"])
    logs = lg.LogSettings()
    logs.log_output.outdir = "."
    logs.log_output.copy_summary_to_stdout = False
    logs.enable_trace = False
    sut = lg.ConstructSUT(issue, lambda: None)
    qsl = lg.ConstructQSL(job["total"], job["performance"], lambda _: None, lambda _: None)
    say("ready\n")
    read_line()
    gc.disable()  # nothing here makes cycles
    threading.Thread(target=listen, args=("",), daemon=True).start()
    lg.StartTestWithLogSettings(sut, qsl, settings, logs)
    say("done\n")
    # Nothing is left to do, and what is left to destroy may wait for a thread.
    os._exit(0)


try:
    main()
except Exception as e:
    say("failed %s\n" % str(e).replace("\n", " "))
    os._exit(1)
