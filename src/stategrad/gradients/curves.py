"""Curves over delays with what belongs on each: the plain value, the paper's, and beside it bias, interval, floor and chance.

A bare name is the plain value. `_debiased` is it without the bias of a noisy mean, `_cv` cross-validated, `_low` and `_high` the
pointwise interval around the debiased value (around the plain one where there is none), `_band_low` and `_band_high` the
interval for the whole curve at once, `_floor` what a mean of nothing shows, `_null_low` and `_null_high` the range of
chance. Where the blocks do not agree on any memory (`detected` is false) the plain value is an upper bound, and neither a debiased
value nor an interval is given.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
from jaxtyping import Bool, Float, Int

from stategrad.measures.block_means import leave_one_out, mean_of_blocks, merge, merged
from stategrad.measures.chance import chance_cosine, chance_relative_memory
from stategrad.measures.cosine_interval import cosine_interval
from stategrad.measures.cross_validation import unbiased_energy
from stategrad.measures.debiased_tracking import debias_gain, estimate_squared_memory
from stategrad.measures.debiasing import DebiasedSpectrum, debias_spectrum
from stategrad.measures.detection import sign_flip_test
from stategrad.measures.energy import energy_share, estimate_rms, root_mean_square
from stategrad.measures.floor import noise_floor
from stategrad.measures.jackknife import Estimate
from stategrad.measures.scales import INVERSE_SHARES, ITSELF, SIGNED_SQUARES, Scale, inverse_share
from stategrad.measures.simultaneous import simultaneous_band
from stategrad.measures.spectrum import decompose, effective_rank, largest_share, participation_ratio
from stategrad.measures.tracking import relative_memory, subspace_cosine

Columns = dict[str, np.ndarray]
NEAR_TIE = 1.05
MOST_BLOCKS = 20
CHANCE = (0.025, 0.975)


@dataclass(frozen=True, eq=False)
class Cases:
    """Mean gradients with their blocks, an item per group, condition and delay; the delay is the last axis of `cases`.

    More than 20 blocks are put together into 20: the debiasing looks at every pair of them, and more would say little more.

    Attributes:
        mean: `Ḡ_τ`.
        second_moment: `E[GᵀG]`, or None.
        block_mean: `Ḡ_τ` of each block.
        block_second_moment: `E[GᵀG]` of each block, or None.
        block_count: positions behind each block.
    """

    mean: Float[np.ndarray, "*cases state embedding"]
    second_moment: Float[np.ndarray, "*cases embedding embedding"] | None
    block_mean: Float[np.ndarray, "*cases block state embedding"]
    block_second_moment: Float[np.ndarray, "*cases block embedding embedding"] | None
    block_count: Int[np.ndarray, "*cases block"]

    @classmethod
    def of(
        cls,
        mean: Float[np.ndarray, "*cases state embedding"],
        second_moment: Float[np.ndarray, "*cases embedding embedding"] | None,
        block_mean: Float[np.ndarray, "*cases given state embedding"],
        block_second_moment: Float[np.ndarray, "*cases given embedding embedding"] | None,
        block_count: Int[np.ndarray, "*cases given"],
    ) -> Cases:
        """With at most 20 blocks, and without those that exploded."""
        finite = np.isfinite(block_mean).all((-1, -2))
        if block_second_moment is not None:
            finite &= np.isfinite(block_second_moment).all((-1, -2))
        counts = np.where(finite, block_count, 0)
        numbers = merged(counts, MOST_BLOCKS)
        if numbers.max() + 1 == len(numbers):
            return cls(mean, second_moment, block_mean, block_second_moment, counts)
        means, large_counts = merge(block_mean, counts, numbers)
        seconds = None if block_second_moment is None else merge(block_second_moment, counts, numbers)[0]
        return cls(mean, second_moment, means, seconds, large_counts)

    @cached_property
    def decomposed(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """U, Σ and V of every mean."""
        return decompose(self.mean)

    @cached_property
    def without_right(self) -> Float[np.ndarray, "block *cases embedding mode"]:
        """V of the means without each block; of the mean of all where a block is empty."""
        whole = mean_of_blocks(self.block_mean, self.block_count)[..., None, :, :]
        without = leave_one_out(self.block_mean, self.block_count)
        return np.moveaxis(decompose(np.where(np.isnan(without), whole, without))[2], -3, 0)

    @cached_property
    def spectrum(self) -> DebiasedSpectrum:
        """The singular values without their bias."""
        return debias_spectrum(self.block_mean, self.block_count)

    @cached_property
    def p_value(self) -> Float[np.ndarray, "*cases"]:
        """Of the sign flip over blocks: how often chance makes the blocks agree as they do."""
        return sign_flip_test(self.block_mean, self.block_count).p_value

    @property
    def detected(self) -> Bool[np.ndarray, "*cases"]:
        """Whether the blocks agree on any memory, at 5 %; false with fewer than 6 blocks."""
        return np.asarray(self.p_value <= 0.05)

    @cached_property
    def floor(self) -> Float[np.ndarray, "*cases mode"]:
        """The mean spectrum of noise."""
        shape = self.block_count.shape[:-1]
        spectra = [noise_floor(self.block_mean[case], self.block_count[case]) for case in np.ndindex(shape)]
        return np.array(spectra).reshape(*shape, -1)

    def at_delay(self, index: int) -> Cases:
        """The cases of one delay, which is no longer an axis."""
        at = (..., index, slice(None), slice(None), slice(None))
        moment, blocks = self.second_moment, self.block_second_moment
        return Cases(
            self.mean[..., index, :, :],
            None if moment is None else moment[..., index, :, :],
            self.block_mean[at],
            None if blocks is None else blocks[at],
            self.block_count[..., index, :],
        )

    def shown(self, values: Float[np.ndarray, "*cases"]) -> Float[np.ndarray, "*cases"]:
        """Values where memory is detected, NaN elsewhere."""
        return np.where(self.detected, values, np.nan)


def memory_columns(cases: Cases, *, level: float = 0.95) -> Columns:
    """`σ_1`, `Σσ`, how they are spread over directions, and from second moments the rms and the share of energy in the mean."""
    values = cases.decomposed[1]
    columns: Columns = {"detected": cases.detected, "p_value": cases.p_value}
    statistics: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "sigma_1": first_value,
        "sigma_sum": _sum,
        "selectivity": largest_share,
        "effective_rank": effective_rank,
        "participation_ratio": participation_ratio,
    }
    for name, statistic in statistics.items():
        columns[name] = statistic(values)
        estimated, scale = (inverse_share, INVERSE_SHARES) if name == "selectivity" else (statistic, ITSELF)
        columns |= _around(name, cases, cases.spectrum.estimate(estimated, level=level), scale=scale)
        columns[f"{name}_floor"] = statistic(cases.floor)
    for name in ("sigma_1", "sigma_sum"):
        columns[f"{name}_cv"] = statistics[name](cases.spectrum.cross_validated)
    if cases.second_moment is not None and cases.block_second_moment is not None:
        energy = np.trace(cases.second_moment, axis1=-2, axis2=-1)
        columns["rms"] = root_mean_square(cases.second_moment)
        estimate = estimate_rms(cases.block_second_moment, cases.block_count, level=level)
        columns |= {"rms_low": estimate.low, "rms_high": estimate.high}
        columns["energy_share"] = energy_share(cases.mean, cases.second_moment)
        columns["energy_share_debiased"] = cases.shown(_ratio(unbiased_energy(cases.block_mean, cases.block_count), energy))
    return columns


def tracking_columns(
    cases: Cases,
    direction: Float[np.ndarray, " embedding"],
    counts: Sequence[int],
    null: Float[np.ndarray, "draw embedding"] | None,
    *,
    level: float = 0.95,
) -> tuple[Columns, Columns]:
    """How one property is kept: what does not depend on n, and what does, n being the last axis.

    Args:
        cases: the mean gradients.
        direction: `d`.
        counts: the values of n; none for what does not depend on it.
        null: directions of properties that mean nothing, or None.
        level: nominal coverage of the intervals.
    """
    _, values, right = cases.decomposed
    gain = debias_gain(cases.block_mean, cases.block_count, direction)
    squared = estimate_squared_memory(gain, cases.spectrum, level=level)
    one = {"relative_memory": relative_memory(cases.mean, direction), "detected": cases.detected}
    one |= _around("relative_memory", cases, squared, scale=SIGNED_SQUARES)
    one["relative_memory_cv"] = _ratio(gain.cross_validated[..., 0], values[..., 0])
    isotropic = chance_relative_memory(values, len(direction), CHANCE)
    one |= {"relative_memory_isotropic_low": isotropic[0], "relative_memory_isotropic_high": isotropic[1]}
    bands = None if null is None else _null_bands(cases, null, counts)
    if bands is not None:
        one |= {"relative_memory_null_low": bands[0][0], "relative_memory_null_high": bands[0][1]}
    if not counts:
        return one, {}
    cosine = np.stack([subspace_cosine(right, direction, n) for n in counts], axis=-1)
    cosine = np.where(values[..., :1] > 0, cosine, np.nan)  # what is nowhere remembered has no directions
    ties = [_near_tie(values, n) for n in counts]
    share = cases.spectrum.share
    ends = [
        cosine_interval(right, cases.without_right, share, direction, n, tie, level=level)
        for n, tie in zip(counts, ties, strict=True)
    ]
    inverse = (cases.spectrum.estimate(partial(inverse_share, n=n), level=level) for n in counts)
    shares = [INVERSE_SHARES.ends(estimate.low, estimate.high) for estimate in inverse]
    law = np.array([chance_cosine(n, len(direction), CHANCE) for n in counts])
    many = {
        "cosine": cosine,
        "cosine_low": np.stack([cases.shown(low) for low, _ in ends], axis=-1),
        "cosine_high": np.stack([cases.shown(high) for _, high in ends], axis=-1),
        "subspace_share": np.stack([largest_share(values, n) for n in counts], axis=-1),
        "subspace_share_low": np.stack([cases.shown(low) for low, _ in shares], axis=-1),
        "subspace_share_high": np.stack([cases.shown(high) for _, high in shares], axis=-1),
        "near_tie": np.stack(ties, axis=-1),
        "cosine_isotropic_low": np.broadcast_to(law[:, 0], cosine.shape),
        "cosine_isotropic_high": np.broadcast_to(law[:, 1], cosine.shape),
    }
    if bands is not None:
        many |= {"cosine_null_low": bands[1][0], "cosine_null_high": bands[1][1]}
    return one, many


def first_value(values: np.ndarray) -> np.ndarray:
    """`σ_1` of a spectrum."""
    return values[..., 0]


def _sum(values: np.ndarray) -> np.ndarray:
    return values.sum(-1)


def _ratio(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """`a / b`, NaN where b is not positive."""
    return np.divide(a, b, out=np.full(a.shape, np.nan), where=b > 0)


def _around(name: str, cases: Cases, estimate: Estimate, *, scale: Scale = ITSELF) -> Columns:
    """The debiased value, its interval and band, of an estimate on a scale of its own."""
    ends = {"": (estimate.low, estimate.high), "_band": simultaneous_band(estimate)}
    columns = {f"{name}_debiased": cases.shown(scale.value(estimate.debiased))}
    for which, (low, high) in ends.items():
        back = scale.ends(low, high)
        columns |= {f"{name}{which}_low": cases.shown(back[0]), f"{name}{which}_high": cases.shown(back[1])}
    return columns


def _near_tie(values: Float[np.ndarray, "*cases mode"], n: int) -> Bool[np.ndarray, "*cases"]:
    """Whether `σ_n / σ_{n+1}` is below 1.05, so that chance decides which directions are the n best."""
    if n == values.shape[-1]:
        return np.zeros(values.shape[:-1], dtype=bool)
    return np.asarray(values[..., n - 1] < NEAR_TIE * values[..., n])


def _null_bands(cases: Cases, null: np.ndarray, counts: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """The range of m, (2, *cases), and of the cosine, (2, *cases, n), over directions that mean nothing."""
    units = null / np.linalg.norm(null, axis=1, keepdims=True)
    _, values, right = cases.decomposed
    shape = values.shape[:-1]
    of_memory, of_cosine = np.full((2, *shape), np.nan), np.full((2, *shape, len(counts)), np.nan)
    for case in np.ndindex(shape):
        if not values[case][0] > 0:
            continue
        # in the coordinates of V both measures are sums over modes
        squares = np.square(units @ right[case])
        memory = np.sqrt(squares @ np.square(values[case] / values[case][0]))
        of_memory[(slice(None), *case)] = np.quantile(memory, CHANCE)
        cosines = np.sqrt(np.cumsum(squares, axis=1)[:, np.array(counts, dtype=np.intp) - 1])
        of_cosine[(slice(None), *case)] = np.quantile(cosines, CHANCE, axis=0)
    return of_memory, of_cosine
