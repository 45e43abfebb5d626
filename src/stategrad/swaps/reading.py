"""A model that reads a text of which some inputs are about to be changed: what swaps and pushes ask first, and sum up last."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Int, Num
from tqdm.auto import tqdm

from stategrad.cells.base import PRECISIONS
from stategrad.cells.network import Network, StateKey, States, network_of
from stategrad.errors import InvalidInputError, check_choice
from stategrad.gradients.conditions import Conditions, conditions_of
from stategrad.gradients.groups import Groups, Strata, groups_of, per_group_and_block, stratify
from stategrad.gradients.provenance import provenance_of
from stategrad.gradients.sampling import Positions, choose_positions
from stategrad.gradients.state_gradients import block_numbers, default_groups, delays_of
from stategrad.gradients.streams import Streams, streams_of, vector_size
from stategrad.gradients.stretches import Stretch, stretches

RESOLVED = 10
"""Effects below so many times the resolution are rounding in part: about a hundredth of their square, or more."""


@dataclass(frozen=True)
class Batch:
    """Positions that advance together, those with the most delays ahead first.

    Attributes:
        stretch: where they lie.
        chosen: indices into `stretch.positions`.
        remaining: for each, how many delays are followed; falling.
    """

    stretch: Stretch
    chosen: Int[np.ndarray, " position"]
    remaining: Int[np.ndarray, " position"]

    @property
    def places(self) -> Int[np.ndarray, " position"]:
        """The positions in the text."""
        return self.stretch.positions[self.chosen]

    @property
    def rows(self) -> Int[np.ndarray, " position"]:
        """The positions as rows of the stretch."""
        return self.stretch.rows[self.chosen]


@dataclass(frozen=True)
class Reading:
    """A model and a text, read and checked.

    Attributes:
        model: as the user gave it.
        inputs: likewise.
        network: the model's.
        key: the state that is compared.
        streams: the text.
        delays: in increasing order.
        initial: the state before each stream.
        precision: of the states.
    """

    model: Any
    inputs: Any
    network: Network
    key: StateKey
    streams: Streams
    delays: Int[np.ndarray, " delay"]
    initial: States
    precision: str

    @classmethod
    def of(
        cls,
        model: Any,
        inputs: Any,
        *,
        delays: int | Sequence[int],
        state: str | StateKey | None,
        precision: str,
        initial_state: Any,
    ) -> Reading:
        """Read what the user gave; raises `InvalidInputError` as `state_gradients` does."""
        check_choice("precision", precision, ("float32", "float64"))
        network = network_of(model, PRECISIONS[precision], input_size=vector_size(inputs), initial_state=initial_state)
        key, streams = network.state_key(state), streams_of(inputs, network)
        chosen = delays_of(delays, int(streams.lengths.max()))
        return cls(
            model, inputs, network, key, streams, chosen, network.initial_state(initial_state, len(streams.lengths)), precision
        )

    @property
    def longest(self) -> int:
        """How many steps the positions advance."""
        return int(self.delays[-1]) + 1

    def choose(
        self,
        groups: Any,
        *,
        blocks: int | Any,
        sample: int | None,
        seed: int,
        where: Any = None,
        possible: Bool[np.ndarray, " position"] | None = None,
        at: Any = None,
    ) -> Chosen:
        """The positions whose inputs are changed.

        Args:
            groups: as the user gave them; None for the word classes of a corpus.
            blocks: how many, or a number per position.
            sample: how many positions to draw; None for all.
            seed: of the draw.
            where: to which the user cuts the groups down.
            possible: the positions that can be changed; a group of which none is left is empty.
            at: the steps whose state is compared.
        """
        lengths = self.streams.lengths
        read = groups_of(default_groups(self.inputs) if groups is None else groups, lengths).within(where, lengths)
        if possible is not None:
            read = Groups(read.labels, read.masks & possible)
        block_of = block_numbers(blocks, lengths)
        strata = stratify(read, block_of)
        conditions = conditions_of(at, None, lengths)
        if conditions.dims:
            raise InvalidInputError("at has labels, and swaps know one set of steps; pass a boolean mask.")
        positions = choose_positions(strata, lengths, self.delays, conditions, sample=sample, seed=seed)
        return Chosen(read, block_of, strata, conditions, positions)

    def batches(
        self, used: Int[np.ndarray, " used"], remaining: Int[np.ndarray, " used"], size: int, *, what: str, show_progress: bool
    ) -> Iterator[Batch]:
        """The text stretch by stretch, and in each the positions in batches, with a progress bar that counts them.

        Args:
            used: the positions, in the order of the text.
            remaining: how many delays each may be followed.
            size: of a batch, at most.
            what: happens to the inputs: "swaps".
            show_progress: show the bar.
        """
        with tqdm(total=len(used), desc=what, unit="position", disable=not show_progress) as bar:
            for stretch in stretches(self.streams, used, self.longest, self.initial):
                left = remaining[np.searchsorted(used, stretch.positions)].clip(max=self.longest)
                order = np.lexsort((stretch.positions, -left))
                for first in range(0, len(order), size):
                    part = order[first : first + size]
                    yield Batch(stretch, part, left[part])
                    bar.update(len(part))

    def squares(self, batch: Batch) -> float:
        """`Σ ‖s‖²` of the states after the positions of a batch."""
        states = batch.stretch.states[self.key[0]][self.key[1]][torch.from_numpy(batch.rows)]
        return float(torch.linalg.vector_norm(states, dtype=torch.float64).square())

    def resolution(self, squares: float, positions: int) -> float:
        """What numbers of the precision resolve of a state, `ε √E‖s‖²`, from the sum of `squares` over so many positions."""
        return float(torch.finfo(self.network.dtype).eps * np.sqrt(squares / max(positions, 1)))

    def provenance(self, chosen: Chosen, **settings: Any) -> str:
        """Where a result comes from, as JSON."""
        facts = provenance_of(
            self.model, self.inputs, self.streams, precision=self.precision, blocks=chosen.blocks,
            positions=len(chosen.positions.used), population=self.streams.size, **settings,
        )  # fmt: skip
        return json.dumps(facts | {"state": {"layer": self.key[0], "name": self.key[1]}})

    def check_finite(self, sums: Num[np.ndarray, "*shape delay"], what: str, otherwise: str) -> None:
        """Raise `InvalidInputError` where a sum left the range of its numbers: the states explode.

        Args:
            sums: the delay is the last axis.
            what: happened to the inputs: "a swap".
            otherwise: what to do beside asking for fewer delays.
        """
        broken = ~np.isfinite(sums).all(axis=tuple(range(sums.ndim - 1)))
        if broken.any():
            raise InvalidInputError(
                f"the states {self.key} are beyond {self.network.dtype} after {what}, from delay "
                f"{self.delays[broken.argmax()]}: they explode; ask for fewer delays, {otherwise}."
            )


@dataclass(frozen=True)
class Chosen:
    """The positions whose inputs are changed, and how they are averaged.

    Attributes:
        groups: whose positions are averaged together.
        block_of: the block of each position.
        strata: the text cut by groups and blocks.
        conditions: at which steps states are compared.
        positions: those that are used, with their weights.
    """

    groups: Groups
    block_of: Int[np.ndarray, " position"]
    strata: Strata
    conditions: Conditions
    positions: Positions

    @property
    def blocks(self) -> int:
        """How many there are."""
        return int(self.block_of.max()) + 1

    def gathered(self, by_stratum: Num[np.ndarray, "*shape stratum delay"]) -> Num[np.ndarray, "group *shape block delay"]:
        """Sums per stratum as sums per group and block."""
        return per_group_and_block(by_stratum, self.strata, groups=len(self.groups.labels), blocks=self.blocks)

    @cached_property
    def weights(self) -> Num[np.ndarray, "stratum delay"]:
        """How many positions of the text each used one stands for."""
        return self.positions.weights[0]

    @property
    def used(self) -> Int[np.ndarray, "group block delay"]:
        """How many positions were changed."""
        return self.gathered(self.positions.used_count[0])

    @property
    def population(self) -> Int[np.ndarray, "group block delay"]:
        """How many there are in the text."""
        return self.gathered(self.positions.population[0])

    @property
    def represented(self) -> Int[np.ndarray, "group block delay"]:
        """How many of those lie in strata of which some were used."""
        used, population = self.positions.used_count[0], self.positions.population[0]
        return self.gathered(np.where(used > 0, population, 0))
