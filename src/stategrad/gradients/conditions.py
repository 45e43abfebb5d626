"""Conditions on a pair of positions: where the input was read, and where the state is.

A group says which inputs count, whatever the delay. A condition may ask for the state's position too: that the current word is
a verb, or that input and state lie in one sentence. Each combination of them is averaged on its own.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Int

from stategrad.errors import InvalidInputError
from stategrad.gradients.groups import flat, labels_of, numbered

BOUNDARY = ("any", "within", "across")


@dataclass(frozen=True)
class Conditions:
    """The conditions of an analysis; without any, every pair of positions in one stream counts.

    Attributes:
        state_groups: by label, the steps t whose state is read; the label None where there is but one set, without a dimension.
        segments: a number per position; pairs are told apart by whether both have the same. None where that is not asked.
    """

    state_groups: Mapping[str | None, Bool[np.ndarray, " position"]]
    segments: Int[np.ndarray, " position"] | None

    @property
    def dims(self) -> dict[str, list[str]]:
        """The dimensions that the conditions add to a result, with their labels."""
        named = [label for label in self.state_groups if label is not None]
        dims = {"state_group": named} if named else {}
        return dims | ({"boundary": list(BOUNDARY)} if self.segments is not None else {})

    @property
    def count(self) -> int:
        """How many combinations there are."""
        return math.prod(len(labels) for labels in self.dims.values())

    @property
    def arrays(self) -> list[np.ndarray]:
        """All that tells these conditions from others, but the labels."""
        return [*self.state_groups.values(), *([] if self.segments is None else [self.segments])]

    @property
    def trivial(self) -> bool:
        """Whether every pair counts."""
        return not self.state_groups and self.segments is None

    def masks(self, positions: Int[np.ndarray, " used"], delay: int) -> Bool[np.ndarray, "condition used"]:
        """Which of some input positions count at a delay; their states must lie inside the stream.

        The order of the combinations is that of `dims`, the last dimension running fastest.
        """
        states = positions + delay
        read = [mask[states] for mask in self.state_groups.values()] or [np.ones(len(positions), bool)]
        if self.segments is None:
            bounds = [np.ones(len(positions), bool)]
        else:
            within = self.segments[positions] == self.segments[states]
            bounds = [np.ones(len(positions), bool), within, ~within]
        return np.stack([a & b for a, b in itertools.product(read, bounds)])


def conditions_of(at: Any, segments: Any, lengths: Int[np.ndarray, " stream"]) -> Conditions:
    """Read a user's conditions.

    Args:
        at: None; a boolean mask in the shape of the inputs; or labels, each of which is a set of steps.
        segments: None; or a value per position, such as the number of its sentence.
        lengths: steps per stream.

    Raises:
        InvalidInputError: a shape that does not fit, or a mask or label without a step.
    """
    state_groups: dict[str | None, np.ndarray] = {}
    if at is not None:
        values = flat(at, lengths, "at")
        if values.dtype == bool:
            state_groups[None] = values
        else:
            state_groups.update(labels_of(values))
        if not state_groups or not all(mask.any() for mask in state_groups.values()):
            raise InvalidInputError("at selects no step; give a mask or labels that select some.")
    numbers = None
    if segments is not None:
        numbers = numbered(segments, lengths, "segments")
        # a number may come again in another stream, where it stands for another sentence
        numbers = numbers + np.repeat(np.arange(len(lengths)), lengths) * (numbers.max() + 1)
    return Conditions(state_groups, numbers)
