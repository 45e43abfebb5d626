"""Which positions are propagated, and how many of the text each of them stands for.

With strata s of `N_s(τ)` positions of which `n_s(τ)` are used, the mean of a group is

    Ḡ_τ = Σ_s N_s(τ) · (1/n_s(τ)) Σ_{p in s} G_p,τ / Σ_s N_s(τ)

so each used position carries the weight `N_s(τ) / n_s(τ)`. Without these weights a group whose strata are not drawn in
proportion gets a wrong mean.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from stategrad.errors import InvalidInputError
from stategrad.gradients.conditions import Conditions
from stategrad.gradients.groups import Strata


@dataclass(frozen=True)
class Positions:
    """The positions that are propagated, with their weights.

    Attributes:
        used: in the order of the text.
        remaining: for every position of the text, how many delays fit between it and the end of its stream.
        population: `N_s(τ)`, positions of the text per condition, stratum and delay.
        used_count: `n_s(τ)`, those of them that are used.
    """

    used: Int[np.ndarray, " used"]
    remaining: Int[np.ndarray, " position"]
    population: Int[np.ndarray, "condition stratum delay"]
    used_count: Int[np.ndarray, "condition stratum delay"]

    @property
    def weights(self) -> Float[np.ndarray, "condition stratum delay"]:
        """`N_s(τ) / n_s(τ)`; zero where nothing is used."""
        return np.divide(self.population, self.used_count, out=np.zeros(self.population.shape), where=self.used_count > 0)


def choose_positions(
    strata: Strata,
    lengths: Int[np.ndarray, " stream"],
    delays: Int[np.ndarray, " delay"],
    conditions: Conditions,
    *,
    sample: int | None = None,
    seed: int = 0,
) -> Positions:
    """All positions that are in a group, or `sample` of them, drawn at random in proportion to the strata, at least one from each.

    Args:
        strata: the cut of the text.
        lengths: steps per stream.
        delays: the delays asked for.
        conditions: which pairs of positions count.
        sample: how many positions to use; None for all.
        seed: of the draw.

    Raises:
        InvalidInputError: a sample of less than one position.
    """
    remaining = np.concatenate([np.arange(length, 0, -1) for length in lengths])
    in_a_group = np.array([len(members) > 0 for members in strata.members])
    everything = np.flatnonzero(in_a_group[strata.of_position])
    used = everything if sample is None else _draw(strata, in_a_group, sample, seed)
    population = _count(strata, everything, remaining, delays, conditions)
    counted = population if sample is None else _count(strata, used, remaining, delays, conditions)
    return Positions(used, remaining, population, counted)


def _draw(strata: Strata, in_a_group: Bool[np.ndarray, " stratum"], sample: int, seed: int) -> Int[np.ndarray, " used"]:
    if sample < 1:
        raise InvalidInputError(f"sample is {sample}; give at least 1 position, or None for all.")
    generator = np.random.default_rng(seed)
    shuffled = generator.permutation(len(strata.of_position))
    order = shuffled[np.argsort(strata.of_position[shuffled], kind="stable")]
    sizes = np.bincount(strata.of_position, minlength=strata.count)
    eligible = np.where(in_a_group, sizes, 0)
    share = min(1.0, sample / max(eligible.sum(), 1))
    wanted = np.clip(np.round(eligible * share), 1, eligible).astype(np.int64)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    chosen = [order[start : start + take] for start, take in zip(starts, wanted, strict=True)]
    return np.sort(np.concatenate(chosen))


def _count(
    strata: Strata,
    positions: Int[np.ndarray, " used"],
    remaining: Int[np.ndarray, " position"],
    delays: Int[np.ndarray, " delay"],
    conditions: Conditions,
) -> Int[np.ndarray, "condition stratum delay"]:
    counts = np.empty((conditions.count, strata.count, len(delays)), dtype=np.int64)
    for column, delay in enumerate(delays):
        inside = positions[remaining[positions] > delay]
        for row, mask in enumerate(conditions.masks(inside, int(delay))):
            counts[row, :, column] = np.bincount(strata.of_position[inside[mask]], minlength=strata.count)
    return counts
