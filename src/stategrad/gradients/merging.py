"""More positions of one analysis: results of parts of a text, or of several texts, as one.

    Ḡ = Σ_r N_r Ḡ_r / Σ_r N_r

over results r that stand for N_r positions each; the same block by block, and of `E[GᵀG]`. Blocks of one text are the same blocks
in all results of it. A text is known by the hash of its inputs.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from stategrad.errors import InvalidInputError, Problems
from stategrad.gradients.covered import joined

if TYPE_CHECKING:
    from stategrad.gradients.result import StateGradients

Facts = dict[str, Any]
SETTINGS = {"precision", "keep", "directions"}
"""Those that the results must share; a sample, its seed and the blocks are each result's own."""


def merged_fields(results: Sequence[StateGradients]) -> dict[str, Any]:
    """The fields of the `StateGradients` that `StateGradients.merge` returns; its docstring has the rules."""
    from stategrad.gradients.agreement import check_results, facts_of

    if not isinstance(results, Iterable):
        raise InvalidInputError(f"received one {type(results).__name__}; give a list of results.")
    results = list(results)
    if not results:
        raise InvalidInputError("there is nothing to merge; give at least one result.")
    check_results(results)
    facts = [facts_of(result) for result in results]
    _check(results, facts)
    texts: dict[str, Facts] = {}
    for one in facts:
        texts |= {text["sha256"]: text for text in _texts(one) if text["sha256"] not in texts}
    numbers = {sha256: number for number, sha256 in enumerate(texts)}
    starts = np.cumsum([0, *(text["blocks"] for text in texts.values())])
    parts, slots = [], []
    for result, one in zip(results, facts, strict=True):
        own = [numbers[text["sha256"]] for text in _texts(one)]
        assert result.covered is not None
        stretches = result.covered.values.copy()
        stretches[:, 0] = np.array(own)[stretches[:, 0]]
        parts.append(stretches)
        slots.append(np.concatenate([np.arange(starts[number], starts[number + 1]) for number in own]))
    covered, shared = joined(parts)
    if shared:
        raise InvalidInputError(
            f"{shared:,} positions are in more than one of the results, and would count twice; give each a part of the text of its "
            "own (where=), or ask for one larger sample."
        )
    first = results[0]
    return {
        **_averages(results, slots, int(starts[-1])),
        "embeddings": first.embeddings,
        "whitening": None,
        "provenance": json.dumps(_provenance(facts, list(texts.values()))),
        "covered": covered,
    }


def _texts(facts: Facts) -> list[Facts]:
    """The texts behind a result, each with its blocks, in the order of its blocks."""
    settings = facts["settings"]
    own = facts["inputs"] | {"blocks": settings["blocks"], "positions": settings["population"], "cut": facts.get("cut")}
    texts: list[Facts] = facts["inputs"].get("texts") or [own]
    return texts


def _averages(results: Sequence[StateGradients], slots: Sequence[np.ndarray], blocks: int) -> dict[str, xr.DataArray | None]:
    """The arrays, from those of the results and the numbers that their blocks get."""
    first = results[0]
    axis = first.block_count.dims.index("block")
    empty = [size if name != "block" else blocks for name, size in first.block_count.sizes.items()]
    block_count = np.zeros(empty, dtype=first.block_count.dtype)

    def place(slot: np.ndarray) -> tuple[Any, ...]:
        return (*[slice(None)] * axis, slot)

    for result, slot in zip(results, slots, strict=True):
        block_count[place(slot)] += result.block_count.values

    def averaged(name: str) -> xr.DataArray | None:
        arrays = [getattr(result, name) for result in results]
        if any(array is None for array in arrays):
            return None
        total, positions = np.zeros(arrays[0].shape), np.zeros(first.mean.shape[:-2])
        for array, result in zip(arrays, results, strict=True):
            weight = result.block_count.values.sum(axis)
            # a result without a position there is NaN, and weighs nothing
            total += np.where(weight[..., None, None] > 0, array.values, 0.0) * weight[..., None, None]
            positions += weight
        return arrays[0].copy(data=np.divide(total, positions[..., None, None], out=np.full(total.shape, np.nan),
                                             where=positions[..., None, None] > 0))  # fmt: skip

    def averaged_blocks(name: str) -> xr.DataArray | None:
        arrays = [getattr(result, name) for result in results]
        if any(array is None for array in arrays):
            return None
        total = np.zeros((*empty, *arrays[0].shape[-2:]))
        for array, result, slot in zip(arrays, results, slots, strict=True):
            total[place(slot)] += array.values * result.block_count.values[..., None, None]
        total /= np.maximum(block_count, 1)[..., None, None]
        return _relabelled(arrays[0], total, blocks)

    return {
        "mean": averaged("mean"),
        "second_moment": averaged("second_moment"),
        "block_mean": averaged_blocks("block_mean"),
        "block_second_moment": averaged_blocks("block_second_moment"),
        "block_count": _relabelled(first.block_count, block_count, blocks),
        "count": first.count.copy(data=sum(result.count.values for result in results)),
        "population": first.population.copy(data=sum(result.population.values for result in results)),
    }


def _relabelled(like: xr.DataArray, values: np.ndarray, blocks: int) -> xr.DataArray:
    """Values with the names of an array of other blocks."""
    coords = {name: coord for name, coord in like.coords.items() if name != "block"}
    return xr.DataArray(values, dims=like.dims, coords=coords | {"block": np.arange(blocks)})


def _provenance(facts: Sequence[Facts], texts: list[Facts]) -> Facts:
    """That of the first result, with every text and what the results do not share."""
    inputs = facts[0]["inputs"]
    if len(texts) > 1:
        digest = hashlib.sha256("".join(text["sha256"] for text in texts).encode()).hexdigest()
        names = list(dict.fromkeys(str(text["name"]) for text in texts if text["name"] is not None))
        inputs = {"name": ", ".join(names) or None, "sha256": digest, "texts": texts}
    settings = dict(facts[0]["settings"])
    for name in ("seed", "sample"):
        values = [one["settings"].get(name) for one in facts]
        settings[name] = values[0] if all(value == values[0] for value in values) else values
    settings["blocks"] = sum(text["blocks"] for text in texts)
    settings["population"] = sum(text["positions"] for text in texts)
    return facts[0] | {"inputs": inputs, "settings": settings}


def _check(results: Sequence[StateGradients], facts: Sequence[Facts]) -> None:
    """Raise one `InvalidInputError` that names all that keeps results from being parts of one analysis."""
    problems = Problems("results to be merged")
    seen: dict[str, tuple[int, Facts]] = {}
    first, ours = results[0], facts[0]
    for number, (result, theirs) in enumerate(zip(results, facts, strict=True), 1):
        name = f"result {number}"
        if result.whitening is not None:
            problems.add(f"{name} has units {result.units}; merge the results that they were made from, then whiten or scale")
        if result.covered is None:
            problems.add(f"{name} does not say which positions it stands for, as older files do not; compute it again")
            continue
        if theirs["model"]["sha256"] is None:
            problems.add(f"{name} is of a step function, and whether two are one cannot be told; pass a torch.nn.Module")
        elif theirs["model"]["sha256"] != ours["model"]["sha256"]:
            problems.add(f"{name} is of another model than result 1")
        if theirs["state"] != ours["state"]:
            problems.add(f"{name} is of state {_state(theirs)}, result 1 of {_state(ours)}")
        for dimension in dict.fromkeys((*first._cases, *result._cases)):
            own, other = (part.mean[dimension].values.tolist() if dimension in part._cases else None for part in (result, first))
            if own != other:
                problems.add(f"{name} has {dimension} {_listed(own)}, result 1 {_listed(other)}")
        for setting in sorted(SETTINGS):
            own, other = (one["settings"].get(setting) for one in (theirs, ours))
            if own != other:
                problems.add(f"{name} has {setting} = {own}, result 1 {other}")
        if (result.second_moment is None) != (first.second_moment is None):
            problems.add("second moments were kept in some results only; compute all with, or all without them")
        for text in _texts(theirs):
            before, same = seen.setdefault(text["sha256"], (number, text))
            if text["cut"] != same["cut"]:
                problems.add(
                    f"result {before} and {name} read one text with other blocks, groups, at, segments or initial states; give "
                    "both the same"
                )
    problems.raise_if_any()


def _state(facts: Facts) -> str:
    return f"{facts['state']['name']} of layer {facts['state']['layer']}"


def _listed(values: list[Any] | None) -> str:
    if values is None:
        return "missing"
    return ", ".join(map(str, values[:8])) + (" …" if len(values) > 8 else "")
