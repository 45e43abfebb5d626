"""The third measure of memory: replace one input, run on, and compare the states."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import repeat
from typing import Any, Literal

import numpy as np
import torch
import xarray as xr
from jaxtyping import Float
from torch import Tensor

from stategrad.cells.network import StateKey
from stategrad.gradients.request import Execution
from stategrad.gradients.result import StateGradients
from stategrad.gradients.tangents import Window
from stategrad.swaps.changes import changes
from stategrad.swaps.divergence import NextWord
from stategrad.swaps.reading import Batch, Chosen, Reading
from stategrad.swaps.replacements import Replacements, replacements_of
from stategrad.swaps.result import SwapMemory
from stategrad.swaps.validity import PARTS, Validity, mean_gradients

CHUNK_SIZE = 256


def swap_memory(
    model: Any,
    inputs: Any,
    *,
    delays: int | Sequence[int] = 30,
    state: str | StateKey | None = None,
    swaps: Literal["unigram", "same class", "mean"] | Any = "unigram",
    groups: Any = None,
    where: Any = None,
    at: Any = None,
    blocks: int | Any = 10,
    sample: int | None = 10_000,
    gradients: StateGradients | None = None,
    divergence: bool = False,
    precision: Literal["float32", "float64"] = "float32",
    initial_state: Any = None,
    seed: int = 0,
    show_progress: bool = True,
    execution: Execution | None = None,
) -> SwapMemory:
    """Swap memory `θ(τ) = E‖s_t^swap - s_t‖`: replace the input at t-τ, run on with the true ones, compare the states.

    At delay τ the mean runs over every position p whose t = p+τ lies in the same stream. Nothing is linearised, so θ holds for
    changes as large as a word; two forward passes, no factor E.

    Args:
        model: as `state_gradients` takes it.
        inputs: as `state_gradients` takes them.
        delays: n for 0, 1, …, n-1, or a sequence of delays.
        state: a state's name, or `(layer, name)`. Default: the cell of an LSTM, else the hidden state, of the last layer.
        swaps: what takes an input's place. `"unigram"`: the input at another position of the text, drawn at random among those
            that differ, so by frequency. `"same class"`: the same, among the positions of the corpus that are in exactly the same
            word classes (a plural noun for a plural noun), or in none; where no other word is, the position is left out, and a
            group of which nothing is left is NaN.
            `"mean"`: the mean embedding over the vocabulary's types, or the mean vector of a text of vectors. Or ids or vectors
            in the shape of the inputs, which are taken as they are: an input replaced by itself counts with a change of zero.
            Or `sg.paired_swaps(corpus, pairs)`, which replaces the words of pairs alone, by their partners.
        groups: labels in the shape of the ids (None: in no group), or `{label: boolean mask}`, which may overlap. A group is a
            property of the input word that is replaced; `"all"` is always there.
        where: the positions that are replaced, a boolean mask in the shape of the ids, to which the groups are cut down, `"all"`
            too. Default: all.
        at: the steps t whose state is compared, a boolean mask in the shape of the ids; the same as of `gradients`. Default: all.
        blocks: into how many blocks the text is cut for estimates of error, or a block number per position.
        sample: use this many positions, drawn at random in proportion to the strata (groups × block); None for all.
        gradients: of the same model, state, groups and delays; adds the validity of their means, the cosine with them, and the
            validity of each position's own gradient.
        divergence: also measure how far each swap moves the distribution of the next word, of a language model with a `decoder`.
        precision: of the states; sums are always float64.
        initial_state: as PyTorch takes it, `h_0` or `(h_0, c_0)`, each (layer, stream, H). Default: zeros.
        seed: of the draw of a sample, and of the replacements.
        show_progress: show a progress bar.
        execution: how the work is cut.

    Raises:
        InvalidInputError: whatever cannot be analysed as it is, with its name and what to do.

    Source: Skrill and Norman-Haignere, NeurIPS 2023; Chien et al., ICLR 2021.

    >>> import torch, stategrad as sg
    >>> model = torch.nn.LSTM(3, 5).eval()
    >>> result = sg.swap_memory(model, torch.randn(40, 3), delays=4, show_progress=False)
    >>> result.theta.sizes
    Frozen({'group': 1, 'delay': 4})
    """
    reading = Reading.of(model, inputs, delays=delays, state=state, precision=precision, initial_state=initial_state)
    replacements = replacements_of(swaps, inputs, reading.streams, seed)
    chosen = reading.choose(groups, blocks=blocks, sample=sample, seed=seed, where=where, possible=replacements.possible, at=at)
    next_word = NextWord(model, reading.network) if divergence else None
    validity = None
    if gradients is not None:
        mean = mean_gradients(gradients, model, reading.network, reading.key, chosen, reading.delays)
        validity = Validity(mean, chosen.groups.masks, chosen.block_of, reading.network.dtype)
    chunk_size = (execution or Execution()).chunk_size or CHUNK_SIZE
    sums, divergences, resolution = _run(reading, chosen, replacements, next_word, validity, chunk_size, show_progress)
    own = reading.provenance(
        chosen, seed=seed, sample=sample, swaps=swaps if isinstance(swaps, str) else "given", resolution=resolution
    )
    result = _result(reading, chosen, sums, validity, own)
    if next_word is None:
        return result
    moves = _result(reading, chosen, divergences, None, own)
    return replace(result, divergence=moves.theta, block_divergence=moves.block_theta)


def _run(
    reading: Reading,
    chosen: Chosen,
    replacements: Replacements,
    next_word: NextWord | None,
    validity: Validity | None,
    chunk_size: int,
    show_progress: bool,
) -> tuple[np.ndarray, np.ndarray, float]:
    """Swap at every used position; the sums of `‖Δs‖` and of divergences, (stratum, delay), and what the precision resolves."""
    strata, positions, weights = chosen.strata, chosen.positions, chosen.weights
    used, squares = positions.used, 0.0
    column = {int(delay): index for index, delay in enumerate(reading.delays)}
    window = None if validity is None else Window(reading.network, chunk_size, columns=1)
    sums, divergences = np.zeros((2, *weights.shape))
    for batch in reading.batches(used, positions.remaining[used], chunk_size, what="swaps", show_progress=show_progress):
        places, stretch, squares = batch.places, batch.stretch, squares + reading.squares(batch)
        replacement = replacements.vectors(places)
        cause = replacement - stretch.inputs[torch.from_numpy(batch.rows)]
        moved = changes(reading.network, reading.key, stretch, batch.rows, batch.remaining, replacement, reading.longest)
        linear = repeat(None) if window is None else _linear(window, reading.key, batch, cause)
        for delay, ((change, hidden, swapped), own) in enumerate(zip(moved, linear, strict=False)):
            if delay not in column:
                continue
            index, reached = column[delay], places[: len(change)]
            read = np.flatnonzero(chosen.conditions.masks(reached, delay)[0])
            if len(read) == 0:
                continue
            if len(read) < len(reached):
                change, hidden, swapped = (values[read] for values in (change, hidden, swapped))
            stratum = strata.of_position[reached[read]]
            sizes = torch.linalg.vector_norm(change, dim=1, dtype=torch.float64).numpy()
            sums[:, index] += np.bincount(stratum, sizes, minlength=strata.count)
            if next_word is not None:
                moves = next_word.divergence(hidden, swapped).numpy()
                divergences[:, index] += np.bincount(stratum, moves, minlength=strata.count)
            if validity is not None and own is not None:
                weight = torch.from_numpy(weights[stratum, index])
                validity.add(index, reached[read], change, cause[read], own[read], weight)
    reading.check_finite(sums, "a swap", "or for precision='float64'")
    return sums, divergences, reading.resolution(squares, len(used))


def _linear(
    window: Window, key: StateKey, batch: Batch, cause: Float[Tensor, "position embedding"]
) -> Iterator[Float[Tensor, "position state"]]:
    """`G_{t,τ} Δx` at delays 0, 1, …, exact for each position: tangents that start as the changes."""
    longest = int(batch.remaining.max())
    for _, gradients in window.propagate(batch.stretch, batch.chosen, batch.remaining, longest, cause[None]):
        yield gradients[key][0]


def _result(reading: Reading, chosen: Chosen, sums: np.ndarray, validity: Validity | None, provenance: str) -> SwapMemory:
    """Turn sums per stratum into labelled means per group, block and delay."""
    coords: dict[str, Any] = {"group": list(chosen.groups.labels), "block": np.arange(chosen.blocks), "delay": reading.delays}
    coords["part"] = list(PARTS)

    def labelled(values: np.ndarray, *dims: str) -> xr.DataArray:
        return xr.DataArray(values, dims=dims, coords={name: coords[name] for name in dims})

    agreement = None if validity is None else labelled(validity.block_sums(), "group", "block", "delay", "part")
    weighted, represented = chosen.gathered(sums * chosen.weights), chosen.represented
    counted, total = represented.sum(1), weighted.sum(1)
    theta = np.divide(total, counted, out=np.full(total.shape, np.nan), where=counted > 0)
    return SwapMemory(
        theta=labelled(theta, "group", "delay"),
        count=labelled(chosen.used.sum(1), "group", "delay"),
        population=labelled(chosen.population.sum(1), "group", "delay"),
        block_theta=labelled(weighted / np.maximum(represented, 1), "group", "block", "delay"),
        block_count=labelled(represented, "group", "block", "delay"),
        provenance=provenance,
        block_agreement=None if agreement is None else agreement / np.maximum(represented, 1)[..., None],
    )
