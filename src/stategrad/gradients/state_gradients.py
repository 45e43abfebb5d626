"""The one call: a model and a text in, mean state gradients per group, block and delay out."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Literal, TypeAlias

import numpy as np
import torch
from torch import nn
from tqdm.auto import tqdm

from stategrad.cells.base import PRECISIONS
from stategrad.cells.network import Network, StateKey, arrays_of, network_of
from stategrad.checkpoint import fingerprint
from stategrad.errors import InvalidInputError, Problems, check_choice
from stategrad.gradients.adaptive import in_rounds
from stategrad.gradients.blocks import assign_blocks
from stategrad.gradients.conditions import conditions_of
from stategrad.gradients.directional import Direction, DirectionalGradients, columns_of
from stategrad.gradients.engine import accumulate
from stategrad.gradients.group_spectra import GroupSpectra
from stategrad.gradients.groups import Groups, groups_of, numbered, stratify
from stategrad.gradients.labels import count_groups, labels_by_position
from stategrad.gradients.low_rank import LowRankGradients
from stategrad.gradients.memory_need import check_memory
from stategrad.gradients.modes import check_modes, low_rank_gradients
from stategrad.gradients.moments import Moments
from stategrad.gradients.provenance import provenance_of
from stategrad.gradients.request import Execution, Request, SpectraRequest
from stategrad.gradients.result import StateGradients
from stategrad.gradients.sampling import choose_positions
from stategrad.gradients.spectra import accumulate_spectra
from stategrad.gradients.streams import streams_of, vector_size
from stategrad.gradients.units import Units, root_of_units
from stategrad.measures.common_basis import ProductSizes
from stategrad.models.embeddings import Embeddings, embeddings_of
from stategrad.processor import multiplies_bfloat16

Result: TypeAlias = StateGradients | GroupSpectra | DirectionalGradients | LowRankGradients


def state_gradients(
    model: Any,
    inputs: Any,
    *,
    delays: int | Sequence[int] = 30,
    state: str | StateKey | list[str | StateKey] | None = None,
    groups: Any = None,
    where: Any = None,
    at: Any = None,
    segments: Any = None,
    blocks: int | Any = 10,
    second_moment: bool = True,
    directions: int | Mapping[str, Direction] | None = None,
    keep: Literal["mean", "spectrum"] = "mean",
    units: Units = "paper2018",
    sample: int | Literal["auto"] | None = None,
    tolerance: float = 0.05,
    embeddings: Embeddings | None = None,
    precision: Literal["float32", "float64", "bfloat16"] = "float32",
    initial_state: Any = None,
    seed: int = 0,
    show_progress: bool = True,
    execution: Execution | None = None,
) -> Result | Mapping[StateKey, Result]:
    """Mean state gradients `Ḡ_τ = mean of ∂s_t / ∂x_{t-τ}` per group of input words and delay.

    At delay τ the mean runs over every step t of a stream with t-τ in the same stream; the recurrent path is never cut. The
    gradients are exact: one tangent per dimension of the input, propagated forward through the linearised network.

    Args:
        model: in evaluation mode: `nn.LSTM` (with `proj_size` too), `nn.GRU`, `nn.RNN`, or one of their single-step cells; a model
            with `recurrent` and `embed`, such as `sg.LanguageModel`; a model of your own with `init_state(batch)` and
            `step(x, state) -> state`, and `embed(ids)` where it reads ids; or a function `step(x, state)`. A state of your own is
            one tensor (batch, …) or a dict of named ones. Of a bidirectional module the forward direction is analysed.
        inputs: ids (time,) or (stream, time); vectors (time, E) or (stream, time, E), whatever `batch_first` says; a list of
            streams of unequal lengths; or a `sg.Corpus`, which brings its word classes as groups unless `groups` is given.
        delays: n for 0, 1, …, n-1, or a sequence of delays.
        state: a state's name, or `(layer, name)`. Default: the cell of an LSTM, else the hidden state, of the last layer. A
            list gives a dictionary keyed `(layer, name)`, from one pass.
        groups: labels in the shape of the ids (None: in no group), or `{label: boolean mask}`, which may overlap. A group is a
            property of the input word, at step t-τ; `"all"` is always there, unless `keep="spectrum"`.
        where: the positions t-τ that are used, a boolean mask in the shape of the ids, to which the groups are cut down, `"all"`
            too. Default: all.
        at: the steps t whose state is read: a boolean mask in the shape of the ids, or labels, which add a dimension
            `state_group`. Default: all.
        segments: a value per position, such as the number of its sentence: adds a dimension `boundary`, with all pairs of input
            and state (`any`), those in one segment (`within`) and the others (`across`).
        blocks: into how many blocks the text is cut for estimates of error, or a block number per position: a document, a trial.
            Intervals put neighbours together where there are more than 20.
        second_moment: also keep `E[GᵀG]`, which the rms needs.
        directions: `{name: direction}`, properties or vectors of embedding space: only the columns `Ḡ_τ d` of these are propagated
            and kept, which costs one E-th of the time and memory for each, and gives a `DirectionalGradients`. A number k: the k
            leading modes of every mean gradient, from 12k + 34 products with single vectors instead of E tangents, and an estimate
            of what they leave out: a `LowRankGradients`, for embeddings and states that are too large for whole gradients. A
            sample then saves less: all steps that follow a used position by one of the delays take part in one of the passes.
        keep: `"mean"` keeps the mean gradients, with their blocks. `"spectrum"` keeps their singular values alone, and reduces each
            group as soon as it is complete, so that every word of a vocabulary can be a group: memory does not grow with their
            number, but for the result. Groups are then disjoint (default: the words of a corpus), and `"all"` is a word like any
            other. `blocks` is a number and cuts each group's own positions; groups of at least 20 have intervals. `where`, `at`,
            `segments`, `sample`, checkpoints and workers are for means.
        units: of the inputs, with `keep="spectrum"`: `paper2018`, those of the model's own embeddings, or `csl2020`, whitened by
            their covariance `C = D Dᵀ` over word types: what is reduced is then `Ḡ_τ D` and `Dᵀ E[GᵀG] D`, which cannot be made of
            spectra afterwards. Means are kept, and `result.whiten()` gives theirs.
        sample: use this many positions, drawn at random in proportion to the strata (groups × block), at least one of each, so
            that a small sample of many strata is larger; `"auto"` draws them in rounds until more of this text would no longer
            narrow the intervals of `σ_1`. Default: all.
        tolerance: with `"auto"`, the half-width of `σ_1` that sampling may leave in every group and at every delay, relative to it.
        embeddings: the model's input vectors with their words, kept in the result for its measures, and what `units` whitens by.
            Default: taken from a language model and the corpus it reads.
        precision: of the gradients; sums are always float64. `bfloat16` multiplies matrices in that format and keeps the state in
            float32: several times faster on processors with matrix units for it. On those without any product of that format it
            is float32, with a warning.
        initial_state: as PyTorch takes it, `h_0` or `(h_0, c_0)`, each (layer, stream, H); for a model of your own as its step
            takes it, with a row per stream. Default: zeros, or the model's `init_state`.
        seed: of the draw of a sample, and of the random vectors of leading modes.
        show_progress: show a progress bar.
        execution: how the work is cut, and where it is kept while it lasts.

    Returns:
        The result, a `GroupSpectra` with `keep="spectrum"`, a `DirectionalGradients` or `LowRankGradients` with `directions`; or a
        dictionary of results where `state` is a list.

    Raises:
        InvalidInputError: whatever cannot be analysed as it is, with its name and what to do.

    Source: Verwimp et al. 2018, section 2.1.

    >>> import torch, stategrad as sg
    >>> model = torch.nn.LSTM(3, 5).eval()
    >>> result = sg.state_gradients(model, torch.randn(40, 3), delays=4, show_progress=False)
    >>> result.mean.sizes
    Frozen({'group': 1, 'delay': 4, 'state': 5, 'embedding': 3})
    """
    execution = _execution_of(execution)
    problems = Problems("the analysis")
    problems.attempt(check_choice, "precision", precision, PRECISIONS)
    problems.attempt(check_choice, "value of keep", keep, ("mean", "spectrum"))
    if isinstance(sample, str) and not isinstance(directions, int):
        problems.attempt(_check_auto, sample, tolerance, execution, directions)
    problems.raise_if_any()
    network = network_of(model, PRECISIONS[precision], input_size=vector_size(inputs), initial_state=initial_state)
    if precision == "bfloat16" and not multiplies_bfloat16(network.device):
        warnings.warn(
            "this processor has no products of bfloat16 matrices, and would be some fifty times slower with them: precision is "
            "float32.",
            RuntimeWarning,
            stacklevel=2,
        )
        precision = "float32"
        network = network_of(model, PRECISIONS[precision], input_size=vector_size(inputs), initial_state=initial_state)
    for cell in network.cells:
        cell.check_derivative()
    streams = streams_of(inputs, network)
    lengths = streams.lengths
    keys = problems.attempt(_keys_of, network, state)
    delay_list = problems.attempt(delays_of, delays, int(lengths.max()))
    start = problems.attempt(network.initial_state, initial_state, len(lengths))
    if execution.checkpoint_path is not None and not isinstance(model, nn.Module):
        raise InvalidInputError(
            "a checkpoint cannot tell one step function from another; leave checkpoint_path out, or pass a torch.nn.Module."
        )
    provenance = provenance_of(model, inputs, streams, precision=precision, keep=keep, population=streams.size)
    if keep == "spectrum":
        problems.attempt(
            _refuse_beside_spectra,
            blocks,
            where=where,
            at=at,
            segments=segments,
            sample=sample,
            directions=directions,
            checkpoint_path=execution.checkpoint_path,
            workers=execution.workers,
        )
        labels = problems.attempt(labels_by_position, groups, inputs, lengths)
        vectors = embeddings or embeddings_of(model, inputs)
        root = problems.attempt(root_of_units, units, vectors, network.embedding_size)
        problems.raise_if_any()
        tangents = None if root is None else torch.from_numpy(root.T.copy()).to(network.device, network.dtype)
        provenance["settings"] |= {"units": units}
        wish = SpectraRequest(network, streams, delay_list, keys, labels, start, blocks, second_moment, execution, tangents)
        spectra = _spectra(wish, provenance, show_progress)
        return spectra if isinstance(state, list) else spectra[keys[0]]
    if units != "paper2018":
        raise InvalidInputError(f"units {units} go with keep='spectrum'; with keep='mean' call whiten() on the result.")
    modes = directions if isinstance(directions, int) else None
    columns = None
    if modes is None and directions is not None:
        columns = problems.attempt(columns_of, directions, network.embedding_size)
    groups = default_groups(inputs) if groups is None else groups
    block_of = problems.attempt(block_numbers, blocks, lengths)
    conditions = problems.attempt(conditions_of, at, segments, lengths)
    if problems.sentences:
        problems.attempt(_groups_within, groups, where, lengths)
    problems.raise_if_any()
    if modes is not None:
        check_modes(modes, network, keys, sample=sample, workers=execution.workers, checkpoint_path=execution.checkpoint_path)
    check_memory(
        network, keys, groups=count_groups(groups, lengths), conditions=conditions.count, blocks=int(block_of.max()) + 1,
        delays=len(delay_list), second_moment=second_moment and modes is None, workers=execution.workers,
        columns=None if columns is None else len(columns), sizes=None if modes is None else ProductSizes.of(modes),
    )  # fmt: skip
    uncut, read = _groups_within(groups, where, lengths)
    strata = stratify(read, block_of)
    provenance["settings"] |= {"seed": seed, "sample": sample, "blocks": int(block_of.max()) + 1}
    provenance["settings"]["at"] = bool(conditions.state_groups)
    provenance["cut"] = fingerprint(uncut.masks, block_of, *conditions.arrays, *arrays_of(start))
    vectors = embeddings or embeddings_of(model, inputs)

    def request_of(sample: int | None, seed: int) -> Request:
        positions = choose_positions(strata, lengths, delay_list, conditions, sample=sample, seed=seed)
        return Request(
            network, streams, delay_list, keys, read, strata, conditions, positions,
            start, int(block_of.max()) + 1, second_moment, execution,
            None if columns is None else torch.from_numpy(columns.values).to(network.device, network.dtype),
        )  # fmt: skip

    def analyse(sample: int | None, seed: int) -> dict[StateKey, StateGradients]:
        return _means(request_of(sample, seed), vectors, provenance, show_progress)

    if modes is not None and not isinstance(sample, str):
        provenance["settings"] |= {"directions": modes}
        of_key = partial(_of_state, provenance)
        leading = low_rank_gradients(request_of(sample, seed), modes, seed, of_key, show_progress=show_progress)
        return leading if isinstance(state, list) else leading[keys[0]]
    if isinstance(sample, str):
        _check_auto(sample, tolerance, execution, directions)
        provenance["settings"] |= {"tolerance": tolerance}
        means = in_rounds(analyse, int(read.masks[0].sum()), tolerance, seed)
    else:
        means = analyse(sample, seed)
    if columns is not None:
        tracked = {key: DirectionalGradients.from_columns(one, columns) for key, one in means.items()}
        return tracked if isinstance(state, list) else tracked[keys[0]]
    return means if isinstance(state, list) else means[keys[0]]


def _execution_of(execution: Any) -> Execution:
    if execution is not None and not isinstance(execution, Execution):
        raise InvalidInputError(f"execution is {execution!r}; give sg.Execution(…), such as sg.Execution(workers=2).")
    return execution or Execution()


def _keys_of(network: Network, state: Any) -> list[StateKey]:
    """The states that are asked for, each once."""
    wanted = state if isinstance(state, list) else [state]
    if not wanted:
        raise InvalidInputError("state is an empty list; name at least one state, or leave state out.")
    return list(dict.fromkeys(network.state_key(one) for one in wanted))


def _groups_within(groups: Any, where: Any, lengths: np.ndarray) -> tuple[Groups, Groups]:
    """The groups as they were given, and cut down to the positions that are used; the faults of both together."""
    problems = Problems("the groups")
    uncut = problems.attempt(groups_of, groups, lengths)
    read = problems.attempt((uncut or groups_of(None, lengths)).within, where, lengths)
    problems.raise_if_any()
    return uncut, read


def _check_auto(sample: str, tolerance: float, execution: Execution, directions: object) -> None:
    problems = Problems("the sample")
    if sample != "auto":
        problems.add(f"sample is '{sample}'; give a number of positions, 'auto', or None for all")
    if not 0 < tolerance < 1:
        problems.add(f"tolerance is {tolerance}; give a part of σ_1 between 0 and 1, such as 0.05")
    if directions is not None:
        problems.add("sample='auto' looks at σ_1, which directions have not; give a number of positions")
    if execution.checkpoint_path is not None:
        problems.add("sample='auto' keeps no checkpoint; leave checkpoint_path out, or give a number of positions")
    problems.raise_if_any()


def _means(
    request: Request, embeddings: Embeddings | None, provenance: dict[str, Any], show_progress: bool
) -> dict[StateKey, StateGradients]:
    return {
        key: StateGradients.from_moments(sums, request, embeddings=embeddings, provenance=_of_state(provenance, key))
        for key, sums in _sums(request, provenance, show_progress).items()
    }


def _sums(request: Request, provenance: dict[str, Any], show_progress: bool) -> dict[StateKey, Moments]:
    """In this process, or shared out to several."""
    # a newer library does not make sums those of another analysis; the engine names what the cut is made of, part by part
    identity = {name: value for name, value in provenance.items() if name not in ("versions", "cut")}
    if request.execution.workers > 1:
        from stategrad.execution.processes import accumulate_in_processes

        return accumulate_in_processes(request, identity, show_progress=show_progress)
    total = len(request.positions.used)
    with tqdm(total=total, desc="state gradients", unit="position", disable=not show_progress) as bar:
        return accumulate(request, identity | {"workers": 1}, bar.update)


def _spectra(request: SpectraRequest, provenance: dict[str, Any], show_progress: bool) -> dict[StateKey, GroupSpectra]:
    provenance["settings"] |= {"blocks": request.blocks, "positions": len(request.labels.order)}
    counts = request.labels.counts(request.streams.remaining, request.delays)
    tables = accumulate_spectra(request, counts, show_progress=show_progress)
    return {
        key: GroupSpectra.from_table(
            table,
            counts,
            labels=request.labels.names,
            delays=request.delays,
            second_moment=request.second_moment,
            provenance=_of_state(provenance, key),
        )
        for key, table in tables.items()
    }


def _of_state(provenance: dict[str, Any], key: StateKey) -> str:
    return json.dumps(provenance | {"state": {"layer": key[0], "name": key[1]}})


def _refuse_beside_spectra(blocks: Any, **options: Any) -> None:
    """Name all options that go with means alone."""
    instead = {
        "where": "label some of the positions, with None for the others",
        "at": "leave it out",
        "segments": "leave it out",
        "directions": "leave them out",
        "sample": "label some of the positions, with None for the others",
        "checkpoint_path": "leave it out, or analyse part of the labels at a time",
        "workers": "leave it out, or analyse part of the labels in each of several processes",
    }
    problems = Problems("keep='spectrum'")
    for name, value in options.items():
        if value is not None and (name, value) != ("workers", 1):
            problems.add(f"{name} goes with keep='mean'; with keep='spectrum' {instead[name]}")
    if not isinstance(blocks, int) or blocks < 1:
        problems.add("with keep='spectrum' blocks cut each group's own positions; give a number of at least 1")
    problems.raise_if_any()


def delays_of(delays: int | Sequence[int], longest_stream: int) -> np.ndarray:
    """The delays in increasing order.

    Raises:
        InvalidInputError: none, negative ones, the same twice, or one that no stream is long enough for.
    """
    numbers = np.asarray(delays)
    chosen = np.arange(int(numbers)) if numbers.ndim == 0 and numbers.dtype.kind in "iu" else numbers
    problems = Problems("delays")
    if chosen.ndim != 1 or (len(chosen) and chosen.dtype.kind not in "iu"):
        problems.add(f"delays is {delays!r}; give a whole number, or a list of them")
    elif len(chosen) == 0:
        problems.add(f"delays is {delays}; give a count of at least 1, or a list of delays")
    elif (chosen < 0).any() or len(np.unique(chosen)) < len(chosen):
        problems.add(f"delays are {chosen.tolist()}; give each once, from 0 upwards")
    elif chosen.max() >= longest_stream:
        problems.add(f"delay {chosen.max()} needs a stream of {chosen.max() + 1} steps; the longest has {longest_stream}")
    problems.raise_if_any()
    return np.sort(chosen.astype(np.int64))


def block_numbers(blocks: int | Any, lengths: np.ndarray) -> np.ndarray:
    """A block per position, numbered from 0 without gaps."""
    if isinstance(blocks, float | str | None):
        raise InvalidInputError(f"blocks is {blocks!r}; give a whole number, or a block number per position.")
    if isinstance(blocks, int | np.integer):
        return assign_blocks(lengths, int(blocks))
    return numbered(blocks, lengths, "blocks")


def default_groups(inputs: Any) -> Mapping[str, Any] | None:
    """The word classes of a tagged corpus."""
    return inputs.groups() if getattr(inputs, "rules", ()) else None
