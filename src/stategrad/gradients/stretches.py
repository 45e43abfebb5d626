"""Stretches of text: as much of it as is linearised at once, so that memory does not grow with the length of the text."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from stategrad.cells.network import Network, States
from stategrad.gradients.streams import Streams

BYTES_OF_RECORD = 10 * 2**20  # what the record of one stretch may take, beyond the delays that follow it
LEAST_STEPS = 256


@dataclass(frozen=True)
class Stretch:
    """A linearised piece of text with the positions that are propagated from it.

    A row is a step of the piece, stream after stream.

    Attributes:
        inputs: the input vector of each row.
        carried: the state before each stream's first row, shape (stream, state) per layer and name.
        states: the state after each row, per layer and name.
        records: per layer, what it recorded of all rows, and a last row of zeros: with it a tangent vanishes, which is how a
            position falls silent at the end of its stream.
        positions: positions of the text that start here.
        rows: for each of them its row.
    """

    inputs: Float[Tensor, "row embedding"]
    carried: States
    states: tuple[dict[str, Float[Tensor, "row _"]], ...]
    records: tuple[Float[Tensor, "row+1 ..."], ...]
    positions: Int[np.ndarray, " used"]
    rows: Int[np.ndarray, " used"]

    @property
    def silent(self) -> int:
        """The row of zeros."""
        return len(self.records[0]) - 1

    def before(self, rows: Int[np.ndarray, " part"]) -> States:
        """The state before each of `rows`, shape (part, state) per layer and name."""
        streams = len(next(iter(self.carried[0].values())))
        stream, step = np.divmod(rows, len(self.inputs) // streams)
        first = torch.from_numpy(step == 0)[:, None]
        previous, place = torch.from_numpy(np.maximum(rows - 1, 0)), torch.from_numpy(stream)
        return [
            {name: torch.where(first, layer[name][place], after[name][previous]) for name in after}
            for layer, after in zip(self.carried, self.states, strict=True)
        ]


@dataclass(frozen=True)
class Piece:
    """A part of the work, between two checkpoints: some positions of a stretch.

    Attributes:
        stretch: where they lie.
        chosen: which of the positions that start there.
    """

    stretch: Stretch
    chosen: Int[np.ndarray, " chosen"]

    @property
    def positions(self) -> int:
        """How many there are."""
        return len(self.chosen)


def stretches(streams: Streams, used: Int[np.ndarray, " used"], longest_delay: int, initial: States) -> Iterator[Stretch]:
    """Linearise the text piece by piece, in an order that fills the machine: short streams together, long ones in parts.

    Streams without a used position are left out; of a long stream what lies before its first used position, and parts without
    one, are run and not linearised, and what lies behind the last is not read.

    Args:
        streams: the text.
        used: positions to propagate, sorted.
        longest_delay: steps of look-ahead behind the last position of a stretch.
        initial: the state before each stream's first step, shape (stream, state) per layer and name.
    """
    network = streams.network
    budget = max(BYTES_OF_RECORD // bytes_per_step(network), longest_delay, LEAST_STEPS)
    lengths, starts = streams.lengths, streams.starts
    busy = np.unique(np.searchsorted(starts, used, side="right") - 1)
    for batch in (busy[places] for places in batches(lengths[busy], budget)):
        state: States = [{name: value[batch] for name, value in layer.items()} for layer in initial]
        first, last, size = 0, int(lengths[batch].max()), int(lengths[batch].max())
        if len(batch) == 1:
            own = _between(used, int(starts[batch[0]]), int(starts[batch[0]] + last)) - starts[batch[0]]
            first, last, size = int(own[0]), int(own[-1]) + 1, budget
            state = _carry(streams, int(batch[0]), (0, first), state, budget)
        for start in range(first, last, size):
            stop = min(start + size, last)
            chosen = [_between(used, int(starts[s]) + start, int(starts[s] + min(stop, lengths[s]))) for s in batch]
            if not any(map(len, chosen)):
                state = _carry(streams, int(batch[0]), (start, stop), state, budget)
                continue
            ahead = min(stop + longest_delay, int(lengths[batch].max()))
            parts = [streams.vectors(int(s), start, ahead) for s in batch]
            inputs = torch.nn.utils.rnn.pad_sequence(parts, batch_first=True)
            layers = network.linearise(inputs, state)
            carried, state = state, [{name: value[:, stop - start - 1] for name, value in layer.states.items()} for layer in layers]
            rows = [
                positions - starts[s] - start + place * (ahead - start)
                for place, (s, positions) in enumerate(zip(batch, chosen, strict=True))
            ]
            records = tuple(with_silent_row(layer.record) for layer in layers)
            states = tuple({name: value.flatten(0, 1) for name, value in layer.states.items()} for layer in layers)
            stretch = Stretch(inputs.flatten(0, 1), carried, states, records, np.concatenate(chosen), np.concatenate(rows))
            del inputs, layers, states, records  # while the next stretch is linearised nobody holds the last
            yield stretch
            del stretch


def _carry(streams: Streams, stream: int, steps: tuple[int, int], state: States, budget: int) -> States:
    """The state after steps from which nothing is propagated; they are run and not linearised."""
    for start in range(*steps, budget):
        state = streams.network.run(streams.vectors(stream, start, min(start + budget, steps[1]))[None], state)
    return state


def batches(lengths: Int[np.ndarray, " stream"], budget: int) -> Iterator[Int[np.ndarray, " batch"]]:
    """Streams of like length together, as many as the budget of steps holds with padding; at least one."""
    order = np.argsort(-lengths, kind="stable")
    first = 0
    while first < len(order):
        many = max(1, budget // int(lengths[order[first]]))
        yield order[first : first + many]
        first += many


def bytes_per_step(network: Network) -> int:
    """What all layers record of one step."""
    return sum(math.prod(cell.record_shape) for cell in network.cells) * network.dtype.itemsize


def _between(used: Int[np.ndarray, " used"], low: int, high: int) -> Int[np.ndarray, " part"]:
    first, last = np.searchsorted(used, [low, high])
    return used[first:last]


def with_silent_row(record: Float[Tensor, "stream time ..."]) -> Float[Tensor, "row ..."]:
    """The record of all steps, stream after stream, and a row of zeros."""
    rows = record.flatten(0, 1)
    return torch.cat([rows, torch.zeros_like(rows[:1])])
