"""What a sample of a tenth of the positions costs, and how far σ_1 moves from one sample to the next."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float

from benchmarks.clock import Contender, in_turns
from benchmarks.workload import Workload, engine_result, execution

SAMPLE, DRAWS = 250, 60
SPREAD_DELAYS = (0, 10, 29)


def share_of_full_pass(workload: Workload, rounds: int) -> dict[str, float]:
    """Time of a random tenth of the positions ÷ time of all of them, swept (`full`), and position by position, as a tenth is."""

    def contender(name: str, sample: int | None, **options: bool) -> Contender:
        def run() -> float:
            engine_result(workload, sample=sample, execution=execution(compile=True, **options))
            return 1.0

        return Contender(name, run)

    tenth = contender("tenth", len(workload.vectors) // 10)
    timings = in_turns([tenth, contender("full", None), contender("by position", None, sweep=False)], rounds)
    return {name: timings["tenth"].times(timings[name]) for name in ("full", "by position")}


def spread(workload: Workload) -> dict[int, float]:
    """Standard deviation of `σ_1` over random tenths of this text, relative to `σ_1`, at each of `SPREAD_DELAYS`.

    From 60 samples of 250 positions, scaled to a tenth of the N positions, drawn without replacement: extrapolated. The
    standard error of a standard deviation from 60 draws is 9 % of it.
    """
    delays = list(SPREAD_DELAYS)
    means = [
        engine_result(workload, delays=delays, sample=SAMPLE, seed=seed).mean.sel(group="all").to_numpy() for seed in range(DRAWS)
    ]
    scale = scale_to_a_tenth(len(workload.vectors))
    draws = np.stack(means, axis=1).astype(np.float64)
    return {delay: scale * relative_spread(draws[index]) for index, delay in enumerate(delays)}


def relative_spread(draws: Float[np.ndarray, "draw state embedding"]) -> float:
    """Standard deviation ÷ mean of `u_1ᵀ Ḡ v_1` over draws of `Ḡ`: to first order the `σ_1` of each.

    `u_1, v_1` come from the mean of the other half of the draws: from all of them they would follow the draws' common noise, and
    make `σ_1` too large and its relative spread too small. This way it errs upwards.
    """
    halves = (slice(None, None, 2), slice(1, None, 2))
    projected = []
    for fitted, held_out in (halves, halves[::-1]):
        left, _, right = np.linalg.svd(draws[fitted].mean(0))
        projected.append(left[:, 0] @ draws[held_out] @ right[0])
    within = np.mean([half.var(ddof=1) for half in projected])
    return math.sqrt(within) / float(np.mean(np.concatenate(projected)))


def scale_to_a_tenth(population: int) -> float:
    """`√(((1 - 1/10) / (N/10)) / ((1 - n/N) / n))`: a spread over samples of n = 250 times this is that over tenths."""

    def error(n: float) -> float:
        return math.sqrt((1 - n / population) / n)

    return error(population / 10) / error(SAMPLE)
