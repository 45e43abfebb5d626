"""Every ratio that the engine must reach, measured in one run, with charts and a record of the environment.

    python -m benchmarks.engine                      # minutes, on an otherwise idle machine
    python -m benchmarks.engine --quick              # does it work? its figures say little
    python -m benchmarks.engine --reference ptb-lstm.safetensors --text ptb.valid.txt

Writes `results/<date>-<processor>.json` and two charts beside it; a second run of a day replaces the first.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import time
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from benchmarks import contest, figures
from benchmarks.clock import Timing, seconds_of
from benchmarks.environment import environment, slug
from benchmarks.growth import bend, growth
from benchmarks.memory import peak_memory
from benchmarks.sampling import share_of_full_pass, spread
from benchmarks.targets import Row, other_rows, speed_rows
from benchmarks.workers import offers_workers, speed_of_two
from benchmarks.workload import VALIDATION, Workload, engine_result, given_workload, random_workload

RESULTS = Path(__file__).parent / "results"


def main() -> None:
    arguments = _arguments()
    torch.set_num_threads(arguments.threads)
    quick, rounds = arguments.quick, 2 if arguments.quick else 3
    record: dict[str, Any] = {"quick": quick, "environment": environment(arguments.threads)}
    began = time.perf_counter()

    def done(what: str) -> None:
        print(f"[{time.perf_counter() - began:4.0f} s] {what}", flush=True)

    workload = _workload(arguments, 160 if quick else 6000)
    positions = 160 if quick else 1500
    record["workload"] = {"origin": workload.origin, "positions": positions, "delays": workload.delays}
    record["first_call_seconds"] = seconds_of(lambda: engine_result(workload.cut(60)))
    timings = contest.contest(workload.cut(positions), rounds=rounds, seconds=0.4 if quick else 4.0, threads=arguments.threads)
    done("the engine, its ceiling and its peers")
    error = contest.bfloat16_error(workload.cut(positions)) if contest.BFLOAT16 in timings else None
    record["tenth"] = share_of_full_pass(workload.cut(160 if quick else 4000), rounds=1 if quick else 2)
    record["spread"] = None if quick or arguments.text is None else spread(workload)
    done("samples of positions")
    record["two_workers"] = speed_of_two(workload.cut(160 if quick else 4000), rounds=1) if offers_workers() else None
    lengths = (100, 200) if quick else (2000, 8000)
    record["memory"] = {length: peak_memory(length, 8, arguments.threads) for length in lengths}
    done("workers and memory")
    costs = growth(quick=quick, rounds=1 if quick else 3, threads=arguments.threads)
    record["environment"]["load_after"] = os.getloadavg()[0]
    done("growth of the cost")
    rows = [*speed_rows(timings, error), *other_rows(record)]
    methods = methods_table(timings, workload.delays)
    print(report(rows, methods, costs, record))
    record["rows"] = [dict(zip(("what", "target", "measured", "verdict"), row.cells(), strict=True)) for row in rows]
    record["methods"] = methods.to_dict("records")
    record["rounds"] = {name: {"seconds": t.seconds, "positions": t.positions} for name, t in timings.items()}
    record["growth"] = json.loads(costs.to_json(orient="records"))
    record["seconds"] = time.perf_counter() - began
    _write(record, methods, costs)


def methods_table(timings: dict[str, Timing], delays: int) -> pd.DataFrame:
    """A row per contender, the slowest first: `kind`, `milliseconds` per position, `positions` timed, `minutes` extrapolated.

    `milliseconds` is per position with `delays` delays; `minutes` is what a text of 73,760 positions would take.
    """
    kinds = [(name, "engine" if "stategrad" in name else "ceiling" if "ceiling" in name else "peer") for name in timings]
    rows = [
        {
            "method": name,
            "kind": kind,
            "delays": delays,
            "milliseconds": timings[name].milliseconds,
            "positions": round(sum(timings[name].positions), 1),
            "minutes": timings[name].milliseconds * VALIDATION / 60_000,
        }
        for name, kind in kinds
    ]
    return pd.DataFrame(rows).sort_values("milliseconds", ascending=False)


def report(rows: list[Row], methods: pd.DataFrame, costs: pd.DataFrame, record: dict[str, Any]) -> str:
    """All that is printed at the end."""
    where, settings = record["environment"], record["workload"]
    lines = [
        "",
        f"{where['cpu']}, {where['threads']} threads, {', '.join(where['flags'])}; torch {where['versions']['torch']}, "
        f"commit {where['commit']}; load {where['load_before']:.1f} → {where['load_after']:.1f}",
        f"{settings['origin']} model and text, {settings['positions']} positions, {settings['delays']} delays; "
        f"the engine's first call, compilation included: {record['first_call_seconds']:.1f} s, not counted below",
        "",
        f"{'way':<46}{'ms/position':>12}{'timed':>9}  ≈ {VALIDATION:,} positions",
    ]
    for row in methods.itertuples():
        speed = figures.three_digits(row.milliseconds)
        lines.append(f"{row.method:<46}{speed:>12}{row.positions:>9.0f}  {row.minutes:8.1f} min (extrapolated)")
    lines += ["", f"{'what':<76}{'target':>10}{'measured':>11}  "]
    for what, target, measured, verdict in (row.cells() for row in rows):
        lines.append(f"{what:<76}{target:>10}{measured:>11}  {verdict}")
    bends = {name: bend(costs, name) for name in ("length", "delays", "E", "H", "layers")}
    lines += ["", "largest distance from a straight line: " + ", ".join(f"{name} {value:.0%}" for name, value in bends.items())]
    if record["quick"]:
        lines.append("a quick run shows that the benchmark works; its figures are no basis for a ratio")
    return "\n".join(lines)


def _workload(arguments: argparse.Namespace, positions: int) -> Workload:
    if arguments.reference is None:
        return random_workload(positions)
    return given_workload(arguments.reference, arguments.text, positions)


def _write(record: dict[str, Any], methods: pd.DataFrame, costs: pd.DataFrame) -> None:
    name = f"{datetime.date.today().isoformat()}-{slug(record['environment']['cpu'])}{'-quick' if record['quick'] else ''}"
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    figures.methods_chart(methods).save(RESULTS / f"{name}-methods.svg")
    figures.costs_chart(costs).save(RESULTS / f"{name}-costs.svg")
    print(f"\nwrote {RESULTS / name}.json, -methods.svg, -costs.svg")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small sizes: does the benchmark work?")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads(), help="of everyone; default: %(default)s")
    parser.add_argument("--reference", type=Path, help="a trained model, X.safetensors with vocabulary.txt beside it")
    parser.add_argument("--text", type=Path, help="a text for it, a sentence a line; default: words drawn by rank")
    arguments = parser.parse_args()
    if arguments.text is not None and arguments.reference is None:
        parser.error("--text needs --reference, the model that reads it")
    return arguments


if __name__ == "__main__":
    main()
