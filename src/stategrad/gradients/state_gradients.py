"""The one call: a model and a text in, mean state gradients per group, block and delay out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import torch
from torch import nn
from tqdm.auto import tqdm

from stategrad.cells.network import Network, StateKey, States, network_of
from stategrad.errors import InvalidInputError, Problems, check_choice
from stategrad.gradients.blocks import assign_blocks
from stategrad.gradients.groups import Groups, Strata, flat, groups_of, stratify
from stategrad.gradients.moments import Moments, runs_of
from stategrad.gradients.provenance import provenance_of
from stategrad.gradients.result import StateGradients
from stategrad.gradients.sampling import Positions, choose_positions
from stategrad.gradients.streams import Streams, streams_of
from stategrad.gradients.stretches import stretches
from stategrad.gradients.tangents import Window
from stategrad.models.embeddings import Embeddings

PRECISIONS = {"float32": torch.float32, "float64": torch.float64}


@dataclass(frozen=True)
class Execution:
    """How the work is cut and where it runs; never changes a result beyond rounding.

    Attributes:
        chunk_size: positions that are propagated together. None chooses what keeps the buffers in the processor's cache.
    """

    chunk_size: int | None = None


@dataclass(frozen=True)
class _Request:
    """What was asked for, read and checked."""

    network: Network
    streams: Streams
    delays: np.ndarray
    keys: list[StateKey]
    groups: Groups
    strata: Strata
    positions: Positions
    initial: States
    at: np.ndarray | None
    blocks: int
    second_moment: bool
    execution: Execution = field(default_factory=Execution)


def state_gradients(
    model: nn.Module,
    inputs: Any,
    *,
    delays: int | Sequence[int] = 30,
    state: str | StateKey | list[str | StateKey] | None = None,
    groups: Any = None,
    at: Any = None,
    blocks: int | Any = 10,
    second_moment: bool = True,
    sample: int | None = None,
    embeddings: Embeddings | None = None,
    precision: Literal["float32", "float64"] = "float32",
    initial_state: Any = None,
    seed: int = 0,
    show_progress: bool = True,
    execution: Execution | None = None,
) -> StateGradients | dict[StateKey, StateGradients]:
    """Mean state gradients `Ḡ_τ = mean of ∂s_t / ∂x_{t-τ}` per group of input words and delay.

    At delay τ the mean runs over every step t of a stream with t-τ in the same stream; the recurrent path is never cut. The
    gradients are exact: one tangent per dimension of the input, propagated forward through the linearised network.

    Args:
        model: `nn.LSTM`, `nn.GRU`, `nn.RNN`, or a model with `recurrent` and `embed` such as `sg.LanguageModel`; in evaluation
            mode.
        inputs: ids (time,) or (stream, time); vectors (time, E) or (stream, time, E), whatever `batch_first` says; a list of
            streams of unequal lengths; or a `sg.Corpus`, which brings its word classes as groups unless `groups` is given.
        delays: n for 0, 1, …, n-1, or a sequence of delays.
        state: a state's name, or `(layer, name)`. Default: the cell of an LSTM, else the hidden state, of the last layer. A
            list gives a dictionary keyed `(layer, name)`, from one pass.
        groups: labels in the shape of the ids (None: in no group), or `{label: boolean mask}`, which may overlap. A group is a
            property of the input word, at step t-τ; `"all"` is always there.
        at: boolean mask in the shape of the ids: the steps t whose state is read. Default: all.
        blocks: into how many blocks the text is cut for estimates of error, or a block number per position.
        second_moment: also keep `E[GᵀG]`, which the rms needs.
        sample: use this many positions, drawn at random in proportion to the strata (groups × block). Default: all.
        embeddings: the model's input vectors with their words, kept in the result for its measures. Default: taken from
            a language model and the corpus it reads.
        precision: of the gradients; sums are always float64.
        initial_state: as PyTorch takes it, `h_0` or `(h_0, c_0)`, each (layer, stream, H). Default: zeros.
        seed: of the draw of a sample.
        show_progress: show a progress bar.
        execution: how the work is cut.

    Returns:
        The result, or a dictionary of results where `state` is a list.

    Raises:
        InvalidInputError: whatever cannot be analysed as it is, with its name and what to do.

    Source: Verwimp et al. 2018, section 2.1.

    >>> import torch, stategrad as sg
    >>> model = torch.nn.LSTM(3, 5).eval()
    >>> result = sg.state_gradients(model, torch.randn(40, 3), delays=4, show_progress=False)
    >>> result.mean.sizes
    Frozen({'group': 1, 'delay': 4, 'state': 5, 'embedding': 3})
    """
    check_choice("precision", precision, PRECISIONS)
    network = network_of(model, PRECISIONS[precision])
    streams = streams_of(inputs, network)
    lengths = streams.lengths
    wanted = state if isinstance(state, list) else [state]
    keys = list(dict.fromkeys(network.state_key(one) for one in wanted))
    delay_list = delays_of(delays, int(lengths.max()))
    read = groups_of(default_groups(inputs) if groups is None else groups, lengths)
    block_of = block_numbers(blocks, lengths)
    strata = stratify(read, block_of)
    mask = None if at is None else flat(at, lengths, "at").astype(bool)
    positions = choose_positions(strata, lengths, delay_list, at=mask, sample=sample, seed=seed)
    count = len(lengths)
    initial = network.zero_state(count) if initial_state is None else network.given_state(initial_state, count)
    request = _Request(
        network, streams, delay_list, keys, read, strata, positions, initial, mask,
        int(block_of.max()) + 1, second_moment, execution or Execution(),
    )  # fmt: skip
    moments = _run(request, show_progress)
    embeddings = embeddings or _default_embeddings(model, inputs)
    results = {}
    for key, sums in moments.items():
        provenance = provenance_of(
            model, inputs, streams, state=key, precision=precision, seed=seed, sample=sample, blocks=request.blocks,
            positions=len(positions.used), population=streams.size,
        )  # fmt: skip
        results[key] = StateGradients.from_moments(
            sums, positions, labels=read.labels, delays=delay_list, embeddings=embeddings, provenance=provenance
        )
    return results if isinstance(state, list) else results[keys[0]]


def _run(request: _Request, show_progress: bool) -> dict[StateKey, Moments]:
    """Propagate every used position and add up its gradients."""
    network, positions, strata = request.network, request.positions, request.strata
    weights = positions.weights
    moments = {
        key: Moments(
            strata,
            weights,
            groups=len(request.groups.labels),
            blocks=request.blocks,
            embedding=network.embedding_size,
            state=network.cells[key[0]].size,
            second=request.second_moment,
        )
        for key in request.keys
    }
    longest = int(request.delays[-1]) + 1
    column = {int(delay): index for index, delay in enumerate(request.delays)}
    size = request.execution.chunk_size or _chunk_size(network)
    window = Window(network, size)
    with tqdm(total=len(positions.used), desc="state gradients", unit="position", disable=not show_progress) as bar:
        for stretch in stretches(request.streams, positions.used, longest, request.initial):
            stratum = strata.of_position[stretch.positions]
            remaining = positions.remaining[stretch.positions]
            order = np.lexsort((stretch.positions, -remaining.clip(max=longest), stratum))
            for first in range(0, len(order), size):
                chosen = order[first : first + size]
                runs = runs_of(stratum[chosen])
                for delay, tangents in window.propagate(stretch, chosen, remaining[chosen], longest):
                    if delay not in column:
                        continue
                    kept = _selected(request, stretch.positions[chosen], remaining[chosen], delay)
                    for key, sums in moments.items():
                        gradients = tangents[key] if kept is None else tangents[key] * kept[:, None]
                        sums.add(column[delay], gradients, runs)
                bar.update(len(chosen))
    for key, sums in moments.items():
        _check_finite(request, key, sums)
    return moments


def _selected(request: _Request, places: np.ndarray, remaining: np.ndarray, delay: int) -> torch.Tensor | None:
    """One for the positions whose state, `delay` steps on, is to be read, zero for the others."""
    if request.at is None:
        return None
    inside = remaining > delay
    kept = inside & request.at[np.where(inside, places + delay, 0)]
    return torch.from_numpy(kept).to(request.network.dtype)


def _check_finite(request: _Request, key: StateKey, sums: Moments) -> None:
    finite = torch.isfinite(sums.first).flatten(3).all(-1)
    broken = (~finite).any(1)
    if broken.any():
        group, delay = (int(i) for i in broken.nonzero()[0])
        raise InvalidInputError(
            f"the gradients of state {key} are beyond {request.network.dtype} from delay {request.delays[delay]} "
            f"(group '{request.groups.labels[group]}'): they explode; ask for fewer delays, or for precision='float64'."
        )


def _chunk_size(network: Network) -> int:
    """Positions whose gates take about eight MiB, so that the update reads them from the cache."""
    widest = max(cell.weight_hh.shape[0] for cell in network.cells)
    bytes_per_position = network.embedding_size * widest * network.cells[0].weight_ih.element_size()
    return max(8, 8 * 2**20 // bytes_per_position)


def delays_of(delays: int | Sequence[int], longest_stream: int) -> np.ndarray:
    """The delays in increasing order.

    Raises:
        InvalidInputError: none, negative ones, the same twice, or one that no stream is long enough for.
    """
    chosen = np.arange(delays) if isinstance(delays, int) else np.asarray(list(delays), dtype=np.int64)
    problems = Problems("delays")
    if len(chosen) == 0:
        problems.add(f"delays is {delays}; give a count of at least 1, or a list of delays")
    elif (chosen < 0).any() or len(np.unique(chosen)) < len(chosen):
        problems.add(f"delays are {list(chosen)}; give each once, from 0 upwards")
    elif chosen.max() >= longest_stream:
        problems.add(f"delay {chosen.max()} needs a stream of {chosen.max() + 1} steps; the longest has {longest_stream}")
    problems.raise_if_any()
    return np.sort(chosen)


def block_numbers(blocks: int | Any, lengths: np.ndarray) -> np.ndarray:
    """A block per position, numbered from 0 without gaps."""
    if isinstance(blocks, int):
        return assign_blocks(lengths, blocks)
    _, numbers = np.unique(flat(blocks, lengths, "blocks"), return_inverse=True)
    return numbers


def default_groups(inputs: Any) -> Mapping[str, Any] | None:
    """The word classes of a tagged corpus."""
    return inputs.groups() if getattr(inputs, "rules", ()) else None


def _default_embeddings(model: nn.Module, inputs: Any) -> Embeddings | None:
    """A language model's vectors with the words and classes of the corpus that it reads."""
    table, vocabulary = getattr(model, "embedding", None), getattr(inputs, "vocabulary", None)
    if table is None or vocabulary is None:
        return None
    lexicon = getattr(inputs, "lexicon", None)
    classes = {} if lexicon is None else lexicon.classes_of_types(vocabulary)
    vectors = table.weight.detach().double().cpu().numpy()
    return Embeddings(vectors, tuple(vocabulary.words), classes)
