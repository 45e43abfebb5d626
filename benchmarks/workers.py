"""Two workers of one thread each against one of them, where the engine offers workers."""

from __future__ import annotations

import torch

from benchmarks.clock import in_turns
from benchmarks.workload import EXECUTION, Workload, engine, execution


def offers_workers() -> bool:
    """Whether `sg.Execution` has workers."""
    return "workers" in EXECUTION


def speed_of_two(workload: Workload, rounds: int) -> float:
    """How many times as fast two one-thread workers are as one; starting them is part of the time.

    Nothing is compiled, since every worker would do so anew, which weighs more in a short text than in a long one.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        contenders = [engine(str(n), workload, execution=execution(workers=n, compile=False)) for n in (1, 2)]
        timings = in_turns(contenders, rounds)
    finally:
        torch.set_num_threads(threads)
    return timings["1"].times(timings["2"])
