"""The leading modes of mean gradients that were never formed: `Ḡ_τ ≈ U_k Σ_k V_kᵀ`, with an estimate of what they leave out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Float

from stategrad.errors import InvalidInputError
from stategrad.files import replacing
from stategrad.gradients.curves import NEAR_TIE
from stategrad.gradients.storage import read_dataset
from stategrad.measures.properties import Property
from stategrad.measures.tracking import checked_direction, subspace_cosine

Direction = Property | Float[np.ndarray, " embedding"]
FORMAT = "stategrad modes 1"
LEVEL = 0.05
ROUGH = 0.05
"""Part of σ_1 from which on what lies outside the modes is said to blur m."""
ARRAYS = (
    "singular_values", "left", "right", "tail", "energy", "gap",
    "debiased", "low", "high", "p_value", "count", "population",
)  # fmt: skip


@dataclass(frozen=True, eq=False, repr=False)
class LowRankGradients:
    """The k leading modes of the mean gradients of one state, from products with random vectors.

    Conditions on the state's position stand between group and delay, as in `StateGradients`. Values are NaN where there is no
    position, or where gradients explode.

    Attributes:
        singular_values: of `Ḡ_τ`, (group, delay, mode), the largest first.
        left: their directions of state space, (group, delay, state, mode).
        right: their directions of embedding space, (group, delay, embedding, mode).
        tail: estimated `‖Ḡ_τ - Ĝ_j‖_F` with Ĝ_j the first j modes, (group, delay, mode): where it is small, more modes say little.
            Its relative error is 22 % where a single mode is left, and less where many are (one standard deviation).
        energy: estimated `‖Ḡ_τ‖_F`, (group, delay).
        gap: `σ_k / σ_{k+1}`, (group, delay): near 1 the last mode is one of several like it.
        debiased: `σ_1` by the jackknife over blocks, (group, delay). Not to be shown where nothing is detected, as `memory` does not.
        low: the lower end of its 95 % interval; NaN with fewer than 6 occupied blocks.
        high: the upper end.
        p_value: of the sign-flip test that blocks agree on any memory; NaN likewise.
        count: positions that were propagated, (group, delay).
        population: positions of the text that they stand for, (group, delay).
        provenance: versions, hashes and settings, as JSON.

    >>> import torch, stategrad as sg
    >>> model = torch.nn.GRU(50, 8).eval()
    >>> result = sg.state_gradients(model, torch.randn(60, 50), delays=4, directions=2, show_progress=False)
    >>> result.right.sizes
    Frozen({'group': 1, 'delay': 4, 'embedding': 50, 'mode': 2})
    """

    singular_values: xr.DataArray
    left: xr.DataArray
    right: xr.DataArray
    tail: xr.DataArray
    energy: xr.DataArray
    gap: xr.DataArray
    debiased: xr.DataArray
    low: xr.DataArray
    high: xr.DataArray
    p_value: xr.DataArray
    count: xr.DataArray
    population: xr.DataArray
    provenance: str

    @property
    def error(self) -> xr.DataArray:
        """Estimated `‖Ḡ_τ - Ĝ_k‖_F` of all k modes, (group, delay)."""
        return self.tail.isel(mode=-1, drop=True)

    @property
    def modes(self) -> int:
        """How many modes, k."""
        return self.singular_values.sizes["mode"]

    @property
    def groups(self) -> list[str]:
        """The labels of the groups, `"all"` first."""
        return [str(label) for label in self.singular_values["group"].values]

    @property
    def delays(self) -> list[int]:
        """The delays, in increasing order."""
        return [int(delay) for delay in self.singular_values["delay"].values]

    def memory(self) -> xr.Dataset:
        """The memory curves, per group and delay.

        `sigma_1` with its `_debiased`, `_low` and `_high`, which are NaN where nothing is `detected` at 5 %; there the plain value is
        an upper bound. `energy` = ‖Ḡ‖_F and `error` = ‖Ḡ - Ĝ_k‖_F, both estimated, and `explained` = 1 - error² / energy², the part of
        the energy of the mean that the k modes hold. The sum of all singular values needs whole gradients.
        """
        detected = self.p_value <= LEVEL
        columns = {"count": self.count, "population": self.population, "sigma_1": self.singular_values.isel(mode=0, drop=True)}
        columns |= {f"sigma_1_{name}": getattr(self, name).where(detected) for name in ("debiased", "low", "high")}
        columns |= {"detected": detected, "p_value": self.p_value, "energy": self.energy, "error": self.error}
        energy = self.energy.where(self.energy > 0)
        return xr.Dataset(columns | {"explained": 1 - (self.error / energy) ** 2})

    def track(self, d: Direction | Mapping[str, Direction], n: int | Sequence[int] = 5) -> xr.Dataset:
        """How well one property, or each of several, is kept, as far as the modes tell.

        `relative_memory` m = ‖Ĝ_k d‖ / (‖d‖ σ_1), of which `relative_memory_error` = ‖Ḡ - Ĝ_k‖_F / σ_1 bounds what the other
        modes can add or take; where that is above 0.05 `rough` is true, and `directions={name: d}` has the exact gain. `cosine`
        = ‖V_nᵀ d‖ / ‖d‖, with `near_tie` where `σ_n / σ_{n+1}` is below 1.05 and chance decides which directions are the n best.

        Args:
            d: a direction of embedding space or a `Property`; or several by name, which adds a dimension `property`.
            n: how many of the best-remembered directions, or several such numbers, which adds a dimension `n`.

        Raises:
            InvalidInputError: an n below 1 or above k, and what names no direction.

        Source: Verwimp et al. 2018, equations 4, 5 and 7.
        """
        if isinstance(d, Mapping):
            parts = [self.track(one, n) for one in d.values()]
            return xr.concat(parts, pd.Index(list(d), name="property"))
        counts = [n] if isinstance(n, int) else list(n)
        if not counts or min(counts) < 1 or max(counts) > self.modes:
            raise InvalidInputError(f"n is {n}; give a number of modes from 1 to {self.modes}, or ask for more with directions=.")
        vector = checked_direction(np.asarray(getattr(d, "vector", d), dtype=np.float64), self.right.sizes["embedding"])
        dims = self.singular_values.dims[:-1]
        values, right = self.singular_values.values, self.right.transpose(*dims, "embedding", "mode").values
        ratios = np.concatenate([_ratio(values[..., :-1], values[..., 1:]), self.gap.values[..., None]], axis=-1)
        kept = np.linalg.norm(values * (vector @ right), axis=-1) / np.linalg.norm(vector)
        doubt = _ratio(self.error.values, values[..., 0])
        dataset = xr.Dataset(
            {
                "relative_memory": (dims, _ratio(kept, values[..., 0])),
                "relative_memory_error": (dims, doubt),
                "rough": (dims, doubt > ROUGH),
                "cosine": ((*dims, "n"), np.stack([subspace_cosine(right, vector, count) for count in counts], axis=-1)),
                "near_tie": ((*dims, "n"), ratios[..., np.array(counts) - 1] < NEAR_TIE),
            },
            {str(name): self.singular_values[name] for name in dims} | {"n": counts},
        )
        return dataset.isel(n=0, drop=True) if isinstance(n, int) else dataset

    def to_dataframe(self) -> pd.DataFrame:
        """The memory curves as a tidy table: a row per group and delay, a column per measure."""
        return self.memory().to_dataframe().reset_index()

    def save(self, path: str | Path) -> None:
        """Write the result to a netCDF-4 file, whole or not at all.

        Args:
            path: of the file, by custom `*.nc`.
        """
        arrays = {name: getattr(self, name) for name in ARRAYS}
        dataset = xr.Dataset(arrays, attrs={"format": FORMAT, "provenance": self.provenance})
        with replacing(Path(path)) as temporary:
            dataset.to_netcdf(temporary, engine="h5netcdf")

    @classmethod
    def load(cls, path: str | Path) -> LowRankGradients:
        """Read a result that `save` wrote. Nothing in the file is executed.

        Raises:
            MissingInputError: no such file.
            InvalidInputError: a truncated file, or one that holds something else.
        """
        dataset = read_dataset(Path(path), FORMAT)
        fields: dict[str, Any] = {name: dataset[name] for name in ARRAYS}
        return cls(**fields, provenance=dataset.attrs["provenance"])

    def __repr__(self) -> str:
        state, delays = json.loads(self.provenance)["state"], self.delays
        positions, population = (int(n.values[0].flat[0]) for n in (self.count, self.population))
        explained = self.memory()["explained"].values[0].reshape(-1, len(delays))[0]
        lines = [
            f"LowRankGradients of the {state['name']} state, layer {state['layer']}",
            f"  modes      {self.modes} of {self.left.sizes['state']} × {self.right.sizes['embedding']} (state × embedding)",
            f"  explained  {explained[0]:.0%} of the energy at delay {delays[0]}, {explained[-1]:.0%} at {delays[-1]} (estimated)",
            f"  positions  {positions:,} of {population:,}",
            f"  delays     {', '.join(map(str, delays)) if len(delays) < 6 else f'{delays[0]} … {delays[-1]}'}",
            f"  groups     {', '.join(self.groups[:8])}{' …' if len(self.groups) > 8 else ''}",
        ]
        return "\n".join(lines)


def _ratio(upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
    return np.divide(upper, lower, out=np.full(np.shape(upper), np.nan), where=lower > 0)
