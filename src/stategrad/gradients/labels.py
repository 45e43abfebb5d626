"""Labels: at most one per position, as many as there are, such as every word of a vocabulary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Int

from stategrad.errors import InvalidInputError
from stategrad.gradients.groups import flat, mask_of


@dataclass(frozen=True)
class Labels:
    """Disjoint groups of positions, without a mask per group.

    Attributes:
        names: in sorted order, each with a position.
        of_position: the number of each position's label; -1 for a position without one.
    """

    names: tuple[str, ...]
    of_position: Int[np.ndarray, " position"]

    @cached_property
    def order(self) -> Int[np.ndarray, " used"]:
        """The labelled positions, label by label, each label's in the order of the text."""
        return np.argsort(self.of_position, kind="stable")[(self.of_position < 0).sum() :]

    @cached_property
    def sizes(self) -> Int[np.ndarray, " label"]:
        """Positions per label."""
        return np.bincount(self.of_position[self.order], minlength=len(self.names))

    @cached_property
    def rank(self) -> Int[np.ndarray, " position"]:
        """For every labelled position, how many of the same label lie before it; 0 for the others."""
        rank = np.zeros_like(self.of_position)
        rank[self.order] = np.arange(len(self.order)) - np.repeat(np.cumsum(self.sizes) - self.sizes, self.sizes)
        return rank

    def counts(self, remaining: Int[np.ndarray, " position"], delays: Int[np.ndarray, " delay"]) -> Int[np.ndarray, "label delay"]:
        """Positions per label whose state at each delay lies inside their stream."""
        counts = np.empty((len(self.names), len(delays)), dtype=np.int64)
        for column, delay in enumerate(delays):
            inside = self.order[remaining[self.order] > delay]
            counts[:, column] = np.bincount(self.of_position[inside], minlength=len(self.names))
        return counts


def labels_by_position(groups: Any, inputs: Any, lengths: Int[np.ndarray, " stream"]) -> Labels:
    """Read groups that do not overlap.

    Args:
        groups: labels in the shape of the inputs (None or NaN: in no group); or `{label: boolean mask}`; or None, for the words of
            a corpus.
        inputs: of the analysis.
        lengths: steps per stream.

    Raises:
        InvalidInputError: no groups, masks that overlap, a group without positions, a shape that does not fit.
    """
    if groups is None:
        vocabulary = getattr(inputs, "vocabulary", None)
        if vocabulary is None:
            raise InvalidInputError(
                "keep='spectrum' reduces each group on its own, and there are no groups; pass groups, a label per position."
            )
        words, of_position = np.unique(np.concatenate([np.asarray(stream) for stream in inputs.streams]), return_inverse=True)
        return _numbered([str(vocabulary.words[word]) for word in words], of_position)
    if isinstance(groups, Mapping):
        of_position = _of_masks(
            {str(label): mask_of(mask, lengths, f"the mask of group '{label}'") for label, mask in groups.items()}
        )
        return _numbered([str(label) for label in groups], of_position)
    return _numbered(*distinct_labels(flat(groups, lengths, "groups")))


def count_groups(groups: Any, lengths: Int[np.ndarray, " stream"]) -> int:
    """How many groups `groups_of` will find, with `"all"`, without a mask for each."""
    if groups is None or isinstance(groups, Mapping):
        return 1 + len(groups or ())
    return 1 + len(distinct_labels(flat(groups, lengths, "groups"))[0])


def distinct_labels(values: np.ndarray) -> tuple[list[str], Int[np.ndarray, " position"]]:
    """The labels that occur, and for each position the number of its own, or -1."""
    numbers: dict[str, int] = {}
    of_position = np.full(len(values), -1, dtype=np.int64)
    for position in np.flatnonzero(~pd.isna(values)):
        of_position[position] = numbers.setdefault(str(values[position]), len(numbers))
    return list(numbers), of_position


def _of_masks(masks: Mapping[str, np.ndarray]) -> Int[np.ndarray, " position"]:
    names, of_position = list(masks), np.full(0, -1, dtype=np.int64)
    for number, mask in enumerate(masks.values()):
        of_position = of_position if number else np.full(len(mask), -1, dtype=np.int64)
        inside = np.flatnonzero(mask)
        taken = inside[of_position[inside] >= 0]
        if len(taken):
            other = names[of_position[taken[0]]]
            raise InvalidInputError(
                f"groups '{other}' and '{names[number]}' share positions, the first of them {taken[0]}; with keep='spectrum' a "
                "position is in one group at most, pass keep='mean' for groups that overlap."
            )
        if not len(inside):
            raise InvalidInputError(f"groups without a position: {names[number]}; leave them out.")
        of_position[inside] = number
    return of_position


def _numbered(names: list[str], of_position: Int[np.ndarray, " position"]) -> Labels:
    """Labels in sorted order."""
    if not names:
        raise InvalidInputError("groups label no position; keep='spectrum' analyses labelled positions only.")
    order = sorted(range(len(names)), key=names.__getitem__)
    new = np.empty(len(names) + 1, dtype=np.int64)
    new[order], new[-1] = np.arange(len(names)), -1
    return Labels(tuple(names[number] for number in order), new[of_position])
