"""What a sample of a tenth of the positions costs, and how far σ_1 moves from one sample to the next."""

from __future__ import annotations

import math

import numpy as np

from benchmarks.clock import Contender, in_turns
from benchmarks.workload import Workload, engine_result

SAMPLE, DRAWS = 250, 20
SPREAD_DELAYS = (0, 10, 29)


def share_of_full_pass(workload: Workload, rounds: int) -> float:
    """Time of a random tenth of the positions ÷ time of all of them."""

    def contender(name: str, sample: int | None) -> Contender:
        def run() -> float:
            engine_result(workload, sample=sample)
            return 1.0

        return Contender(name, run)

    timings = in_turns([contender("tenth", len(workload.vectors) // 10), contender("full", None)], rounds)
    return timings["tenth"].times(timings["full"])


def spread(workload: Workload) -> dict[int, float]:
    """Standard deviation of `σ_1` over random tenths of this text, relative to `σ_1`, at each of `SPREAD_DELAYS`.

    Of 20 samples of 250 positions each, `u_1ᵀ Ḡ_τ v_1` with `u_1, v_1` from the mean of all of them: to first order the
    `σ_1` of each. Scaled from n = 250 to a tenth of the N positions, drawn without replacement: extrapolated. The standard error
    of a standard deviation from 20 draws is 16 % of it.
    """
    delays = list(SPREAD_DELAYS)
    means = [
        engine_result(workload, delays=delays, sample=SAMPLE, seed=seed).mean.sel(group="all").to_numpy() for seed in range(DRAWS)
    ]
    found = {}
    for index, delay in enumerate(delays):
        draws = np.stack([mean[index] for mean in means]).astype(np.float64)
        left, values, right = np.linalg.svd(draws.mean(0))
        projected = left[:, 0] @ draws @ right[0]
        found[delay] = float(projected.std(ddof=1) / values[0]) * scale_to_a_tenth(len(workload.vectors))
    return found


def scale_to_a_tenth(population: int) -> float:
    """`√(((1 - 1/10) / (N/10)) / ((1 - n/N) / n))`: a spread over samples of n = 250 times this is that over tenths."""

    def error(n: float) -> float:
        return math.sqrt((1 - n / population) / n)

    return error(population / 10) / error(SAMPLE)
