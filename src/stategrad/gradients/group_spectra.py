"""The result of an analysis of groups without number: for each of them spectra, and no means."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Int

from stategrad.files import replacing
from stategrad.gradients.spectrum_table import SpectrumTable
from stategrad.gradients.storage import read_dataset
from stategrad.measures.spectrum import effective_rank, largest_share

FORMAT = "stategrad spectra 1"
LEVEL = 0.05
MEASURES = ("sigma_1", "sigma_sum")
REQUIRED = ("singular_values", "count", "debiased", "low", "high", "p_value")
OPTIONAL = ("rms", "energy_share")


@dataclass(frozen=True, eq=False, repr=False)
class GroupSpectra:
    """Singular values of the mean gradients of one state, for each of many groups and delays. A group `"all"` is the word all.

    Attributes:
        singular_values: of `Ḡ_τ`, (group, delay, mode), the largest first; float64 if the analysis was, else float32. NaN where
            there is no position, or where gradients explode.
        count: positions, (group, delay).
        debiased: the jackknife's σ_1 and Σσ, (group, delay, measure). NaN for groups of fewer than 20 positions. Where nothing is
            detected it is not to be shown, as `memory` does not.
        low: the lower ends of their 95 % intervals; NaN also with fewer than 6 occupied blocks.
        high: the upper ends.
        p_value: of the sign-flip test that blocks agree on any memory, (group, delay); NaN where there are no intervals.
        rms: `√λ_1(E[GᵀG])`, (group, delay), or None where second moments were not asked for.
        energy_share: `‖Ḡ‖²_F / E‖G‖²_F`, or None likewise.
        provenance: versions, hashes and settings, as JSON.

    >>> import torch, stategrad as sg
    >>> model, words = torch.nn.LSTM(3, 5).eval(), "the cat saw the dog and the dog saw the cat".split()
    >>> result = sg.state_gradients(
    ...     model, torch.randn(11, 3), delays=4, groups=words, keep="spectrum", show_progress=False
    ... )
    >>> result.singular_values.sizes
    Frozen({'group': 5, 'delay': 4, 'mode': 3})
    >>> result.count.sel(group="cat").values
    array([2, 1, 1, 1])
    """

    singular_values: xr.DataArray
    count: xr.DataArray
    debiased: xr.DataArray
    low: xr.DataArray
    high: xr.DataArray
    p_value: xr.DataArray
    rms: xr.DataArray | None
    energy_share: xr.DataArray | None
    provenance: str

    @classmethod
    def from_table(
        cls,
        table: SpectrumTable,
        counts: Int[np.ndarray, "label delay"],
        *,
        labels: Sequence[str],
        delays: Int[np.ndarray, " delay"],
        second_moment: bool,
        provenance: str,
    ) -> GroupSpectra:
        """Label what the analysis kept."""
        coords = {"group": list(labels), "delay": delays, "measure": list(MEASURES)}

        def labelled(values: np.ndarray, *dims: str) -> xr.DataArray:
            names = ("group", "delay", *dims)
            return xr.DataArray(values, dims=names, coords={name: coords[name] for name in names if name in coords})

        values = labelled(table.singular_values, "mode")
        return cls(
            singular_values=values.assign_coords(mode=np.arange(1, values.sizes["mode"] + 1)),
            count=labelled(counts),
            debiased=labelled(table.debiased, "measure"),
            low=labelled(table.low, "measure"),
            high=labelled(table.high, "measure"),
            p_value=labelled(table.p_value),
            rms=labelled(table.rms) if second_moment else None,
            energy_share=labelled(table.energy_share) if second_moment else None,
            provenance=provenance,
        )

    @property
    def units(self) -> str:
        """`paper2018` (the space of the embeddings) or `csl2020` (whitened: the spectra are those of `Ḡ D`)."""
        return str(json.loads(self.provenance)["settings"].get("units", "paper2018"))

    @property
    def groups(self) -> tuple[str, ...]:
        """The labels, sorted."""
        return tuple(map(str, self.singular_values["group"].values))

    @property
    def delays(self) -> tuple[int, ...]:
        """The delays, in increasing order."""
        return tuple(map(int, self.singular_values["delay"].values))

    def memory(self) -> xr.Dataset:
        """The memory curves, in the columns of `StateGradients.memory`, per group and delay.

        `sigma_1` and `sigma_sum` (the paper's figure 1) with their `_debiased`, `_low` and `_high`, which are NaN where nothing is
        `detected` at 5 %; there the plain value is an upper bound. `selectivity` = σ_1/Σσ, `effective_rank`, and where second
        moments were asked for `rms` and `energy_share`.
        """
        values = self.singular_values.values.astype(np.float64)
        detected = self.p_value <= LEVEL
        dataset = xr.Dataset({"count": self.count})
        for measure, plain in zip(MEASURES, (values[..., 0], values.sum(-1)), strict=True):
            dataset[measure] = (("group", "delay"), plain)
            for suffix, bound in (("debiased", self.debiased), ("low", self.low), ("high", self.high)):
                dataset[f"{measure}_{suffix}"] = bound.sel(measure=measure, drop=True).where(detected)
        dataset["detected"] = detected
        dataset["selectivity"] = (("group", "delay"), largest_share(values))
        dataset["effective_rank"] = (("group", "delay"), effective_rank(values))
        kept = {"rms": self.rms, "energy_share": self.energy_share}
        return dataset.assign({name: column for name, column in kept.items() if column is not None})

    def to_dataframe(self) -> pd.DataFrame:
        """The memory curves as a tidy table: a row per group and delay, a column per measure."""
        return self.memory().to_dataframe().reset_index()

    def save(self, path: str | Path) -> None:
        """Write the result to a netCDF-4 file, whole or not at all.

        Args:
            path: of the file, by custom `*.nc`.
        """
        arrays = {name: getattr(self, name) for name in (*REQUIRED, *OPTIONAL) if getattr(self, name) is not None}
        dataset = xr.Dataset(arrays, attrs={"format": FORMAT, "provenance": self.provenance})
        with replacing(Path(path)) as temporary:
            dataset.to_netcdf(temporary, engine="h5netcdf")

    @classmethod
    def load(cls, path: str | Path) -> GroupSpectra:
        """Read a result that `save` wrote. Nothing in the file is executed.

        Raises:
            MissingInputError: no such file.
            InvalidInputError: a truncated file, or one that holds something else.
        """
        dataset = read_dataset(Path(path), FORMAT)
        fields: dict[str, Any] = {name: dataset.get(name) for name in (*REQUIRED, *OPTIONAL)}
        return cls(**fields, provenance=dataset.attrs["provenance"])

    def __repr__(self) -> str:
        state = json.loads(self.provenance)["state"]
        delays, groups = self.delays, self.groups
        tested = int(self.p_value.notnull().any("delay").sum())
        largest = np.argsort(-self.count.values[:, 0], kind="stable")[:8]
        lines = [
            f"GroupSpectra of the {state['name']} state, layer {state['layer']}",
            f"  groups     {len(groups):,}: {', '.join(groups[row] for row in largest)}{' …' if len(groups) > 8 else ''}",
            f"  positions  {int(self.count.values[:, 0].sum()):,}; {tested:,} groups with intervals",
            f"  delays     {', '.join(map(str, delays)) if len(delays) < 6 else f'{delays[0]} … {delays[-1]}'}",
            f"  modes      {self.singular_values.sizes['mode']}",
        ]
        lines += ["  units      csl2020: whitened embedding space"] if self.units == "csl2020" else []
        return "\n".join(lines)
