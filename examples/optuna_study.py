#!/usr/bin/env python3
"""An Optuna study over mlcfg and mlrun: each trial compiles an overlay with the values that Optuna
suggests, runs the manifest, and tells Optuna throughput, TTFT and TPOT.

    pip install optuna
    python examples/optuna_study.py OVERLAY --backend vllm --out study/ --trials 20 \\
        --int vllm_engine_config.max_num_seqs=64:1024:64 --float harness_config.target_qps=4:8 \\
        --choice vllm_engine_config.block_size=8,16,32 \\
        --compile "--engine-version vllm=0.10.1" --run "--map /data=/mnt/data"

Overrides are KEY=VALUE, as mlcfg and the reference harness take them. The study is in
OUT/study.db: the same command goes on with it. A trial that does not compile is pruned, with
mlcfg's findings in OUT/NNN.log; one whose run could not be carried out is a failed trial.
Throughput is maximised, the 99th percentiles of TTFT and TPOT are minimised; offline, where
nothing is streamed, throughput alone is. Standard output has one JSON line a trial.
"""
import argparse
import json
import pathlib
import shlex
import subprocess
import sys

import optuna


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("overlay")
    p.add_argument("--backend", required=True)
    p.add_argument("--out", required=True, type=pathlib.Path)
    p.add_argument("--trials", type=int, default=20, help="trials of the whole study, earlier ones included")
    p.add_argument("--seed", type=int, help="seed of Optuna's sampler")
    p.add_argument("--int", action="append", default=[], metavar="KEY=LOW:HIGH[:STEP]")
    p.add_argument("--float", action="append", default=[], metavar="KEY=LOW:HIGH[:STEP]")
    p.add_argument("--choice", action="append", default=[], metavar="KEY=VALUE,VALUE...")
    p.add_argument("--compile", default="", help="further arguments of mlcfg compile, in one word")
    p.add_argument("--run", default="", help="further arguments of mlrun run, in one word")
    p.add_argument("--mlcfg", default="mlcfg")
    p.add_argument("--mlrun", default="mlrun")
    return p.parse_args()


def suggest(trial, a):
    """The overrides of a trial."""
    values = {}
    for kind, suggest in (("int", trial.suggest_int), ("float", trial.suggest_float)):
        number = int if kind == "int" else float
        for text in getattr(a, kind):
            key, _, span = text.partition("=")
            low, high, *step = (number(part) for part in span.split(":"))
            values[key] = suggest(key, low, high, **({"step": step[0]} if step else {}))
    for text in a.choice:
        key, _, choices = text.partition("=")
        values[key] = trial.suggest_categorical(key, choices.split(","))
    return [f"{key}={value}" for key, value in values.items()]


def measure(a, number, overrides):
    """The summary of a trial's run; None where its manifest cannot be made."""
    manifest, log = a.out / f"{number:03}.yaml", a.out / f"{number:03}.log"
    with log.open("w") as said:
        compiled = subprocess.run([a.mlcfg, "compile", a.overlay, "--backend", a.backend, *shlex.split(a.compile), *overrides, "-o", manifest], stderr=said)
        if compiled.returncode == 1:
            return None
        compiled.check_returncode()
        ran = subprocess.run([a.mlrun, "run", manifest, "--format", "json", "--out", a.out / f"{number:03}", *shlex.split(a.run)], stdout=subprocess.PIPE, stderr=said)
    if ran.returncode not in (0, 1):  # INVALID is a result too
        raise RuntimeError(f"mlrun ended with {ran.returncode}, see {log}")
    return json.loads(ran.stdout)


def objectives(summary):
    if not summary["complete"] or summary["failed"]:
        raise RuntimeError("; ".join(summary["reasons"]))
    streamed = [summary[name]["p99_ms"] for name in ("ttft", "tpot") if summary.get(name)]
    return [summary["tokens_per_second"], *streamed]


def main():
    a = arguments()
    a.out.mkdir(parents=True, exist_ok=True)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    scenario = pathlib.Path(a.overlay).name
    directions = ["maximize"] if scenario.startswith("offline") else ["maximize", "minimize", "minimize"]
    study = optuna.create_study(
        storage=f"sqlite:///{a.out / 'study.db'}", study_name="mlrun", load_if_exists=True, directions=directions,
    )
    # A study that goes on must not draw once more what it drew before.
    study.sampler = optuna.samplers.TPESampler(seed=None if a.seed is None else a.seed + len(study.trials))
    while len(study.trials) < a.trials:
        trial = study.ask()
        overrides = suggest(trial, a)
        line = {"trial": trial.number, "overrides": overrides}
        try:
            summary = measure(a, trial.number, overrides)
            if summary is None:
                study.tell(trial, state=optuna.trial.TrialState.PRUNED)
                line["state"] = "does not compile"
            else:
                values = objectives(summary)
                study.tell(trial, values)
                line |= {"state": "complete", "valid": summary["valid"], "simulated": summary["simulated"], "values": values}
        except (RuntimeError, subprocess.CalledProcessError) as why:
            study.tell(trial, state=optuna.trial.TrialState.FAIL)
            line |= {"state": "failed", "why": str(why)}
        print(json.dumps(line), flush=True)
    print(json.dumps({"best": [{"trial": t.number, "values": t.values, "params": t.params} for t in study.best_trials]}))


if __name__ == "__main__":
    sys.exit(main())
