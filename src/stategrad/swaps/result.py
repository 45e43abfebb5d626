"""The result of swapping words: how far the states that follow move, per group and delay."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from stategrad.errors import InvalidInputError
from stategrad.gradients.decay import decay_table
from stategrad.gradients.horizons import LEVELS, check_levels, horizon_rows
from stategrad.measures.horizon import relative_interval
from stategrad.measures.jackknife import Estimate, jackknife
from stategrad.swaps.reading import RESOLVED

AGREEMENT = ("validity", "cosine", "validity_own", "cosine_own")


@dataclass(frozen=True, eq=False, repr=False)
class SwapMemory:
    """Swap memory `θ(τ) = E‖s_t^swap - s_t‖` of one state, in units of the state.

    Attributes:
        theta: `θ(τ)`, dimensions (group, delay); NaN where a group has no position.
        count: positions that were swapped, (group, delay).
        population: positions of the text that they stand for, (group, delay).
        block_theta: `θ(τ)` of each block, (group, block, delay); zero where a block is empty.
        block_count: `population` of each block, (group, block, delay), without the strata of which no position was drawn.
        provenance: versions, hashes and settings, as JSON; `resolution` is what numbers of the precision resolve of a state.
        divergence: `E KL(p(w_{t+1}) ‖ p^swap(w_{t+1}))` in nats, (group, delay); None where it was not asked for.
        block_divergence: the same of each block, (group, block, delay).
        block_agreement: of each block what validities and cosines are made of, (group, block, delay, part): the means of
            `‖Δs - Ḡ_τ Δx‖²`, `‖Δs‖²`, `⟨Δs, Ḡ_τ Δx⟩`, `‖Ḡ_τ Δx‖²`, and of the first, third and fourth with `G_{t,τ}` for `Ḡ_τ`;
            None without gradients.
    """

    theta: xr.DataArray
    count: xr.DataArray
    population: xr.DataArray
    block_theta: xr.DataArray
    block_count: xr.DataArray
    provenance: str
    divergence: xr.DataArray | None = None
    block_divergence: xr.DataArray | None = None
    block_agreement: xr.DataArray | None = None

    @property
    def groups(self) -> list[str]:
        """The labels of the groups, `"all"` first."""
        return [str(label) for label in self.theta["group"].values]

    @property
    def delays(self) -> list[int]:
        """The delays, in increasing order."""
        return [int(delay) for delay in self.theta["delay"].values]

    @property
    def validity(self) -> xr.DataArray | None:
        """`1 - E‖Δs - Ḡ_τ Δx‖² / E‖Δs‖²`, (group, delay): the share of the swaps that the group's mean gradient explains.

        1 where it explains them entirely, 0 where it explains nothing, below where it is worse than nothing; NaN where θ is below
        ten times what the precision resolves, and mostly rounding. None without gradients.
        """
        return self._agreement_of_all("validity")

    @property
    def validity_own(self) -> xr.DataArray | None:
        """`1 - E‖Δs - G_{t,τ} Δx‖² / E‖Δs‖²`, (group, delay): the same of each position's own gradient.

        What it leaves is not linear, and what it explains beyond `validity` differs from position to position.
        """
        return self._agreement_of_all("validity_own")

    def _agreement_of_all(self, name: str) -> xr.DataArray | None:
        if self.block_agreement is None:
            return None
        total = (self.block_agreement * self.block_count).sum("block").transpose("group", "delay", "part")
        return self.theta.copy(data=_agreement(total.values[..., None])[..., AGREEMENT.index(name)]).where(self._resolved)

    @property
    def _resolved(self) -> xr.DataArray:
        """Where the changes are more than rounding."""
        return self.theta >= RESOLVED * json.loads(self.provenance)["settings"].get("resolution", 0.0)

    def relative(self) -> xr.DataArray:
        """`θ(τ)/θ(0)`, (group, delay): comparable across models, whatever the scale of their states.

        Raises:
            InvalidInputError: delay 0 was not asked for.
        """
        if 0 not in self.delays:
            raise InvalidInputError(f"θ(τ)/θ(0) needs delay 0, and the delays are {self.delays}; include 0.")
        with np.errstate(invalid="ignore"):  # 0/0 of swaps that change nothing is NaN
            return (self.theta / self.theta.sel(delay=0, drop=True)).rename("relative")

    def interval(self, *, level: float = 0.95) -> xr.Dataset:
        """`low` and `high` of `θ(τ)` from its blocks, (group, delay); NaN with fewer than 6 blocks.

        Args:
            level: nominal coverage.
        """
        estimate = self._estimate(level)
        return xr.Dataset({"low": self.theta.copy(data=estimate.low), "high": self.theta.copy(data=estimate.high)})

    def agreement(self, *, level: float = 0.95) -> xr.Dataset:
        """How far swaps go where gradients say, (group, delay): `validity` and `cosine`, with `_low` and `_high`.

        So says the mean gradient; `validity_own` and `cosine_own` are those of each position's own.

        `cosine` = `E⟨Δs, Ḡ_τ Δx⟩ / √(E‖Δs‖² E‖Ḡ_τ Δx‖²)`, over swaps of any direction together; its square is the validity that the
        prediction would have with the best factor before it. The intervals take Ḡ as given. NaN where θ is mostly rounding.

        Args:
            level: nominal coverage.

        Raises:
            InvalidInputError: a result without gradients.
        """
        if self.block_agreement is None:
            raise InvalidInputError("agreement is with mean gradients, and there are none; pass gradients to swap_memory.")
        parts = self.block_agreement.transpose("group", "delay", "block", "part").values[..., None]
        counts = self.block_count.transpose("group", "delay", "block").values
        estimate = jackknife(_agreement, parts, counts, level=level)
        ends = (("", estimate.plain), ("_low", estimate.low), ("_high", estimate.high))
        return xr.Dataset(
            {f"{name}{end}": self.theta.copy(data=values[..., i]) for i, name in enumerate(AGREEMENT) for end, values in ends}
        ).where(self._resolved)

    def horizon(self, levels: Sequence[float] = LEVELS, *, level: float = 0.95) -> pd.DataFrame:
        """How far back a swap is felt: the delay where θ falls below parts of its value at delay 0, as `StateGradients.horizon`.

        Args:
            levels: parts of the value at delay 0; default 1/e and a tenth.
            level: nominal coverage of the intervals.

        Raises:
            InvalidInputError: delay 0 was not asked for, or a level outside 0 to 1.
        """
        check_levels(self.delays, levels)
        relative, low, high = relative_interval(self._estimate(level))
        rows = [
            {"group": group, "measure": "swap"} | row
            for number, group in enumerate(self.groups)
            for row in horizon_rows(self.delays, relative[number], low[number], high[number], levels)
        ]
        return pd.DataFrame(rows)

    def decay_laws(self, *, level: float = 0.95) -> pd.DataFrame:
        """By which law `θ(τ)` decays, as `StateGradients.decay_laws`, up to the first delay at which it is mostly rounding.

        Args:
            level: of the intervals, each for itself.
        """
        counts = self.block_count.transpose("group", "delay", "block").values
        labels = [{"group": group} for group in self.groups]
        usable = self._resolved.values
        return decay_table({"swap": self._estimate(level)}, labels, self.delays, counts, usable, level=level)

    def to_dataframe(self) -> pd.DataFrame:
        """A tidy table: a row per group and delay; `relative` where delay 0 is there, `agreement` and `divergence` if asked for."""
        interval = self.interval()
        columns = {"count": self.count, "population": self.population, "theta": self.theta}
        columns |= {"theta_low": interval["low"], "theta_high": interval["high"]}
        if 0 in self.delays:
            columns["relative"] = self.relative()
        if self.block_agreement is not None:
            columns |= {str(name): values for name, values in self.agreement().items()}
        if self.divergence is not None and self.block_divergence is not None:
            estimate = self._estimate_of(self.block_divergence, 0.95)
            columns["divergence"] = self.divergence
            columns |= {f"divergence_{end}": self.theta.copy(data=getattr(estimate, end)) for end in ("low", "high")}
        return xr.Dataset(columns).to_dataframe().reset_index()

    def _estimate(self, level: float) -> Estimate:
        return self._estimate_of(self.block_theta, level)

    def _estimate_of(self, block_means: xr.DataArray, level: float) -> Estimate:
        values = block_means.transpose("group", "delay", "block").values[..., None, None]
        counts = self.block_count.transpose("group", "delay", "block").values
        return jackknife(lambda theta: theta[..., 0, 0], values, counts, level=level)

    def __repr__(self) -> str:
        facts = json.loads(self.provenance)
        state, delays = facts["state"], self.delays
        first, last = self.theta.values[0, [0, -1]]
        lines = [
            f"SwapMemory of the {state['name']} state, layer {state['layer']}, swaps: {facts['settings']['swaps']}",
            f"  positions  {int(self.count[0, 0]):,} of {int(self.population[0, 0]):,} in {len(self.block_theta['block'])} blocks",
            f"  delays     {', '.join(map(str, delays)) if len(delays) < 6 else f'{delays[0]} … {delays[-1]}'}",
            f"  groups     {', '.join(self.groups[:8])}{' …' if len(self.groups) > 8 else ''}",
            f"  θ (all)    {first:.3g} at delay {delays[0]}, {last:.3g} at delay {delays[-1]}",
        ]
        return "\n".join(lines)


def _agreement(parts: np.ndarray) -> np.ndarray:
    """What `AGREEMENT` names, from means or sums (…, part, 1) in the order of `validity.PARTS`."""
    left, square, product, predicted, *own = np.moveaxis(parts[..., 0], -1, 0)
    square = np.where(square > 0, square, np.nan)  # of swaps that change nothing
    values = []
    with np.errstate(invalid="ignore", divide="ignore"):  # of gradients that are zero: NaN
        for unexplained, common, length in ((left, product, predicted), own):
            values += [1 - unexplained / square, common / np.sqrt(square * length)]
    return np.stack(values, axis=-1)
