"""Causal pushes: move one earlier input along a direction of embedding space, run on, and compare with what gradients predict.

Δs(±a) = s_t(x_{t-τ} ± a d) - s_t,   predicted ± a Ḡ_τ d by the mean gradient, ± a G_{t,τ} d by the position's own

Positions advance in batches, every push of a position beside the others; `G d` is exact, by tangents that start as the pushes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import torch
import xarray as xr
from jaxtyping import Float
from torch import Tensor

from stategrad.cells.network import StateKey
from stategrad.errors import InvalidInputError, Problems
from stategrad.gradients.directional import Direction, columns_of
from stategrad.gradients.request import Execution
from stategrad.gradients.result import StateGradients
from stategrad.gradients.streams import Streams
from stategrad.gradients.tangents import Gradients, Window
from stategrad.swaps.changes import changes
from stategrad.swaps.push_response import PushResponse
from stategrad.swaps.reading import Batch, Chosen, Reading
from stategrad.swaps.replacements import replacements_of
from stategrad.swaps.validity import mean_gradients

ROWS = 4096
DRAWS = 10_000


@dataclass(frozen=True)
class _Sums:
    """Sums over positions and both signs, halved: `‖Δs‖²`, `‖Δs ∓ a G d‖²` and `±Δs`; and what numbers of the precision resolve."""

    square: Float[np.ndarray, "direction size stratum delay"]
    left: Float[np.ndarray, "direction size stratum delay"]
    effect: Float[np.ndarray, "direction size state stratum delay"]
    resolution: float


def push_states(
    model: Any,
    inputs: Any,
    directions: Mapping[str, Direction] | None = None,
    *,
    gradients: StateGradients | None = None,
    modes: int = 0,
    delays: int | Sequence[int] = (0, 1, 2, 5, 10),
    sizes: Sequence[float] = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0),
    unit: float | None = None,
    state: str | StateKey | None = None,
    groups: Any = None,
    at: Any = None,
    blocks: int | Any = 10,
    sample: int | None = 2000,
    precision: Literal["float32", "float64"] = "float32",
    initial_state: Any = None,
    seed: int = 0,
    show_progress: bool = True,
    execution: Execution | None = None,
) -> PushResponse:
    """What a push of the input at t-τ along a direction does to the state: `Δs(±a) = s_t(x_{t-τ} ± a d) - s_t`.

    A gradient says what an endless number of endless small changes would do; this makes the change. Every position is pushed
    along every direction by every size, with both signs, and runs on with its own true inputs.

    Args:
        model: as `state_gradients` takes it.
        inputs: as `state_gradients` takes them.
        directions: `{name: Property or vector}`; lengths do not matter, `sizes` tell how far a push goes.
        gradients: of the same model, state, groups and delays, neither whitened nor with conditions; adds the prediction `a Ḡ_τ d`,
            how much of the effects it explains, and its cosine with the mean effect.
        modes: also push along the k leading right singular vectors of the mean gradient of group `"all"` at the shortest delay of
            `gradients`, named `"v_1 at τ=0"` and so on.
        delays: n for 0, 1, …, n-1, or a sequence of delays.
        sizes: `‖a d‖` in units of `unit`; each is pushed with both signs.
        unit: the length of a push of size 1. Default: that of a typical word swap, `E‖x - x'‖` over unigram draws (the input at up
            to 10,000 positions and, for each, that at another position drawn among those that differ).
        state: a state's name, or `(layer, name)`. Default: the cell of an LSTM, else the hidden state, of the last layer.
        groups: labels in the shape of the ids (None: in no group), or `{label: boolean mask}`, which may overlap. A group is a
            property of the input word that is pushed; `"all"` is always there.
        at: the steps t whose state is compared, a boolean mask in the shape of the ids; the same as of `gradients`. Default: all.
        blocks: into how many blocks the text is cut for estimates of error, or a block number per position.
        sample: use this many positions, drawn at random in proportion to the strata (groups × block); None for all.
        precision: of the states; sums are always float64. Sizes below 0.01, and delays at which little is left, want `"float64"`.
        initial_state: as PyTorch takes it, `h_0` or `(h_0, c_0)`, each (layer, stream, H). Default: zeros.
        seed: of the draw of a sample, and of the draws behind `unit`.
        show_progress: show a progress bar.
        execution: how the work is cut; `chunk_size` counts pushes that advance together.

    Raises:
        InvalidInputError: whatever cannot be analysed as it is, with its name and what to do.

    >>> import numpy as np, torch, stategrad as sg
    >>> model = torch.nn.LSTM(3, 5).eval()
    >>> result = sg.push_states(model, torch.randn(40, 3), {"first": np.eye(3)[0]}, delays=[0, 2], show_progress=False)
    >>> result.effect.sizes
    Frozen({'group': 1, 'direction': 1, 'delay': 2, 'size': 6, 'state': 5})
    """
    reading = Reading.of(model, inputs, delays=delays, state=state, precision=precision, initial_state=initial_state)
    network, size_list = reading.network, _sizes(sizes, unit)
    vectors = columns_of(_named(directions, gradients, modes), network.embedding_size)
    chosen = reading.choose(groups, blocks=blocks, sample=sample, seed=seed, at=at)
    mean = None
    if gradients is not None:
        mean = mean_gradients(gradients, model, network, reading.key, chosen, reading.delays)
    length = typical_swap(inputs, reading.streams, seed) if unit is None else float(unit)
    pushes = length * vectors / np.sqrt((vectors**2).sum("embedding"))
    sums = _run(reading, chosen, pushes.values, size_list, (execution or Execution()).chunk_size or ROWS, show_progress)
    own = reading.provenance(chosen, seed=seed, sample=sample, unit=length, resolution=sums.resolution)
    return _result(reading, chosen, sums, pushes, size_list, mean, own)


def typical_swap(inputs: Any, streams: Streams, seed: int) -> float:
    """`E‖x - x'‖` over unigram draws: how far apart two different inputs of the text lie, by frequency.

    Raises:
        InvalidInputError: a text that never varies.
    """
    drawn = replacements_of("unigram", inputs, streams, seed)
    places = np.flatnonzero(drawn.possible)
    if len(places) > DRAWS:
        places = np.sort(np.random.default_rng([seed, 2]).choice(places, DRAWS, replace=False))
    own = replace(drawn, row=np.arange(streams.size))
    return float(torch.linalg.vector_norm((drawn.vectors(places) - own.vectors(places)).double(), dim=1).mean())


def _sizes(sizes: Sequence[float], unit: float | None) -> np.ndarray:
    """The sizes in increasing order."""
    chosen = np.asarray(sizes, dtype=np.float64)
    problems = Problems("the pushes")
    if chosen.ndim != 1 or not len(chosen) or not np.isfinite(chosen).all() or not (chosen > 0).all():
        problems.add(f"sizes is {sizes}; give numbers above 0, each is pushed with both signs")
    elif len(np.unique(chosen)) < len(chosen):
        problems.add(f"sizes are {chosen.tolist()}; give each once")
    if unit is not None and not (np.isfinite(unit) and unit > 0):
        problems.add(f"unit is {unit}; give the length of a push of size 1, above 0, or None for that of a typical swap")
    problems.raise_if_any()
    return np.sort(chosen)


def _named(directions: Any, gradients: StateGradients | None, modes: int) -> Any:
    """The user's directions and the leading `v_i`."""
    if not modes:
        return directions
    if gradients is None:
        raise InvalidInputError(f"modes is {modes}, and there are no gradients to take v_1 from; pass gradients.")
    first = gradients.sel(group="all", delay=gradients.delays[0])
    right = first.spectrum()["right"].values[0, 0]
    if not 1 <= modes <= right.shape[1]:
        raise InvalidInputError(f"modes is {modes}; these gradients have {right.shape[1]}, give a number from 1 to that.")
    return dict(directions or {}) | {f"v_{i + 1} at τ={first.delays[0]}": right[:, i] for i in range(modes)}


def _run(
    reading: Reading,
    chosen: Chosen,
    pushes: Float[np.ndarray, "direction embedding"],
    sizes: Float[np.ndarray, " size"],
    chunk_size: int,
    show_progress: bool,
) -> _Sums:
    """Push at every used position along `unit · d/‖d‖`, a row of `pushes` each, by every size."""
    strata, positions, network = chosen.strata, chosen.positions, reading.network
    shape, units = (len(pushes), len(sizes)), network.state_size(reading.key)
    square, left = np.zeros((2, *shape, strata.count, len(reading.delays)))
    effect = torch.zeros(len(reading.delays), strata.count, *shape, units, dtype=torch.float64)
    column = {int(delay): index for index, delay in enumerate(reading.delays)}
    chunk = max(1, chunk_size // (2 * len(pushes) * len(sizes)))
    window, start = Window(network, chunk, len(pushes)), torch.from_numpy(pushes)[:, None].to(network.dtype)
    used, squares = positions.used, 0.0
    for batch in reading.batches(used, positions.remaining[used], chunk, what="pushes", show_progress=show_progress):
        stratum = strata.of_position[batch.places]
        squares += reading.squares(batch)
        moved = _moved(reading, pushes, sizes, batch)
        tangents = window.propagate(batch.stretch, batch.chosen, batch.remaining, reading.longest, start)
        for delay, (odd, even, linear) in enumerate(_responses(moved, tangents, reading.key, sizes)):
            if delay not in column:
                continue
            read = np.flatnonzero(chosen.conditions.masks(batch.places[: len(odd)], delay)[0])
            if len(read) < len(odd):
                odd, even, linear = (part[read] for part in (odd, even, linear))
            at = torch.from_numpy(stratum[read])
            # both signs together: ‖Δs‖² is that of the odd part and of the even part, ‖Δs ∓ a G d‖² likewise
            both = _square(odd) + _square(even)
            wrong = _square(odd - linear) + _square(even)
            for sums, values in ((square, both), (left, wrong)):
                added = torch.zeros(strata.count, *shape, dtype=torch.float64).index_add_(0, at, values)
                sums[..., column[delay]] += added.permute(1, 2, 0).numpy()
            effect[column[delay]].index_add_(0, at, odd.double())
    reading.check_finite(square, "a push", "for smaller sizes, or for precision='float64'")
    return _Sums(square, left, effect.permute(2, 3, 4, 1, 0).numpy(), reading.resolution(squares, len(used)))


def _moved(
    reading: Reading,
    pushes: Float[np.ndarray, "direction embedding"],
    sizes: Float[np.ndarray, " size"],
    batch: Batch,
) -> Iterator[Float[Tensor, "inside sign direction size state"]]:
    """`Δs(±a)` at delays 0, 1, …, of the positions still inside."""
    steps = torch.from_numpy(np.multiply.outer(np.concatenate([sizes, -sizes]), pushes))
    each = steps.flatten(0, 1).to(reading.network.dtype)  # sign and size, then direction
    own = batch.stretch.inputs[torch.from_numpy(batch.rows)]
    replacement = (own[:, None] + each).flatten(0, 1)
    rows, inside = (np.repeat(values, len(each)) for values in (batch.rows, batch.remaining))
    for change, _, _ in changes(reading.network, reading.key, batch.stretch, rows, inside, replacement, reading.longest):
        yield change.view(-1, 2, len(sizes), len(pushes), change.shape[1]).transpose(2, 3)


def _responses(
    moved: Iterator[Float[Tensor, "inside sign direction size state"]],
    tangents: Iterator[tuple[int, Gradients]],
    key: StateKey,
    sizes: Float[np.ndarray, " size"],
) -> Iterator[tuple[Float[Tensor, "inside direction size state"], ...]]:
    """`(Δs(+a) - Δs(-a))/2`, `(Δs(+a) + Δs(-a))/2` and `a G d` at delays 0, 1, …, of the positions still inside."""
    for change, (_, gradients) in zip(moved, tangents, strict=True):
        plus, minus = change.unbind(1)
        lengths = torch.from_numpy(sizes).to(change.dtype)[:, None]
        yield (plus - minus) / 2, (plus + minus) / 2, gradients[key].transpose(0, 1)[: len(plus), :, None] * lengths


def _square(values: Float[Tensor, "position direction size state"]) -> Float[Tensor, "position direction size"]:
    lengths: Tensor = torch.linalg.vector_norm(values, dim=-1, dtype=torch.float64)
    return lengths.square()


def _result(
    reading: Reading,
    chosen: Chosen,
    sums: _Sums,
    pushes: xr.DataArray,
    sizes: Float[np.ndarray, " size"],
    mean: Float[np.ndarray, "group delay state embedding"] | None,
    provenance: str,
) -> PushResponse:
    """Turn sums per stratum into labelled means per group, block and delay."""
    labels = list(chosen.groups.labels)
    coords: dict[str, Any] = {"group": labels, "direction": pushes["direction"].values, "size": sizes}
    coords |= {"block": np.arange(chosen.blocks), "delay": reading.delays}
    represented = chosen.represented

    def labelled(values: np.ndarray, *dims: str) -> xr.DataArray:
        return xr.DataArray(values, dims=dims, coords={name: coords[name] for name in dims if name in coords})

    def means(values: np.ndarray, *dims: str) -> xr.DataArray:
        """The mean of each block, (group, block, direction, delay, size, …); zero where a block is empty."""
        of_blocks = chosen.gathered(values * chosen.weights)
        counts = represented.reshape(len(labels), *(1,) * (of_blocks.ndim - 3), *represented.shape[1:])
        array = labelled(of_blocks / np.maximum(counts, 1), "group", "direction", "size", *dims, "block", "delay")
        return array.transpose("group", "block", "direction", "delay", "size", ...)

    prediction = None
    if mean is not None:
        prediction = labelled(np.einsum("gthe,de->gdth", mean, pushes.values), "group", "direction", "delay", "state")
    return PushResponse.from_blocks(
        block_square=means(sums.square),
        block_own_error=means(sums.left),
        block_effect=means(sums.effect, "state"),
        block_count=labelled(represented, "group", "block", "delay"),
        count=labelled(chosen.used.sum(1), "group", "delay"),
        population=labelled(chosen.population.sum(1), "group", "delay"),
        prediction=prediction,
        pushes=pushes,
        provenance=provenance,
    )
