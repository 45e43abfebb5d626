"""Single columns of mean gradients: what the state keeps of a few directions of embedding space, without the others.

    Ḡ_τ d = mean of G_{t,τ} d,   r = ‖Ḡ_τ d‖ / ‖d‖

One tangent per direction is propagated, instead of one per dimension of the input: for models whose embeddings or states are
too large for whole gradients, and for properties that are known beforehand.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Float

from stategrad.errors import InvalidInputError, Problems
from stategrad.files import replacing
from stategrad.gradients.curves import Cases, memory_columns
from stategrad.gradients.result import StateGradients
from stategrad.gradients.storage import read_dataset
from stategrad.measures.properties import Property, vector_of

Direction = Property | Float[np.ndarray, " embedding"]
FORMAT = "stategrad directions 1"
ARRAYS = ("mean", "count", "population", "block_mean", "block_count", "second_moment", "block_second_moment")
RENAMED = {"embedding": "direction", "embedding_": "direction_"}
OF_SEVERAL_MODES = ("sigma_sum", "selectivity", "effective_rank")


@dataclass(frozen=True, eq=False, repr=False)
class DirectionalGradients:
    """Columns of the mean gradients of one state, one per direction.

    Conditions on the state's position stand between group and delay, as in `StateGradients`.

    Attributes:
        mean: `Ḡ_τ d`, (group, delay, state, direction). NaN where there is no position, or where gradients explode.
        count: positions that were propagated, (group, delay).
        population: positions of the text that they stand for, (group, delay).
        block_mean: `Ḡ_τ d` of each block, (group, block, delay, state, direction); zero where a block is empty.
        block_count: `population` of each block, (group, block, delay).
        second_moment: `E[(G d)ᵀ (G d')]`, (group, delay, direction, direction_), or None where it was not kept.
        block_second_moment: the same of each block.
        directions: the vectors d, (direction, embedding).
        provenance: versions, hashes and settings, as JSON.

    >>> import numpy as np, torch, stategrad as sg
    >>> model = torch.nn.LSTM(3, 5).eval()
    >>> result = sg.state_gradients(
    ...     model, torch.randn(40, 3), delays=4, directions={"first": np.eye(3)[0]}, show_progress=False
    ... )
    >>> result.mean.sizes
    Frozen({'group': 1, 'delay': 4, 'state': 5, 'direction': 1})
    """

    mean: xr.DataArray
    count: xr.DataArray
    population: xr.DataArray
    block_mean: xr.DataArray
    block_count: xr.DataArray
    second_moment: xr.DataArray | None
    block_second_moment: xr.DataArray | None
    directions: xr.DataArray
    provenance: str

    @classmethod
    def from_columns(cls, result: StateGradients, directions: xr.DataArray) -> DirectionalGradients:
        """Label a result whose columns are directions.

        Args:
            result: what the engine makes of tangents that start as the rows of `directions`.
            directions: (direction, embedding).
        """
        names = directions["direction"].values

        def labelled(array: xr.DataArray | None) -> Any:
            if array is None:
                return None
            array = array.rename({old: new for old, new in RENAMED.items() if old in array.dims})
            return array.assign_coords({name: names for name in RENAMED.values() if name in array.dims})

        arrays = {name: labelled(getattr(result, name)) for name in ARRAYS}
        return cls(**arrays, directions=directions, provenance=result.provenance)

    @property
    def groups(self) -> list[str]:
        """The labels of the groups, `"all"` first."""
        return [str(label) for label in self.mean["group"].values]

    @property
    def delays(self) -> list[int]:
        """The delays, in increasing order."""
        return [int(delay) for delay in self.mean["delay"].values]

    def memory(self) -> xr.Dataset:
        """The memory curves of the directions, per group, direction and delay.

        `gain` is r = ‖Ḡ_τ d‖ / ‖d‖ (eq. 5), with `_debiased`, `_cv`, `_low`, `_high`, `_band_low`, `_band_high` and `_floor` as
        `σ_1` has them in `StateGradients.memory`, and `detected`, of this column alone. Where second moments were kept, the `rms`
        √E‖G d‖² / ‖d‖, which signs cannot cancel, and the `energy_share` ‖Ḡ d‖² / E‖G d‖². The relative memory m = r / σ_1 needs
        whole gradients.

        Source: Verwimp et al. 2018, equation 5.
        """
        conditions = [str(name) for name in self.mean.dims[1:-3]]
        dims = ("group", *conditions, "direction", "delay")
        counts = self.block_count.expand_dims(direction=self.directions["direction"].values).transpose(*dims, "block")
        cases = Cases.of(
            mean=self._column(self.mean, *dims, "state"),
            second_moment=self._square(self.second_moment, *dims),
            block_mean=self._column(self.block_mean, *dims, "block", "state"),
            block_second_moment=self._square(self.block_second_moment, *dims, "block"),
            block_count=counts.values,
        )
        with np.errstate(invalid="ignore"):  # the share of no energy, of a direction that the state never reads, is NaN
            columns = memory_columns(cases)
        kept = {
            name.replace("sigma_1", "gain"): (dims, values)
            for name, values in columns.items()
            if not name.startswith(OF_SEVERAL_MODES)
        }
        return xr.Dataset({"count": self.count} | kept, {name: self.mean[name] for name in dims})

    @property
    def _lengths(self) -> xr.DataArray:
        return self.directions.copy(data=self.directions.values**2).sum("embedding") ** 0.5

    def _column(self, moment: xr.DataArray, *dims: str) -> np.ndarray:
        """`Ḡ d / ‖d‖` as gradients (…, state, 1)."""
        return (moment / self._lengths).transpose(*dims).values[..., None]

    def _square(self, moment: xr.DataArray | None, *dims: str) -> np.ndarray | None:
        """`E‖G d‖² / ‖d‖²` as second moments (…, 1, 1)."""
        if moment is None:
            return None
        own = moment.isel(direction_=0, drop=True).copy(data=np.einsum("...dd->...d", moment.values))
        return (own / self._lengths**2).transpose(*dims).values[..., None, None]

    def to_dataframe(self) -> pd.DataFrame:
        """The memory curves as a tidy table: a row per group, direction and delay, a column per measure."""
        return self.memory().to_dataframe().reset_index()

    def save(self, path: str | Path) -> None:
        """Write the result to a netCDF-4 file, whole or not at all.

        Args:
            path: of the file, by custom `*.nc`.
        """
        arrays = {name: getattr(self, name) for name in (*ARRAYS, "directions") if getattr(self, name) is not None}
        dataset = xr.Dataset(arrays, attrs={"format": FORMAT, "provenance": self.provenance})
        with replacing(Path(path)) as temporary:
            dataset.to_netcdf(temporary, engine="h5netcdf")

    @classmethod
    def load(cls, path: str | Path) -> DirectionalGradients:
        """Read a result that `save` wrote. Nothing in the file is executed.

        Raises:
            MissingInputError: no such file.
            InvalidInputError: a truncated file, or one that holds something else.
        """
        dataset = read_dataset(Path(path), FORMAT)
        fields: dict[str, Any] = {name: dataset.get(name) for name in (*ARRAYS, "directions")}
        return cls(**fields, provenance=dataset.attrs["provenance"])

    def __repr__(self) -> str:
        state, sizes = json.loads(self.provenance)["state"], self.mean.sizes
        positions, population = (int(n.values[0].flat[0]) for n in (self.count, self.population))
        names, delays = [str(name) for name in self.directions["direction"].values], self.delays
        lines = [
            f"DirectionalGradients of the {state['name']} state, layer {state['layer']}",
            f"  columns    {sizes['state']} × {sizes['direction']} (state × direction)",
            f"  directions {', '.join(names[:8])}{' …' if len(names) > 8 else ''}",
            f"  positions  {positions:,} of {population:,} in {self.block_count.sizes['block']} blocks",
            f"  delays     {', '.join(map(str, delays)) if len(delays) < 6 else f'{delays[0]} … {delays[-1]}'}",
            f"  groups     {', '.join(self.groups[:8])}{' …' if len(self.groups) > 8 else ''}",
        ]
        return "\n".join(lines)


def columns_of(directions: Any, size: int) -> xr.DataArray:
    """Read a user's directions, as (direction, embedding).

    Args:
        directions: `{name: Property or vector}`.
        size: E.

    Raises:
        InvalidInputError: no mapping, an empty one, and every vector that names no direction of E dimensions.
    """
    if not isinstance(directions, Mapping) or not directions:
        raise InvalidInputError(
            f"directions is {directions!r}; give a number of leading modes, or a mapping of names to properties or vectors of "
            f"{size} numbers."
        )
    vectors = {str(name): vector_of(d) for name, d in directions.items()}
    problems = Problems("directions")
    for name, vector in vectors.items():
        if vector.shape != (size,):
            problems.add(f"direction '{name}' has shape {vector.shape}; the embeddings have {size} dimensions")
        elif not np.isfinite(vector).all() or not vector.any():
            problems.add(f"direction '{name}' is the zero vector or has values that are not finite; it names no direction")
    problems.raise_if_any()
    return xr.DataArray(np.stack(list(vectors.values())), dims=("direction", "embedding"), coords={"direction": list(vectors)})
