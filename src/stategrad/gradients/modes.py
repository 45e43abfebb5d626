"""The k leading modes of mean gradients: both sketches of every group, block and delay, and what is made of them.

    Y_τ = Ḡ_τ Ω   by tangents that start as the columns of Ω,   W_τ = Ψ Ḡ_τ   by cotangents that start as the rows of Ψ

Memory holds `p H + (q + s) E` numbers per group, block and delay, where whole gradients are `H E`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
import xarray as xr
from jaxtyping import Float
from torch import Tensor
from tqdm.auto import tqdm

from stategrad.cells.network import Network, StateKey
from stategrad.errors import Problems
from stategrad.gradients.adjoint import accumulate_products
from stategrad.gradients.curves import Cases
from stategrad.gradients.engine import accumulate
from stategrad.gradients.low_rank import LowRankGradients
from stategrad.gradients.moments import Moments
from stategrad.gradients.request import Request
from stategrad.gradients.result import StateGradients
from stategrad.measures.jackknife import jackknife
from stategrad.measures.sketching import SketchSizes, gaussian_tests, largest_singular_value, leading_modes

Provenance = Callable[[StateKey], str]


def low_rank_gradients(
    request: Request, modes: int, seed: int, provenance: Provenance, *, show_progress: bool
) -> dict[StateKey, LowRankGradients]:
    """The modes of every wanted state.

    Args:
        request: the analysis of whole gradients; here only products of them are propagated.
        modes: k.
        seed: of the test matrices.
        provenance: of a state's result, as JSON.
        show_progress: show a progress bar, of positions in each of the passes.
    """
    network, sizes = request.network, SketchSizes.of(modes)
    tests = {key: gaussian_tests(sizes, network.state_size(key), network.embedding_size, seed) for key in request.keys}
    start = _tensor(next(iter(tests.values()))[0].T, network)  # the same for every state
    total = len(request.positions.used) * (1 + len(request.keys))
    with tqdm(total=total, desc="leading modes", unit="position", disable=not show_progress) as bar:
        forward = accumulate(replace(request, start=start, second_moment=False), {}, bar.update)
        results = {}
        for key, (_, rows) in tests.items():
            backward = accumulate_products(request, key, _tensor(rows, network), bar.update)
            columns, products = (_labelled(sums, request, provenance(key)) for sums in (forward[key], backward))
            results[key] = _result(columns, products, rows, sizes, modes)
    return results


def check_modes(
    modes: int, network: Network, keys: Sequence[StateKey], *, sample: object, workers: int, checkpoint_path: object
) -> None:
    """Refuse a number of modes that there are not, or that whole gradients have for less, and what needs whole gradients.

    Raises:
        InvalidInputError: all that is wrong.
    """
    E, H = network.embedding_size, min(network.state_size(key) for key in keys)
    problems = Problems("directions")
    if not 1 <= modes <= min(E, H):
        problems.add(f"directions is {modes}; gradients of {H} × {E} (state × embedding) have 1 to {min(E, H)} modes")
    elif (total := SketchSizes.of(modes).total) >= E:
        problems.add(
            f"directions={modes} takes {total} products with each gradient and there are {E} columns; leave directions out, whole "
            "gradients cost less and are exact"
        )
    if isinstance(sample, str):
        problems.add("sample='auto' looks at whole gradients, which directions=k has not; give a number of positions")
    if workers > 1:
        problems.add("directions=k runs in one process; leave workers out")
    if checkpoint_path is not None:
        problems.add("directions=k keeps no checkpoint; leave checkpoint_path out")
    problems.raise_if_any()


def _tensor(values: Float[np.ndarray, "row size"], network: Network) -> Float[Tensor, "row size"]:
    return torch.from_numpy(np.ascontiguousarray(values)).to(network.device, network.dtype)


def _labelled(sums: Moments, request: Request, provenance: str) -> StateGradients:
    """Means of products, as of gradients of another shape."""
    return StateGradients.from_moments(
        sums,
        request.positions,
        labels=request.groups.labels,
        delays=request.delays,
        conditions=request.conditions.dims,
        embeddings=None,
        provenance=provenance,
    )


def _result(
    columns: StateGradients, products: StateGradients, tests: Float[np.ndarray, "row state"], sizes: SketchSizes, modes: int
) -> LowRankGradients:
    """Modes and intervals from the means of `G Ω` and of `(Ψ G)ᵀ`."""
    sketches = columns.mean.values, np.swapaxes(products.mean.values, -1, -2)
    found = leading_modes(*sketches, tests, sizes)
    dims = columns.mean.dims[:-2]
    coords: dict[str, Any] = {str(name): columns.mean[name].values for name in dims} | {"mode": np.arange(1, modes + 1)}

    def labelled(values: np.ndarray, *rest: str) -> xr.DataArray:
        names = (*map(str, dims), *rest)
        return xr.DataArray(values, dims=names, coords={name: coords[name] for name in names if name in coords})

    following = found.values[..., modes] if found.values.shape[-1] > modes else np.zeros(found.energy.shape)
    with np.errstate(divide="ignore", invalid="ignore"):  # beyond the last mode the gap is infinite
        gap = found.values[..., modes - 1] / following
    return LowRankGradients(
        singular_values=labelled(found.values[..., :modes], "mode"),
        left=labelled(found.left[..., :modes], "state", "mode"),
        right=labelled(found.right[..., :modes], "embedding", "mode"),
        tail=labelled(found.tail[..., :modes], "mode"),
        energy=labelled(found.energy),
        gap=labelled(gap),
        **{name: labelled(values) for name, values in _intervals(columns, products, tests, sizes).items()},
        count=columns.count,
        population=columns.population,
        provenance=columns.provenance,
    )


def _intervals(
    columns: StateGradients, products: StateGradients, tests: Float[np.ndarray, "row state"], sizes: SketchSizes
) -> dict[str, np.ndarray]:
    """What the blocks say of `σ_1`: both sketches of a block are one vector, of which all blocks together have the mean."""
    dims = (*columns.mean.dims[:-2], "block")
    shape, other = columns.mean.shape[-2:], products.mean.shape[-2:]
    packed = np.concatenate(
        [
            moments.transpose(*dims, *moments.dims[-2:]).values.reshape(*counts.shape, 1, -1)
            for moments in (columns.block_mean, products.block_mean)
            for counts in [columns.block_count.transpose(*dims)]
        ],
        axis=-1,
    )
    cases = Cases.of(packed.sum(-3), None, packed, None, columns.block_count.transpose(*dims).values)

    def sigma_1(vectors: np.ndarray) -> np.ndarray:
        first, second = np.split(vectors[..., 0, :], [shape[0] * shape[1]], axis=-1)
        rows = np.swapaxes(second.reshape(*second.shape[:-1], *other), -1, -2)
        return largest_singular_value(first.reshape(*first.shape[:-1], *shape), rows, tests, sizes)

    estimate = jackknife(sigma_1, cases.block_mean, cases.block_count)
    return {"debiased": estimate.debiased, "low": estimate.low, "high": estimate.high, "p_value": cases.p_value}
