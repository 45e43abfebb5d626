"""The leading modes of mean gradients that were never formed: `Ḡ_τ ≈ U_k Σ_k V_kᵀ`, with an estimate of what they leave out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Float

from stategrad.errors import InvalidInputError
from stategrad.files import replacing
from stategrad.gradients.curves import NEAR_TIE, Cases
from stategrad.gradients.storage import read_dataset
from stategrad.measures.properties import Property
from stategrad.measures.simultaneous import simultaneous_band
from stategrad.measures.spectrum import decompose, oriented
from stategrad.measures.tracking import checked_direction, subspace_cosine

Direction = Property | Float[np.ndarray, " embedding"]
FORMAT = "stategrad modes 1"
LEVEL = 0.05
ROUGH = 0.05
"""Part of σ_1 from which on what the basis may miss of m is called rough."""
ARRAYS = ("projected", "basis", "outside", "p_value", "count", "population", "block_projected", "block_count")


@dataclass(frozen=True, eq=False, repr=False)
class LowRankGradients:
    """The k leading modes of the mean gradients of one state, in one basis V of embedding space for all groups and delays.

    Conditions on the state's position stand between group and delay, as in `StateGradients`. Values are NaN where there is no
    position, or where gradients explode.

    Attributes:
        projected: `Ḡ_τ V`, (group, delay, state, column), exact.
        basis: V, orthonormal, (embedding, column).
        outside: estimated `‖Ḡ_τ (1 - V Vᵀ)‖_F`, (group, delay), right to 22 % where it is a single mode, and better where it is
            many (one standard deviation).
        p_value: of the sign-flip test that blocks agree on any memory, (group, delay), from products with random vectors, whose
            choice the text has no part in; NaN with fewer than 6 occupied blocks.
        count: positions that were propagated, (group, delay).
        population: positions of the text that they stand for, (group, delay).
        block_projected: `Ḡ_τ V` of each block, (group, block, delay, state, column); zero where a block is empty.
        block_count: `population` of each block, (group, block, delay).
        modes: k.
        provenance: versions, hashes and settings, as JSON.

    >>> import torch, stategrad as sg
    >>> model = torch.nn.GRU(70, 8).eval()
    >>> result = sg.state_gradients(model, torch.randn(60, 70), delays=4, directions=2, show_progress=False)
    >>> result.right.sizes
    Frozen({'group': 1, 'delay': 4, 'embedding': 70, 'mode': 2})
    """

    projected: xr.DataArray
    basis: xr.DataArray
    outside: xr.DataArray
    p_value: xr.DataArray
    count: xr.DataArray
    population: xr.DataArray
    block_projected: xr.DataArray
    block_count: xr.DataArray
    modes: int
    provenance: str

    @property
    def singular_values(self) -> xr.DataArray:
        """`σ_1 … σ_k` of `Ḡ_τ V`, (group, delay, mode), the largest first: never above those of `Ḡ_τ`."""
        return self.spectrum()["singular_values"]

    @property
    def left(self) -> xr.DataArray:
        """Their directions of state space, (group, delay, state, mode)."""
        return self.spectrum()["left"]

    @property
    def right(self) -> xr.DataArray:
        """Their directions of embedding space, (group, delay, embedding, mode)."""
        return self.spectrum()["right"]

    @property
    def tail(self) -> xr.DataArray:
        """Estimated `‖Ḡ_τ - Ĝ_j‖_F` with Ĝ_j the first j modes, (group, delay, mode): where it is small, more modes say little."""
        squares = np.square(self._decomposed[1])
        behind = np.square(self.outside.values)[..., None] + squares.sum(-1, keepdims=True) - squares.cumsum(-1)
        # the differences of equal numbers are zero to rounding only
        tail = np.sqrt(np.maximum(behind[..., : self.modes], np.square(self.outside.values)[..., None]))
        return self._labelled(tail, "mode")

    @property
    def error(self) -> xr.DataArray:
        """Estimated `‖Ḡ_τ - Ĝ_k‖_F` of all k modes, (group, delay)."""
        return self.tail.isel(mode=-1, drop=True)

    @property
    def energy(self) -> xr.DataArray:
        """Estimated `‖Ḡ_τ‖_F`, (group, delay)."""
        return self._labelled(np.sqrt(np.square(self._decomposed[1]).sum(-1) + np.square(self.outside.values)))

    @property
    def explained(self) -> xr.DataArray:
        """`1 - ‖Ḡ_τ - Ĝ_k‖²_F / ‖Ḡ_τ‖²_F`, the part of the energy of the mean that the k modes hold, estimated, (group, delay)."""
        return 1 - (self.error / self.energy.where(self.energy > 0)) ** 2

    @property
    def groups(self) -> list[str]:
        """The labels of the groups, `"all"` first."""
        return [str(label) for label in self.projected["group"].values]

    @property
    def delays(self) -> list[int]:
        """The delays, in increasing order."""
        return [int(delay) for delay in self.projected["delay"].values]

    def spectrum(self) -> xr.Dataset:
        """`singular_values`, `left` and `right` of the k leading modes, per group and delay, as in `StateGradients.spectrum`."""
        left, values, right = (part[..., : self.modes] for part in self._decomposed)
        return xr.Dataset(
            {
                "singular_values": self._labelled(values, "mode"),
                "left": self._labelled(left, "state", "mode"),
                "right": self._labelled(right, "embedding", "mode"),
            }
        )

    def memory(self, *, level: float = 0.95) -> xr.Dataset:
        """The memory curves, per group and delay.

        `sigma_1` of `Ḡ_τ V`, with `_debiased`, `_cv`, `_low`, `_high`, `_band_low` and `_band_high` as in `StateGradients.memory`,
        which take the basis as given: they cover σ_1 of `Ḡ_τ V` and not what V misses. Where nothing is `detected` there is no
        debiased value and no interval. `sigma_1_at_most` = √(σ_1² + ‖Ḡ(1 - VVᵀ)‖²_F) bounds σ_1 of `Ḡ_τ`. `energy` = ‖Ḡ‖_F and
        `error` = ‖Ḡ - Ĝ_k‖_F, both estimated, and `explained` = 1 - error²/energy², the part of the energy of the mean that the
        k modes hold. The sum of all singular values needs whole gradients.

        Args:
            level: nominal coverage of the intervals.
        """
        sigma_1, outside = self._decomposed[1][..., 0], self.outside.values
        blocks = self.block_projected.transpose(*self._dims, "block", "state", "column").values
        cases = Cases.of(self.projected.values, None, blocks, None, self.block_count.transpose(*self._dims, "block").values)
        estimate = cases.spectrum.estimate(_first, level=level)
        low, high = simultaneous_band(estimate)
        shown = {"debiased": estimate.debiased, "low": estimate.low, "high": estimate.high, "band_low": low, "band_high": high}
        detected = self.p_value <= LEVEL
        columns: dict[str, xr.DataArray] = {"count": self.count, "population": self.population, "sigma_1": self._labelled(sigma_1)}
        columns |= {f"sigma_1_{name}": self._labelled(values).where(detected) for name, values in shown.items()}
        columns["sigma_1_cv"] = self._labelled(_first(cases.spectrum.cross_validated))
        columns["sigma_1_at_most"] = self._labelled(np.hypot(sigma_1, outside))
        columns |= {"detected": detected, "p_value": self.p_value, "energy": self.energy, "error": self.error}
        return xr.Dataset(columns | {"explained": self.explained})

    def track(self, d: Direction | Mapping[str, Direction], n: int | Sequence[int] = 5) -> xr.Dataset:
        """How well one property, or each of several, is kept, as far as the basis tells.

        `relative_memory` m = ‖Ḡ V Vᵀ d‖ / (‖d‖ σ_1), to which what lies outside of the basis adds or takes at most
        `relative_memory_error` = ‖Ḡ (1 - VVᵀ)‖_F ‖(1 - VVᵀ) d‖ / (‖d‖ σ_1); where that is above 0.05 it is `rough`, and
        `directions={name: d}` has the exact gain. `cosine` = ‖V_nᵀ d‖ / ‖d‖ with the n leading modes, and `near_tie` where
        `σ_n / σ_{n+1}` is below 1.05, so that chance decides which directions are the n best.

        Args:
            d: a direction of embedding space or a `Property`; or several by name, which adds a dimension `property`.
            n: how many of the best-remembered directions, or several such numbers, which adds a dimension `n`.

        Raises:
            InvalidInputError: an n below 1 or above k, and what names no direction.

        Source: Verwimp et al. 2018, equations 4, 5 and 7.
        """
        if isinstance(d, Mapping):
            return xr.concat([self.track(one, n) for one in d.values()], pd.Index(list(d), name="property"))
        counts = [n] if isinstance(n, int) else list(n)
        if not counts or min(counts) < 1 or max(counts) > self.modes:
            raise InvalidInputError(f"n is {n}; give a number of modes from 1 to {self.modes}, or ask for more with directions=.")
        vector = checked_direction(np.asarray(getattr(d, "vector", d), dtype=np.float64), self.basis.sizes["embedding"])
        vector = vector / np.linalg.norm(vector)
        _, values, right = self._decomposed
        within = self.basis.values.T @ vector
        missed = np.sqrt(max(0.0, 1 - float(within @ within)))
        doubt = _ratio(self.outside.values * missed, values[..., 0])
        cosine = np.stack([subspace_cosine(right, vector, count) for count in counts], axis=-1)
        near = np.stack([_near_tie(values, count) for count in counts], axis=-1)
        coords = {str(name): self.projected[name] for name in self._dims} | {"n": counts}
        dataset = xr.Dataset(
            {
                "relative_memory": (self._dims, _ratio(np.linalg.norm(self.projected.values @ within, axis=-1), values[..., 0])),
                "relative_memory_error": (self._dims, doubt),
                "rough": (self._dims, doubt > ROUGH),
                "cosine": ((*self._dims, "n"), cosine),
                "near_tie": ((*self._dims, "n"), near),
            },
            coords,
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
        attributes = {"format": FORMAT, "provenance": self.provenance, "modes": self.modes}
        dataset = xr.Dataset({name: getattr(self, name) for name in ARRAYS}, attrs=attributes)
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
        fields: dict[str, Any] = {name: dataset[name].reset_coords(drop=True) for name in ARRAYS}
        return cls(**fields, modes=int(dataset.attrs["modes"]), provenance=dataset.attrs["provenance"])

    @property
    def _dims(self) -> tuple[str, ...]:
        """The dimensions of what is one mean gradient each: group, conditions, delay."""
        return tuple(str(name) for name in self.projected.dims[:-2])

    @cached_property
    def _decomposed(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """U, Σ and V of every `Ḡ_τ V Vᵀ`, as many modes as the basis has."""
        left, values, inner = decompose(self.projected.values)
        return oriented(left, values, self.basis.values @ inner)

    def _labelled(self, values: np.ndarray, *rest: str) -> xr.DataArray:
        coords: dict[str, Any] = {name: self.projected[name].values for name in self._dims}
        if "mode" in rest:
            coords["mode"] = np.arange(1, values.shape[-1] + 1)
        return xr.DataArray(values, dims=(*self._dims, *rest), coords=coords)

    def __repr__(self) -> str:
        state, delays = json.loads(self.provenance)["state"], self.delays
        positions, population = (int(n.values[0].flat[0]) for n in (self.count, self.population))
        share = self.explained.values.reshape(-1, len(delays))[0]
        lines = [
            f"LowRankGradients of the {state['name']} state, layer {state['layer']}",
            f"  modes      {self.modes} of {self.projected.sizes['state']} × {self.basis.sizes['embedding']} (state × embedding)",
            f"  explained  {share[0]:.0%} of the mean's energy at delay {delays[0]}, {share[-1]:.0%} at {delays[-1]} (estimated)",
            f"  positions  {positions:,} of {population:,} in {self.block_count.sizes['block']} blocks",
            f"  delays     {', '.join(map(str, delays)) if len(delays) < 6 else f'{delays[0]} … {delays[-1]}'}",
            f"  groups     {', '.join(self.groups[:8])}{' …' if len(self.groups) > 8 else ''}",
        ]
        return "\n".join(lines)


def _first(values: np.ndarray) -> np.ndarray:
    return values[..., 0]


def _ratio(upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
    return np.divide(upper, lower, out=np.full(np.shape(upper), np.nan), where=lower > 0)


def _near_tie(values: Float[np.ndarray, "*cases mode"], n: int) -> np.ndarray:
    """Whether `σ_n / σ_{n+1}` is below 1.05; there may be no mode n + 1."""
    if n == values.shape[-1]:
        return np.zeros(values.shape[:-1], dtype=bool)
    return np.asarray(values[..., n - 1] < NEAR_TIE * values[..., n])
