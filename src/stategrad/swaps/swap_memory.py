"""The third measure of memory: replace one input, run on, and compare the states."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import torch
import xarray as xr
from tqdm.auto import tqdm

from stategrad.cells.base import PRECISIONS
from stategrad.cells.network import Network, StateKey, States, network_of
from stategrad.errors import InvalidInputError, check_choice
from stategrad.gradients.conditions import Conditions, conditions_of
from stategrad.gradients.groups import Groups, Strata, flat, groups_of, per_group_and_block, stratify
from stategrad.gradients.provenance import provenance_of
from stategrad.gradients.request import Execution
from stategrad.gradients.result import StateGradients
from stategrad.gradients.sampling import Positions, choose_positions
from stategrad.gradients.state_gradients import block_numbers, default_groups, delays_of
from stategrad.gradients.streams import Streams, streams_of, vector_size
from stategrad.gradients.stretches import stretches
from stategrad.swaps.changes import changes
from stategrad.swaps.divergence import NextWord
from stategrad.swaps.replacements import Replacements, replacements_of
from stategrad.swaps.result import SwapMemory
from stategrad.swaps.validity import PARTS, Validity, mean_gradients

CHUNK_SIZE = 256


@dataclass(frozen=True)
class _Request:
    """What was asked for, read and checked."""

    network: Network
    key: StateKey
    streams: Streams
    delays: np.ndarray
    strata: Strata
    positions: Positions
    replacements: Replacements
    initial: States
    chunk_size: int
    next_word: NextWord | None
    conditions: Conditions


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
        at: the steps t whose state is compared, a boolean mask in the shape of the ids. Default: all.
        blocks: into how many blocks the text is cut for estimates of error, or a block number per position.
        sample: use this many positions, drawn at random in proportion to the strata (groups × block); None for all.
        gradients: of the same model, state, groups and delays; adds the validity of their means, and the cosine with them.
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
    check_choice("precision", precision, ("float32", "float64"))
    network = network_of(model, PRECISIONS[precision], input_size=vector_size(inputs), initial_state=initial_state)
    key = network.state_key(state)
    streams = streams_of(inputs, network)
    lengths = streams.lengths
    delay_list = delays_of(delays, int(lengths.max()))
    replacements = replacements_of(swaps, inputs, streams, seed)
    of_words = groups_of(default_groups(inputs) if groups is None else groups, lengths)
    chosen = replacements.possible if where is None else replacements.possible & flat(where, lengths, "where").astype(bool)
    read = Groups(of_words.labels, of_words.masks & chosen)
    block_of = block_numbers(blocks, lengths)
    strata = stratify(read, block_of)
    conditions = conditions_of(at, None, lengths)
    if conditions.dims:
        raise InvalidInputError("at has labels, and swaps know one set of steps; pass a boolean mask.")
    positions = choose_positions(strata, lengths, delay_list, conditions, sample=sample, seed=seed)
    initial = network.initial_state(initial_state, len(lengths))
    chunk_size = (execution or Execution()).chunk_size or CHUNK_SIZE
    next_word = NextWord(model, network) if divergence else None
    request = _Request(
        network, key, streams, delay_list, strata, positions, replacements, initial, chunk_size, next_word, conditions
    )
    validity = None
    if gradients is not None:
        mean = mean_gradients(gradients, model, network, key, read, delay_list)
        validity = Validity(mean, read.masks, block_of, network.dtype)
    sums, divergences = _run(request, validity, show_progress)
    provenance = provenance_of(
        model, inputs, streams, precision=precision, seed=seed, sample=sample, blocks=int(block_of.max()) + 1,
        positions=len(positions.used), population=streams.size, swaps=swaps if isinstance(swaps, str) else "given",
    )  # fmt: skip
    own = json.dumps(provenance | {"state": {"layer": key[0], "name": key[1]}})
    result = _result(request, sums, validity, read.labels, int(block_of.max()) + 1, own)
    if next_word is None:
        return result
    moves = _result(request, divergences, None, read.labels, int(block_of.max()) + 1, own)
    return replace(result, divergence=moves.theta, block_divergence=moves.block_theta)


def _run(request: _Request, validity: Validity | None, show_progress: bool) -> tuple[np.ndarray, np.ndarray]:
    """Swap at every used position; the sums of `‖Δs‖` and of divergences, (stratum, delay)."""
    strata, positions = request.strata, request.positions
    used, weights = positions.used, positions.weights[0]
    column = {int(delay): index for index, delay in enumerate(request.delays)}
    longest = int(request.delays[-1]) + 1
    sums, divergences = np.zeros((2, *weights.shape))
    with tqdm(total=len(used), desc="swaps", unit="position", disable=not show_progress) as bar:
        for stretch in stretches(request.streams, used, longest, request.initial):
            left = positions.remaining[stretch.positions].clip(max=longest)
            order = np.lexsort((stretch.positions, -left))
            for first in range(0, len(order), request.chunk_size):
                chosen = order[first : first + request.chunk_size]
                places, rows = stretch.positions[chosen], stretch.rows[chosen]
                replacement = request.replacements.vectors(places)
                cause = replacement - stretch.inputs[torch.from_numpy(rows)]
                moved = changes(request.network, request.key, stretch, rows, left[chosen], replacement, longest)
                for delay, (change, hidden, swapped) in enumerate(moved):
                    if delay not in column:
                        continue
                    index, reached = column[delay], places[: len(change)]
                    read = np.flatnonzero(request.conditions.masks(reached, delay)[0])
                    if len(read) == 0:
                        continue
                    if len(read) < len(reached):
                        change, hidden, swapped = (part[read] for part in (change, hidden, swapped))
                    stratum = strata.of_position[reached[read]]
                    sizes = torch.linalg.vector_norm(change, dim=1, dtype=torch.float64).numpy()
                    sums[:, index] += np.bincount(stratum, sizes, minlength=strata.count)
                    if request.next_word is not None:
                        moves = request.next_word.divergence(hidden, swapped).numpy()
                        divergences[:, index] += np.bincount(stratum, moves, minlength=strata.count)
                    if validity is not None:
                        weight = torch.from_numpy(weights[stratum, index])
                        validity.add(index, reached[read], change, cause[read], weight)
                bar.update(len(chosen))
    _check_finite(request, sums)
    return sums, divergences


def _check_finite(request: _Request, sums: np.ndarray) -> None:
    broken = ~np.isfinite(sums).all(axis=0)
    if broken.any():
        raise InvalidInputError(
            f"the states {request.key} are beyond {request.network.dtype} after a swap, from delay "
            f"{request.delays[broken.argmax()]}: they explode; ask for fewer delays, or for precision='float64'."
        )


def _result(
    request: _Request, sums: np.ndarray, validity: Validity | None, labels: Sequence[str], blocks: int, provenance: str
) -> SwapMemory:
    """Turn sums per stratum into labelled means per group, block and delay."""
    positions = request.positions
    coords: dict[str, Any] = {"group": list(labels), "block": np.arange(blocks), "delay": request.delays, "part": list(PARTS)}

    def gathered(values: np.ndarray) -> np.ndarray:
        return per_group_and_block(values, request.strata, groups=len(labels), blocks=blocks)

    def labelled(values: np.ndarray, *dims: str) -> xr.DataArray:
        return xr.DataArray(values, dims=dims, coords={name: coords[name] for name in dims})

    agreement = None if validity is None else labelled(validity.block_sums(), "group", "block", "delay", "part")
    weighted = gathered(sums * positions.weights[0])
    used, population = positions.used_count[0], positions.population[0]
    represented = gathered(np.where(used > 0, population, 0))
    counted, total = represented.sum(1), weighted.sum(1)
    theta = np.divide(total, counted, out=np.full(total.shape, np.nan), where=counted > 0)
    return SwapMemory(
        theta=labelled(theta, "group", "delay"),
        count=labelled(gathered(used).sum(1), "group", "delay"),
        population=labelled(gathered(population).sum(1), "group", "delay"),
        block_theta=labelled(weighted / np.maximum(represented, 1), "group", "block", "delay"),
        block_count=labelled(represented, "group", "block", "delay"),
        validity=None if validity is None else labelled(validity.values(), "group", "delay"),
        provenance=provenance,
        block_agreement=None if agreement is None else agreement / np.maximum(represented, 1)[..., None],
    )
