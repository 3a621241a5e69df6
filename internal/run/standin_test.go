package run

// standIn is a module of the name of MLPerf's LoadGen. It issues by its settings, in
// order and at once, and waits for the answers, as the real one does; what it was told
// it writes into its summary.
const standIn = `
import threading, time

__version__ = "stand-in"

class Names:
    def __getattr__(self, name):
        return name

TestScenario, TestMode = Names(), Names()

class TestSettings:
    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return 0

class LogSettings:
    def __init__(self):
        self.log_output = TestSettings()

class Sample:
    def __init__(self, id, index):
        self.id, self.index = id, index

class QuerySampleResponse:
    def __init__(self, id, data, size, n_tokens=0):
        self.id, self.size, self.n_tokens = id, size, n_tokens

told, first = {}, {}
more = threading.Condition()

def QuerySamplesComplete(responses):
    with more:
        for r in responses:
            told[r.id] = r.n_tokens if r.size == 0 else "%d in %d bytes" % (r.n_tokens, r.size)
        more.notify_all()

def FirstTokenComplete(responses):
    with more:
        for r in responses:
            first[r.id] = r.n_tokens

def ConstructSUT(issue, flush):
    return issue

def ConstructQSL(total, performance, load, unload):
    return total

def StartTestWithLogSettings(issue, total, settings, logs):
    offline = settings.scenario == "Offline"
    count = settings.min_query_count if not offline else 1
    samples = [Sample(1000 + i, (7 * i) % total) for i in range(total if offline else count)]
    if BROKEN == "sample":
        samples[3].index = total
    time.sleep(0.05)
    if BROKEN == "two":
        issue(samples[:2])
    if BROKEN == "ends":
        issue(samples[:1])
        raise RuntimeError("no more of this")
    if offline:
        issue(samples)
    else:
        for s in samples:
            issue([s])
            time.sleep(0.005)
    with more:
        more.wait_for(lambda: len(told) == len(samples), 60)
    with open("mlperf_log_summary.txt", "w") as f:
        f.write("Result is : VALID\n")
        f.write("mode %s, tokens by id: %s, first tokens: %d\n" % (settings.mode, " ".join("%d=%s" % p for p in sorted(told.items())), len(first)))
    open("mlperf_log_detail.txt", "w").close()
    with open("mlperf_log_accuracy.json", "w") as f:
        f.write("[]")
`
