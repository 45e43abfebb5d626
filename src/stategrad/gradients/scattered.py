"""Stretches for positions in any order: each is linearised anew from the last kept state before it.

One forward pass over the text keeps the state before every 32nd step, of all layers: 64 bytes a token for an LSTM of 256 units in
float32. A position t then costs the linearisation of `t mod 32` steps that lead to it, and of those that follow.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Int

from stategrad.cells.network import States
from stategrad.gradients.streams import Streams
from stategrad.gradients.stretches import BYTES_OF_RECORD, LEAST_STEPS, Stretch, batches, bytes_per_step, with_silent_row

EVERY = 32


@dataclass(frozen=True)
class KeptStates:
    """The states before steps 0, 32, 64, … of every stream.

    Attributes:
        states: per layer and name, shape (kept, state), stream after stream.
        starts: the first row of each stream.
    """

    states: States
    starts: Int[np.ndarray, " stream"]


@torch.no_grad()
def keep_states(streams: Streams, initial: States) -> KeptStates:
    """Run the network over all streams once.

    Args:
        streams: the text.
        initial: the state before each stream's first step, shape (stream, state) per layer and name.
    """
    network, lengths = streams.network, streams.lengths
    rows = -(-lengths // EVERY)
    starts = np.cumsum(rows) - rows
    kept: States = [
        {name: value.new_empty(int(rows.sum()), *value.shape[1:]) for name, value in layer.items()} for layer in initial
    ]
    budget = EVERY * (max(BYTES_OF_RECORD // bytes_per_step(network), LEAST_STEPS) // EVERY)
    for batch in batches(lengths, budget):
        state: States = [{name: value[batch] for name, value in layer.items()} for layer in initial]
        steps = int(lengths[batch].max())
        for start in range(0, steps, budget):
            parts = [streams.vectors(int(s), start, min(start + budget, steps)) for s in batch]
            layers = network.linearise(torch.nn.utils.rnn.pad_sequence(parts, batch_first=True), state)
            for own, before, layer in zip(kept, state, layers, strict=True):
                for name, after in layer.states.items():
                    at_32 = torch.cat([before[name][:, None], after[:, EVERY - 1 : -1 : EVERY]], dim=1)
                    for place, (s, part) in enumerate(zip(batch, parts, strict=True)):
                        first, many = int(starts[s]) + start // EVERY, -(-len(part) // EVERY)
                        own[name][first : first + many] = at_32[place, :many]
            state = [{name: value[:, -1] for name, value in layer.states.items()} for layer in layers]
    return KeptStates(kept, starts)


def scattered(
    streams: Streams, positions: Int[np.ndarray, " used"], longest_delay: int, kept: KeptStates, *, multiple: int = 1
) -> Iterator[Stretch]:
    """Linearise around positions in the order given, as many at a time as about 64 MiB of records hold.

    Args:
        streams: the text.
        positions: in any order.
        longest_delay: how many steps from each position on are wanted.
        kept: the states to start from.
        multiple: all stretches but the last hold a multiple of so many positions.
    """
    network = streams.network
    room = BYTES_OF_RECORD // ((EVERY + longest_delay) * bytes_per_step(network))
    many = multiple * max(1, room // multiple)
    for first in range(0, len(positions), many):
        chosen = positions[first : first + many]
        stream = np.searchsorted(streams.starts, chosen, side="right") - 1
        step = chosen - streams.starts[stream]
        _, one_of, place = np.unique(kept.starts[stream] + step // EVERY, return_index=True, return_inverse=True)
        steps = int((step % EVERY).max()) + longest_delay
        begins = step[one_of] // EVERY * EVERY
        parts = [streams.vectors(int(s), int(t), int(t) + steps) for s, t in zip(stream[one_of], begins, strict=True)]
        row = kept.starts[stream[one_of]] + begins // EVERY
        state: States = [{name: value[row] for name, value in layer.items()} for layer in kept.states]
        padded = torch.nn.utils.rnn.pad_sequence(parts, batch_first=True)
        layers = network.linearise(padded, state)
        records = tuple(with_silent_row(layer.record) for layer in layers)
        states = tuple({name: value.flatten(0, 1) for name, value in layer.states.items()} for layer in layers)
        yield Stretch(padded.flatten(0, 1), state, states, records, chosen, place * padded.shape[1] + step % EVERY)
