"""The two parts of an interval: what more positions of this text would narrow, and what only more text would.

An interval of `σ_1` from blocks, `± t s`, holds both: blocks differ because texts do, and because few of their positions are used.
The second part follows from how much single positions differ along the leading directions `u_1`, `v_1` of the mean:

    s_sampling² = (1 - n/N) Var(u_1ᵀ G v_1) / n        n positions used of N
    s_text²     = s² - s_sampling²

The variance is that between random sets of positions, of a small sample of its own. Both terms are estimates from few numbers (s
from the blocks of the text, the variance from 25 sets), good to a fifth or so; the sample of a run is stratified, which narrows it
a little more than this says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy.special import stdtrit

from stategrad.gradients.curves import MOST_BLOCKS
from stategrad.gradients.result import StateGradients
from stategrad.gradients.state_gradients import state_gradients
from stategrad.run.contexts import steps_of
from stategrad.run.convention import in_convention

if TYPE_CHECKING:
    from stategrad.run.run import Run

SETS, POSITIONS = 25, 500
DELAYS = (0, 10)
COLUMNS = ["state", "delay", "sigma_1", "half_width", "sampling", "text"]


def sampling_table(run: Run) -> pd.DataFrame:
    """The half-width of the interval of `σ_1` at delays 0, 10 and the last, and its two parts.

    Returns:
        A row per state and delay: `half_width` (95 %), `sampling`, the part of the positions that are not used, and `text`, the
        half-width if all were; their squares add up. NaN where no memory is detected. No rows where all positions are used.
    """
    paths = {name: run.folder.gradients_path(name) for name in run.states}
    results = {name: in_convention(run.config, StateGradients.load(path).sel(group="all")) for name, path in paths.items()}
    first = next(iter(results.values()))
    if (first.count >= first.population).all():
        return pd.DataFrame(columns=COLUMNS)
    delays = sorted({*(delay for delay in DELAYS if delay in first.delays), first.delays[-1]})
    probed = _in_random_sets(run, delays)
    rows = [[state, delay, *_parts(results[state], probed[state], delay)] for state in results for delay in delays]
    return pd.DataFrame(rows, columns=COLUMNS)


def _parts(result: StateGradients, probed: StateGradients, delay: int) -> tuple[float, float, float, float]:
    """`σ_1`, the half-width of its interval, and its two parts."""
    here = {"group": "all", "delay": delay}
    result, probed = (one.sel(group="all", delay=delay) for one in (result, probed))
    memory, spectrum = result.memory().sel(here), result.spectrum().sel(here).isel(mode=0)
    half_width = float(memory["sigma_1_high"] - memory["sigma_1_low"]) / 2
    along = np.einsum("h,khe,e->k", spectrum["left"], probed.block_mean.sel(here), spectrum["right"])
    counts = probed.block_count.sel(here).values
    variance = variance_of_positions(along, int(probed.count.sel(here)) * counts / counts.sum())
    used, population = (int(count.sel(here)) for count in (result.count, result.population))
    blocks = min(int((result.block_count.sel(here) > 0).sum()), MOST_BLOCKS)
    sampling = float(stdtrit(max(blocks - 1, 1), 0.975) * np.sqrt(variance * (1 / used - 1 / population)))
    sampling = min(sampling, half_width) if np.isfinite(half_width) else np.nan
    return float(memory["sigma_1"]), half_width, sampling, float(np.sqrt(half_width**2 - sampling**2))


def variance_of_positions(means: Float[np.ndarray, " set"], counts: Float[np.ndarray, " set"]) -> float:
    """`Σ_k n_k (x_k - x̄)² / (K - 1)`: the variance of single values, from the means `x_k` of random sets of `n_k`.

    >>> variance_of_positions(np.array([1.0, 3.0]), np.array([4.0, 4.0]))
    8.0
    """
    kept, sizes = means[counts > 0], counts[counts > 0]
    if len(kept) < 2:
        return float("nan")
    return float((sizes * np.square(kept - np.average(kept, weights=sizes))).sum() / (len(kept) - 1))


def _in_random_sets(run: Run, delays: list[int]) -> dict[str, StateGradients]:
    """Mean gradients of random sets of positions, as blocks."""
    settings, text = run.config.gradients, run.text
    generator = np.random.default_rng(settings.seed)
    results = state_gradients(
        run.model,
        text,
        delays=delays,
        state=list(run.states),
        groups={},
        at=steps_of(text, settings.at),
        blocks=[generator.integers(0, SETS, len(stream)) for stream in text.streams],
        second_moment=False,
        sample=POSITIONS,
        precision=settings.precision,
        seed=settings.seed,
        show_progress=run.show_progress,
    )
    assert isinstance(results, dict)
    return {name: in_convention(run.config, one) for (_, name), one in results.items() if isinstance(one, StateGradients)}
