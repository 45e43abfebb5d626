"""Whether one model remembers longer than another: differences of their relative curves, with intervals for all of them at once.

    d(τ) = r_a(τ) - r_b(τ),   r(τ) = T(τ) / T(0)

Two models that read the same positions share what is unusual about the blocks: the contributions to the error of d are those of a
less those of b, block by block. On different texts the errors add up. The band (sup-t) holds all differences of a measure together.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from stategrad.errors import InvalidInputError, Problems
from stategrad.gradients.agreement import check_results, same_model, same_positions
from stategrad.gradients.horizons import estimates_of
from stategrad.gradients.result import StateGradients
from stategrad.measures.jackknife import Estimate, check_level, error_of
from stategrad.measures.relative import relative_estimate
from stategrad.measures.simultaneous import simultaneous_band


def compare(a: StateGradients, b: StateGradients, *, relative: bool = True, level: float = 0.95) -> pd.DataFrame:
    """Where the memory curves of two results differ: two models on one text, two states, or one model on two texts.

    A difference holds where `low` and `high` have one sign. It says that these two models differ, not that models trained in two
    ways do: `stack` has what two seeds of one recipe differ by.

    Args:
        a: one result.
        b: another; groups and delays that both have are compared.
        relative: compare curves relative to delay 0. Absolute values depend on the units of embeddings and states, which differ
            between models; with False the two must be results of one model, or both in units `sd` (`result.scale`).
        level: nominal coverage of the intervals of a measure together, over all groups and delays; fewer groups (`sel`) narrow
            them.

    Returns:
        A row per `measure` (`mean` = σ_1, debiased, and `rms`), group (and condition) and delay: the values `a` and `b`, the
        `difference` a - b with its `standard_error`, `low` and `high`, and `paired`, whether the error is that of paired blocks.
        Without an interval where σ_1 of one of the two is not detected, with fewer than 6 blocks, and at delay 0, where relative
        curves are 1.

    Raises:
        InvalidInputError: results that have no group, no delay or not delay 0 in common, of different units or with other
            dimensions; absolute values of two models that are not in units `sd`.

    >>> import torch, stategrad as sg
    >>> x = torch.randn(300, 3)
    >>> a, b = (sg.state_gradients(torch.nn.LSTM(3, 5), x, delays=3, show_progress=False) for _ in range(2))
    >>> table = sg.compare(a, b)
    >>> table[["measure", "delay", "paired"]].values.tolist()[:2]
    [['mean', 0, True], ['mean', 1, True]]
    """
    check_level(level)
    check_results([a, b])
    _check(a, b, relative=relative)
    shared = {name: [label for label in a.mean[name].values.tolist() if label in b.mean[name].values] for name in a._cases}
    a, b = (result.sel(**shared) for result in (a, b))
    paired = same_positions(a, b)
    estimates = [estimates_of(result._arrays, level=level) for result in (a, b)]
    detected = a._arrays.detected & b._arrays.detected
    labels = pd.MultiIndex.from_product(shared.values(), names=list(shared)).to_frame(index=False)
    frames = []
    for measure in estimates[0].keys() & estimates[1].keys():
        one, other = (relative_estimate(each[measure]) if relative else each[measure] for each in estimates)
        columns = _difference(one, other, detected if measure == "mean" else np.ones_like(detected), paired=paired)
        values = {"measure": measure, **{name: labels[name] for name in labels}, **columns}
        frames.append(pd.DataFrame(values).assign(paired=paired))
    return pd.concat(sorted(frames, key=lambda frame: str(frame["measure"].iloc[0])), ignore_index=True)


def _difference(
    a: Estimate, b: Estimate, known: Bool[np.ndarray, "*shape"], *, paired: bool
) -> dict[str, Float[np.ndarray, " value"]]:
    """The columns of one measure, in the order of the flattened groups and delays."""
    a, b = _flat(a), _flat(b)
    if paired:
        contributions, replicates = a.contributions - b.contributions, a.replicates - b.replicates
    else:
        contributions = np.concatenate([a.contributions, -b.contributions])
        replicates = np.concatenate([a.replicates - b.plain, a.plain - b.replicates])
    known = known.ravel() & np.isfinite(a.standard_error + b.standard_error)
    plain, apart = a.plain - b.plain, a.debiased - b.debiased
    error = np.where(known, error_of(contributions, plain - apart if a.correction else None), np.nan)
    difference = Estimate(plain, apart, error, apart - error, apart + error, replicates, contributions, a.level)
    low, high = (np.where(error > 0, end, np.nan) for end in simultaneous_band(difference))
    return {"a": a.debiased, "b": b.debiased, "difference": apart, "standard_error": error, "low": low, "high": high}


def _flat(estimate: Estimate) -> Estimate:
    """Groups and delays in a row."""
    names = ("plain", "debiased", "standard_error", "low", "high")
    single = {name: getattr(estimate, name).ravel() for name in names}
    blocks = {name: getattr(estimate, name) for name in ("replicates", "contributions")}
    return replace(estimate, **single, **{name: values.reshape(len(values), -1) for name, values in blocks.items()})


def _check(a: StateGradients, b: StateGradients, *, relative: bool) -> None:
    if not relative and not same_model(a, b) and not a.units == b.units == "sd":
        raise InvalidInputError(
            "absolute values of two models do not compare: their embeddings and states have units of their own; leave "
            "relative=True, which compares curves relative to delay 0, or scale both results to units sd."
        )
    problems = Problems("a comparison")
    if a._cases != b._cases:
        problems.add(f"the results have other dimensions: {', '.join(a._cases)} and {', '.join(b._cases)}")
    else:
        for name in a._cases:
            own, other = (list(map(str, result.mean[name].values)) for result in (a, b))
            if not set(own) & set(other):
                problems.add(f"the results have no {name} in common: {', '.join(own)} and {', '.join(other)}")
    if relative and not (0 in a.delays and 0 in b.delays):
        problems.add(f"curves are relative to delay 0, and the delays are {a.delays} and {b.delays}; include 0 in both")
    if a.units != b.units:
        problems.add(f"the results have units {a.units} and {b.units}; whiten or scale both alike")
    problems.raise_if_any()
