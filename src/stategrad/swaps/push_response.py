"""The result of causal pushes: how far states move, how much of it gradients predict, and up to which size."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Float

from stategrad.files import replacing
from stategrad.gradients.storage import read_dataset
from stategrad.measures.jackknife import jackknife
from stategrad.swaps.reading import RESOLVED

FORMAT = "stategrad pushes 1"
ARRAYS = ("square", "own_error", "effect", "count", "population")
BLOCKS = ("block_square", "block_own_error", "block_effect", "block_count")
CASES = ("group", "direction", "delay", "size")
UNEXPLAINED = 0.1


@dataclass(frozen=True, eq=False, repr=False)
class PushResponse:
    """What pushes `x_{t-τ} ± a d` do to one state, in units of the state; means run over positions and both signs.

    Attributes:
        square: `E‖Δs‖²`, dimensions (group, direction, delay, size); NaN where a group has no position.
        own_error: `E‖Δs ∓ a G_{t,τ} d‖²`, G being the position's own gradient.
        effect: the mean effect `E[±Δs]`, (group, direction, delay, size, state).
        count: positions that were pushed, (group, delay).
        population: positions of the text that they stand for, (group, delay).
        block_square: the same of each block, with a dimension block; zero where a block is empty.
        block_own_error: likewise.
        block_effect: likewise.
        block_count: `population` of each block, (group, block, delay), without the strata of which no position was drawn.
        prediction: `Ḡ_τ d` for d a push of size 1, (group, direction, delay, state), of the group's own mean gradient; None without
            gradients.
        pushes: the pushes of size 1, (direction, embedding).
        provenance: versions, hashes and settings, as JSON; `unit` is the length of a push of size 1, and `resolution` what numbers
            of the precision resolve of a state, `ε √E‖s‖²`.
    """

    square: xr.DataArray
    own_error: xr.DataArray
    effect: xr.DataArray
    count: xr.DataArray
    population: xr.DataArray
    block_square: xr.DataArray
    block_own_error: xr.DataArray
    block_effect: xr.DataArray
    block_count: xr.DataArray
    prediction: xr.DataArray | None
    pushes: xr.DataArray
    provenance: str

    @classmethod
    def from_blocks(cls, block_count: xr.DataArray, **fields: Any) -> PushResponse:
        """Add the means of all blocks together.

        Args:
            block_count: positions of the text behind each block.
            fields: `block_square`, `block_own_error`, `block_effect`, and all fields that are no means.
        """
        total = block_count.sum("block")
        means = {
            name.removeprefix("block_"): ((fields[name] * block_count).sum("block") / total.where(total > 0)).transpose(*CASES, ...)
            for name in BLOCKS[:3]
        }
        return cls(**means, block_count=block_count, **fields)

    @property
    def groups(self) -> list[str]:
        """The labels of the groups, `"all"` first."""
        return [str(label) for label in self.square["group"].values]

    @property
    def directions(self) -> list[str]:
        """The names of the directions."""
        return [str(name) for name in self.square["direction"].values]

    @property
    def delays(self) -> list[int]:
        """The delays, in increasing order."""
        return [int(delay) for delay in self.square["delay"].values]

    @property
    def sizes(self) -> list[float]:
        """The sizes of the pushes, in increasing order, in units of `unit`."""
        return [float(size) for size in self.square["size"].values]

    @property
    def unit(self) -> float:
        """The length of a push of size 1, in units of the embedding."""
        return float(json.loads(self.provenance)["settings"]["unit"])

    @property
    def resolution(self) -> float:
        """What numbers of the precision resolve of a state, in units of the state; 0 where it is not known."""
        return float(json.loads(self.provenance)["settings"].get("resolution", 0.0))

    def effects(self, *, level: float = 0.95) -> xr.Dataset:
        """How far the pushes move the state and what predicts it, per group, direction, delay and size.

        `rms` = `√E‖Δs‖²`, and `own_explained` = `1 - E‖Δs ∓ a G d‖² / E‖Δs‖²` for the position's own gradient. With gradients,
        for the prediction `a Ḡ d`: its length `predicted`, the `projection` of the mean effect `E[±Δs]` on its direction, the
        `cosine` between the two, and `explained` = `1 - E‖Δs ∓ a Ḡ d‖² / E‖Δs‖²`. All but `predicted` with `_low` and `_high`,
        which take Ḡ as given; NaN with fewer than 6 blocks. Noise of the mean effect of few positions lowers the cosine. Where the
        rms is below ten times the `resolution` only that and `predicted` are given: the rest would be rounding.

        Args:
            level: nominal coverage of the intervals.
        """
        names = ["rms", "own_explained"]
        blocks = [self.block_square.expand_dims("part", -1), self.block_own_error.expand_dims("part", -1)]
        if self.prediction is not None:
            names += ["projection", "cosine", "explained"]
            # constant over blocks, so that the statistic finds it beside what varies
            predicted = (self.prediction * self.square["size"]).expand_dims(block=self.block_count["block"])
            blocks += [part.rename(state="part") for part in (self.block_effect, predicted)]
        order = (*CASES, "block", "part")
        parts = np.concatenate([part.transpose(*order).values for part in blocks], axis=-1)
        counts = self.block_count.broadcast_like(self.block_square).transpose(*order[:-1]).values
        estimate = jackknife(_measures, parts[..., None], counts, level=level)
        columns = {
            f"{name}{end}": (CASES, values[..., index])
            for end, values in (("", estimate.plain), ("_low", estimate.low), ("_high", estimate.high))
            for index, name in enumerate(names)
        }
        result = xr.Dataset(columns, {name: self.square[name] for name in CASES})
        told = ~(result["rms"] < RESOLVED * self.resolution)
        result = result.assign({name: values.where(told) for name, values in result.items() if not str(name).startswith("rms")})
        if self.prediction is not None:
            result["predicted"] = ((self.prediction**2).sum("state", skipna=False) ** 0.5 * self.square["size"]).transpose(*CASES)
        return result

    def linear_range(self, *, unexplained: float = UNEXPLAINED, level: float = 0.95) -> xr.Dataset:
        """Up to which size the linear reading holds: the largest a with `E‖Δs ∓ a G d‖² ≤ 0.1 E‖Δs‖²` for it and all below.

        G is the position's own gradient, so that this is the curvature of the network alone; what a mean over positions leaves out
        comes on top of it. Sizes whose effect is not resolved are passed over.

        Args:
            unexplained: the share of the effect that the reading may miss.
            level: nominal coverage of the interval.

        Returns:
            Per group, direction and delay: `linear_up_to`, in units of `unit`, between the tested sizes by interpolation of both
            logarithms, and NaN where the reading fails at the smallest already, or no size is resolved; `_low` and `_high`, where
            the ends of the interval of `own_explained` cross; `linear_throughout`, true where it holds at the largest size, which
            is then the value.
        """
        effects = self.effects(level=level)
        ranges = {
            f"linear_up_to{end}": (CASES[:-1], _crossings(1 - effects[f"own_explained{end}"].values, self.sizes, unexplained))
            for end in ("", "_low", "_high")
        }
        missed = 1 - effects["own_explained"].values
        through = (CASES[:-1], ((missed <= unexplained) | np.isnan(missed)).all(-1) & ~np.isnan(missed[..., -1]))
        return xr.Dataset(ranges | {"linear_throughout": through}, {name: self.square[name] for name in CASES[:-1]})

    def to_dataframe(self) -> pd.DataFrame:
        """A tidy table: a row per group, direction, delay and size; what has no size repeats."""
        counts = xr.Dataset({"count": self.count, "population": self.population})
        table = xr.merge([self.effects(), self.linear_range(), counts])
        return table.to_dataframe(dim_order=CASES).reset_index()

    def save(self, path: str | Path) -> None:
        """Write the result to a netCDF-4 file, whole or not at all.

        Args:
            path: of the file, by custom `*.nc`.
        """
        arrays = {name: getattr(self, name) for name in (*ARRAYS, *BLOCKS, "pushes")}
        if self.prediction is not None:
            arrays["prediction"] = self.prediction
        dataset = xr.Dataset(arrays, attrs={"format": FORMAT, "provenance": self.provenance})
        with replacing(Path(path)) as temporary:
            dataset.to_netcdf(temporary, engine="h5netcdf")

    @classmethod
    def load(cls, path: str | Path) -> PushResponse:
        """Read a result that `save` wrote. Nothing in the file is executed.

        Raises:
            MissingInputError: no such file.
            InvalidInputError: a truncated file, or one that holds something else.
        """
        dataset = read_dataset(Path(path), FORMAT)
        fields: dict[str, Any] = {name: dataset[name] for name in (*ARRAYS, *BLOCKS, "pushes")}
        return cls(**fields, prediction=dataset.get("prediction"), provenance=dataset.attrs["provenance"])

    def __repr__(self) -> str:
        facts = json.loads(self.provenance)
        state, delays = facts["state"], self.delays
        lines = [
            f"PushResponse of the {state['name']} state, layer {state['layer']}",
            f"  directions {', '.join(self.directions[:8])}{' …' if len(self.directions) > 8 else ''}",
            f"  sizes      {', '.join(f'{size:g}' for size in self.sizes)} × {self.unit:.3g}",
            f"  positions  {int(self.count[0, 0]):,} of {int(self.population[0, 0]):,} in {len(self.block_count['block'])} blocks",
            f"  delays     {', '.join(map(str, delays)) if len(delays) < 6 else f'{delays[0]} … {delays[-1]}'}",
            f"  groups     {', '.join(self.groups[:8])}{' …' if len(self.groups) > 8 else ''}",
        ]
        return "\n".join(lines)


def _measures(parts: Float[np.ndarray, "... part 1"]) -> Float[np.ndarray, "... measure"]:
    """The measures of one case, from `E‖Δs‖²`, `E‖Δs ∓ a G d‖²` and, where there is one, `E[±Δs]` and its prediction."""
    square, left, rest = parts[..., 0, 0], parts[..., 1, 0], parts[..., 2:, 0]
    with np.errstate(invalid="ignore", divide="ignore"):  # of pushes that change nothing no share can be explained: NaN
        measures = [np.sqrt(square), 1 - left / square]
        if rest.shape[-1]:
            effect, predicted = np.split(rest, 2, axis=-1)
            length = np.linalg.norm(predicted, axis=-1)
            projection = (effect * predicted).sum(-1) / length
            measures += [projection, projection / np.linalg.norm(effect, axis=-1), length * (2 * projection - length) / square]
    return np.stack(measures, axis=-1)


def _crossings(
    missed: Float[np.ndarray, "group direction delay size"], sizes: list[float], level: float
) -> Float[np.ndarray, "group direction delay"]:
    """The size at which each curve first rises above the level, on logarithmic axes; from the first size that is known."""
    logs = np.log(np.maximum(missed, 1e-12))
    found = np.full(missed.shape[:-1], np.nan)
    for case in np.ndindex(*found.shape):
        known = ~np.isnan(logs[case])
        curve, at = logs[case][known], np.log(sizes)[known]
        over = np.flatnonzero(curve > np.log(level))
        if not known[-1] or (len(over) and over[0] == 0):
            continue
        if len(over):
            last, first = over[0] - 1, over[0]
            part = (np.log(level) - curve[last]) / (curve[first] - curve[last])
            found[case] = np.exp(at[last] + part * (at[first] - at[last]))
        else:
            found[case] = sizes[-1]
    return found
