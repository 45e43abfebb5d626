"""Several models of one recipe as one result: the mean curve over seeds, and how much of each curve is the seed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from stategrad.errors import InvalidInputError, Problems
from stategrad.files import replacing
from stategrad.gradients.agreement import check_one_recipe, check_results, facts_of, same_positions
from stategrad.gradients.horizons import estimates_of
from stategrad.gradients.result import StateGradients
from stategrad.gradients.storage import read_dataset
from stategrad.measures.jackknife import Estimate, check_level
from stategrad.measures.refits import own_variance, variance_parts
from stategrad.measures.relative import relative_estimate

FORMAT = "stategrad stack 1"
VALUES = ("absolute", "relative")


@dataclass(frozen=True, eq=False)
class StackedMemory:
    """Memory curves of several models of one recipe, read on one text.

    Attributes:
        curves: an `xarray.Dataset` with the dimensions `measure` (`mean` = σ_1, debiased, and `rms`), `values` (`absolute`, and
            `relative` to delay 0, the only ones that compare across models), group (and conditions) and delay:
            `value` and `error` (its standard error over texts), with the dimension of the models too;
            `mean`, `mean_low`, `mean_high`, the mean over models with its t-interval, which leaves out the text that they share;
            `another_low` and `another_high`, where one more model of the recipe lies in 95 %;
            `between_variance`, between models, less what their texts explain, unbiased and negative where there is
            nothing more, and `between_sd`, its root or 0; `text_sd`, of one model over texts of this length;
            `refit_floor`, what two models of the recipe stay within in 95 % of pairs on a text of this length.
            NaN where σ_1 of any model is not detected; `value` is then still that of the others.
        dim: the name of the dimension of the models.
        level: nominal coverage of the interval and of the floor.
        same_positions: whether all read the same positions, so that what is unusual about the text cancels between them.
        provenance: of every model, as a JSON list.
    """

    curves: xr.Dataset
    dim: str
    level: float
    same_positions: bool
    provenance: str

    @property
    def labels(self) -> list[str]:
        """The models, in their order."""
        return [str(label) for label in self.curves[self.dim].values]

    def to_dataframe(self) -> pd.DataFrame:
        """A row per measure, kind of values, group, delay and model; what holds for all models stands in each of their rows."""
        return self.curves.to_dataframe().reset_index()

    def save(self, path: str | Path) -> None:
        """Write the curves to a netCDF-4 file, whole or not at all.

        Args:
            path: of the file, by custom `*.nc`.
        """
        attributes = {"format": FORMAT, "provenance": self.provenance, "dim": self.dim, "level": self.level}
        dataset = self.curves.assign_attrs(attributes | {"same_positions": int(self.same_positions)})
        with replacing(Path(path)) as temporary:
            dataset.to_netcdf(temporary, engine="h5netcdf")

    @classmethod
    def load(cls, path: str | Path) -> StackedMemory:
        """Read what `save` wrote. Nothing in the file is executed.

        Raises:
            MissingInputError: no such file.
            InvalidInputError: a truncated file, or one that holds something else.
        """
        dataset = read_dataset(Path(path), FORMAT)
        facts = dataset.attrs
        return cls(
            dataset.drop_attrs(), str(facts["dim"]), float(facts["level"]), bool(facts["same_positions"]), str(facts["provenance"])
        )

    def __repr__(self) -> str:
        delays = self.curves["delay"].values
        lines = [
            f"StackedMemory of {len(self.labels)} models, by {self.dim}",
            f"  {self.dim:<9}  {', '.join(self.labels[:8])}{' …' if len(self.labels) > 8 else ''}",
            f"  measures   {', '.join(map(str, self.curves['measure'].values))}",
            f"  delays     {delays[0]} … {delays[-1]}",
            f"  positions  {'the same' if self.same_positions else 'not known to be the same'} for all",
        ]
        return "\n".join(lines)


def stack(
    results: Sequence[StateGradients], dim: str = "seed", *, labels: Sequence[str] | None = None, level: float = 0.95
) -> StackedMemory:
    """Put models of one recipe together: how much of each curve is the recipe, and how much the seed.

    Args:
        results: of models that were trained alike from different seeds, measured alike on one text; two or more.
        dim: the name of their dimension.
        labels: of each; default: `"1"`, `"2"`, ….
        level: nominal coverage of the interval over seeds, and of the refit floor.

    Raises:
        InvalidInputError: fewer than 2 results, no delay 0, or results with other delays, groups, states, settings or texts, or
            of one model, all named at once.

    >>> import torch, stategrad as sg
    >>> models = [torch.nn.LSTM(3, 5) for _ in range(3)]
    >>> x = torch.randn(200, 3)
    >>> stacked = sg.stack([sg.state_gradients(model, x, delays=3, show_progress=False) for model in models])
    >>> dict(stacked.curves.sizes)
    {'measure': 2, 'values': 2, 'seed': 3, 'group': 1, 'delay': 3}
    """
    check_level(level)
    check_results(results)
    names = [str(number) for number in range(1, len(results) + 1)] if labels is None else [str(label) for label in labels]
    problems = Problems("a stack")
    if len(results) < 2:
        problems.add(f"{len(results)} result has no spread over seeds; give two or more")
    if len(names) != len(results) or len(set(names)) < len(names):
        problems.add(f"labels are {', '.join(names)} for {len(results)} results; give each its own")
    if results and (dim in (*results[0]._cases, "measure", "values") or not dim):
        problems.add(f"dim is '{dim}', which the curves have already; give another name, such as 'seed'")
    problems.raise_if_any()
    check_one_recipe(results, names)
    if 0 not in results[0].delays:
        raise InvalidInputError(f"curves are relative to delay 0, and the delays are {results[0].delays}; include 0.")
    paired = all(same_positions(results[0], other) for other in results[1:])
    estimates = [_estimates(result, level) for result in results]
    measures = [name for name in estimates[0] if all(name in one for one in estimates)]
    coords = {name: results[0].mean[name].values for name in results[0]._cases} | {dim: names}

    def dataset(measure: str, kind: str) -> xr.Dataset:
        columns = _columns([one[measure][kind] for one in estimates], paired, level)
        own = {name: ((dim,) if name in ("value", "error") else ()) for name in columns}
        variables = {name: ((*own[name], *results[0]._cases), column) for name, column in columns.items()}
        return xr.Dataset(variables, coords)

    of_measures = [xr.concat([dataset(measure, kind) for kind in VALUES], pd.Index(VALUES, name="values")) for measure in measures]
    curves = xr.concat(of_measures, pd.Index(measures, name="measure"))
    return StackedMemory(curves, dim, level, paired, json.dumps([facts_of(result) for result in results]))


def _estimates(result: StateGradients, level: float) -> dict[str, dict[str, Estimate]]:
    """The estimates of each measure, absolute and relative; NaN where the mean is not detected."""
    cases = result._arrays
    found = {}
    for measure, estimate in estimates_of(cases, level=level).items():
        if measure == "mean":
            unseen = ~cases.detected
            estimate = replace(
                estimate,
                debiased=np.where(unseen, np.nan, estimate.debiased),
                standard_error=np.where(unseen, np.nan, estimate.standard_error),
            )
        found[measure] = {"absolute": estimate, "relative": relative_estimate(estimate)}
    return found


def _columns(estimates: Sequence[Estimate], paired: bool, level: float) -> dict[str, np.ndarray]:
    """What `StackedMemory.curves` holds of one measure."""
    values, errors = (np.stack([getattr(one, name) for one in estimates]) for name in ("debiased", "standard_error"))
    own = own_variance(np.stack([one.contributions for one in estimates])) if paired else np.square(errors)
    parts = variance_parts(values, errors, own, level=level)
    return {
        "value": values,
        "error": errors,
        "mean": parts.mean,
        "mean_low": parts.low,
        "mean_high": parts.high,
        "another_low": parts.another_low,
        "another_high": parts.another_high,
        "between_variance": parts.between_variance,
        "between_sd": parts.between_sd,
        "text_sd": parts.text_sd,
        "refit_floor": parts.refit_floor,
    }
