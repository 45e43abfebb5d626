"""The k leading modes of mean gradients: three passes over the text, of products alone.

    1. Y_τ = Ḡ_τ Ω, by tangents that start as the columns of a Gaussian Ω;        U = basis of all Y_τ
    2. W_τ = Uᵀ Ḡ_τ and Θ Ḡ_τ, by cotangents that start as the rows of Uᵀ and Θ;   V = basis of all W_τᵀ
    3. Ḡ_τ V, by tangents that start as the columns of V

With r vectors in a basis memory holds `r H` numbers per group, block and delay, and `(r + s) E` per group and delay, where whole
gradients are `H E` per group, block and delay.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

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
from stategrad.measures.common_basis import ProductSizes, common_basis, norm_outside

Provenance = Callable[[StateKey], str]
Advance = Callable[[int], object]


def low_rank_gradients(
    request: Request, modes: int, seed: int, provenance: Provenance, *, show_progress: bool
) -> dict[StateKey, LowRankGradients]:
    """The modes of every wanted state.

    Args:
        request: the analysis of whole gradients; here only products of them are propagated.
        modes: k.
        seed: of Ω and Θ.
        provenance: of a state's result, as JSON.
        show_progress: show a progress bar, of positions in each of the passes.
    """
    sizes, generator = ProductSizes.of(modes), np.random.default_rng(seed)
    total = len(request.positions.used) * (1 + 2 * len(request.keys))
    with tqdm(total=total, desc="leading modes", unit="position", disable=not show_progress) as bar:
        random = generator.standard_normal((sizes.basis, request.network.embedding_size))
        first = _columns(request, request.keys, random, bar.update)
        return {key: _modes_of(request, key, first.pop(key), modes, generator, provenance(key), bar.update) for key in request.keys}


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
    elif (total := ProductSizes.of(modes).total) >= E:
        problems.add(
            f"directions={modes} takes {total} products with every gradient, which has {E} columns; leave directions out, whole "
            "gradients cost less and are exact"
        )
    if isinstance(sample, str):
        problems.add("sample='auto' looks at whole gradients, which directions=k has not; give a number of positions")
    if workers > 1:
        problems.add("directions=k runs in one process; leave workers out")
    if checkpoint_path is not None:
        problems.add("directions=k keeps no checkpoint; leave checkpoint_path out")
    problems.raise_if_any()


def _modes_of(
    request: Request, key: StateKey, first: Moments, modes: int, generator: np.random.Generator, provenance: str, advance: Advance
) -> LowRankGradients:
    """The second and the third pass, which each state has of its own."""
    U, p_value = _state_basis(
        StateGradients.from_moments(first, request, embeddings=None, provenance=provenance), ProductSizes.of(modes)
    )
    del first  # its blocks take as much memory as those of the third pass
    V, outside = _embedding_basis(request, key, U, ProductSizes.of(modes), generator, advance)
    columns = _columns(request, [key], V.T, advance)[key]
    exact = StateGradients.from_moments(columns, request, embeddings=None, provenance=provenance)
    renamed = {"embedding": "column"}
    return LowRankGradients(
        projected=exact.mean.rename(renamed),
        basis=xr.DataArray(V, dims=("embedding", "column")),
        outside=outside,
        p_value=p_value,
        count=exact.count,
        population=exact.population,
        block_projected=exact.block_mean.rename(renamed),
        block_count=exact.block_count,
        modes=modes,
        provenance=provenance,
    )


def _state_basis(products: StateGradients, sizes: ProductSizes) -> tuple[Float[np.ndarray, "state basis"], xr.DataArray]:
    """U, and the p-value of the sign flip over blocks: both from `Ḡ Ω`, the latter since no text has been looked at for Ω."""
    dims = (*products.mean.dims[:-2], "block")
    blocks = products.block_mean.transpose(*dims, "state", "embedding").values
    cases = Cases.of(products.mean.values, None, blocks, None, products.block_count.transpose(*dims).values)
    return common_basis(_by_case(products.mean), sizes.basis), _per_case(products.mean, cases.p_value)


def _embedding_basis(
    request: Request,
    key: StateKey,
    U: Float[np.ndarray, "state basis"],
    sizes: ProductSizes,
    generator: np.random.Generator,
    advance: Advance,
) -> tuple[Float[np.ndarray, "embedding column"], xr.DataArray]:
    """V, and the norm of what lies outside of it: from `Uᵀ Ḡ` and `Θ Ḡ`, of which no blocks are kept."""
    theta = generator.standard_normal((sizes.error_rows, len(U)))
    whole = replace(request, blocks=1, strata=replace(request.strata, block=np.zeros_like(request.strata.block)))
    rows = _tensor(np.concatenate([U.T, theta]), request.network)
    sums = accumulate_products(whole, key, rows, advance)
    products = StateGradients.from_moments(sums, whole, embeddings=None, provenance="").mean
    of_basis, of_error = (products.isel(embedding=part) for part in (slice(U.shape[1]), slice(U.shape[1], None)))
    V = common_basis(_by_case(of_basis), sizes.basis)
    return V, _per_case(products, norm_outside(np.swapaxes(of_error.values, -1, -2), V))


def _columns(
    request: Request, keys: list[StateKey], directions: Float[np.ndarray, "column embedding"], advance: Advance
) -> dict[StateKey, Moments]:
    start = _tensor(directions, request.network)
    return accumulate(replace(request, keys=keys, start=start, second_moment=False), {}, advance)


def _tensor(values: Float[np.ndarray, "row size"], network: Network) -> Float[Tensor, "row size"]:
    return torch.from_numpy(np.ascontiguousarray(values)).to(network.device, network.dtype)


def _by_case(means: xr.DataArray) -> Float[np.ndarray, "case size column"]:
    return means.values.reshape(-1, *means.shape[-2:])


def _per_case(means: xr.DataArray, values: np.ndarray) -> xr.DataArray:
    return means.isel(state=0, embedding=0, drop=True).copy(data=values)
