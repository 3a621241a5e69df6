"""Run the official MLPerf LoadGen once, with a deterministic system under test.

usage: sut.py CASE.json OUTDIR

CASE.json holds "settings" (names of LoadGen's TestSettings), "total" and
"performance" (sample counts), "ttft_ms", "tpot_ms" (what the system takes) and
"tokens" (lowest and highest count of an answer). LoadGen's files, its trace
among them, go to OUTDIR. An answer is two little-endian 32-bit words: the
sample's index and the count of tokens, which follows from the index.
"""

import array
import heapq
import json
import os
import struct
import sys
import threading
import time

import mlperf_loadgen as lg

# What a conf file sets where the Python module of an older release does not.
CONF_ONLY = ("sample_concatenate_permutation", "accuracy_log_sampling_target", "accuracy_sample_count_override")


def settings_of(wanted, outdir):
    settings = lg.TestSettings()
    scenario = wanted.pop("scenario")
    settings.scenario = getattr(lg.TestScenario, scenario)
    settings.mode = getattr(lg.TestMode, wanted.pop("mode"))
    missing = {k: int(wanted.pop(k, 0)) for k in CONF_ONLY if not hasattr(settings, k)}
    if any(missing.values()):
        conf = os.path.join(outdir, "user.conf")
        with open(conf, "w") as f:
            f.writelines(f"*.{scenario}.{k} = {v}\n" for k, v in missing.items() if v)
        settings.FromConfig(conf, "none", scenario)
    for name, value in wanted.items():
        setattr(settings, name, value)
    return settings


class System:
    """Answers each sample at a fixed time after it was issued."""

    def __init__(self, case):
        self.first = case["ttft_ms"] / 1000
        self.each = case["tpot_ms"] / 1000
        self.low, self.high = case["tokens"]
        settings = case["settings"]
        self.streams = settings["use_token_latencies"] and settings["scenario"] != "Offline"
        self.due = []
        self.count = 0
        self.ready = threading.Condition()
        threading.Thread(target=self.answer, daemon=True).start()

    def tokens(self, index):
        return self.low + index * 7919 % (self.high - self.low + 1)

    def issue(self, samples):
        now = time.perf_counter()
        with self.ready:
            for s in samples:
                first = now + self.first
                if self.streams:
                    heapq.heappush(self.due, (first, self.count, False, s.id, s.index))
                done = first + self.each * max(self.tokens(s.index) - 1, 0.5)
                heapq.heappush(self.due, (done, self.count + 1, True, s.id, s.index))
                self.count += 2
            self.ready.notify()

    def answer(self):
        while True:
            with self.ready:
                while not self.due:
                    self.ready.wait()
                wait = self.due[0][0] - time.perf_counter()
                if wait > 0:
                    self.ready.wait(wait)
                    continue
                batch = []
                while self.due and self.due[0][0] <= time.perf_counter() and len(batch) < 512:
                    batch.append(heapq.heappop(self.due))
                    if batch[-1][2] != batch[0][2]:
                        heapq.heappush(self.due, batch.pop())
                        break
            self.respond(batch)

    def respond(self, batch):
        kept, responses = [], []
        for _, _, done, sample, index in batch:
            n = self.tokens(index)
            data = array.array("B", struct.pack("<II", index, n) if done else struct.pack("<I", index))
            kept.append(data)
            responses.append(lg.QuerySampleResponse(sample, data.buffer_info()[0], len(data), n))
        if batch[0][2]:
            lg.QuerySamplesComplete(responses)
        else:
            lg.FirstTokenComplete(responses)


def main():
    with open(sys.argv[1]) as f:
        case = json.load(f)
    outdir = sys.argv[2]
    os.chdir(outdir)
    system = System(case)
    settings = settings_of(dict(case["settings"]), ".")
    logs = lg.LogSettings()
    logs.log_output.outdir = "."
    logs.enable_trace = True
    sut = lg.ConstructSUT(system.issue, lambda: None)
    qsl = lg.ConstructQSL(case["total"], case["performance"], lambda _: None, lambda _: None)
    lg.StartTestWithLogSettings(sut, qsl, settings, logs)
    lg.DestroyQSL(qsl)
    lg.DestroySUT(sut)


if __name__ == "__main__":
    main()
