"""Groups of positions that are averaged together, and the strata in which the engine adds them up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool, Int, Shaped

from stategrad.errors import InvalidInputError

ALL = "all"


@dataclass(frozen=True)
class Groups:
    """Sets of positions, which may overlap.

    Attributes:
        labels: a name per group; the first is `"all"`, which holds every position that is used.
        masks: which positions belong to each.
    """

    labels: tuple[str, ...]
    masks: Bool[np.ndarray, "group position"]

    def within(self, where: Any, lengths: Int[np.ndarray, " stream"]) -> Groups:
        """The groups cut down to some positions, `"all"` too.

        Args:
            where: a boolean mask in the shape of the inputs; None for every position.
            lengths: steps per stream.

        Raises:
            InvalidInputError: a shape that does not fit, no position at all, a group of which nothing is left.
        """
        if where is None:
            return self
        masks = self.masks & mask_of(where, lengths, "where")
        if not masks[0].any():
            raise InvalidInputError("where holds no position; give a boolean mask that is true somewhere, or leave it out.")
        empty = [label for label, mask in zip(self.labels, masks, strict=True) if not mask.any()]
        if empty:
            raise InvalidInputError(f"groups without a position in where: {', '.join(empty)}; leave them out.")
        return Groups(self.labels, masks)


def groups_of(groups: Any, lengths: Int[np.ndarray, " stream"]) -> Groups:
    """Read a user's groups.

    Args:
        groups: None; or labels in the shape of the inputs (None or NaN: in no group); or `{label: boolean mask}`, each in the
            shape of the inputs. Several streams take one array each.
        lengths: steps per stream.

    Raises:
        InvalidInputError: a label `"all"`, a shape that does not fit, a group without positions.
    """
    size = int(lengths.sum())
    everything = np.ones((1, size), dtype=bool)
    if groups is None:
        return Groups((ALL,), everything)
    if isinstance(groups, Mapping):
        named = {str(label): mask_of(mask, lengths, f"the mask of group '{label}'") for label, mask in groups.items()}
    else:
        named = labels_of(flat(groups, lengths, "groups"))
    if ALL in named:
        raise InvalidInputError("groups use the label 'all', which always stands for every position; give that group another name.")
    empty = [label for label, mask in named.items() if not mask.any()]
    if empty:
        raise InvalidInputError(f"groups without a position: {', '.join(empty)}; leave them out.")
    return Groups((ALL, *named), np.concatenate([everything, *(mask[None] for mask in named.values())]))


def labels_of(labels: np.ndarray) -> dict[str, Bool[np.ndarray, " position"]]:
    """For every label that occurs, in sorted order, where it does; None and NaN are no labels, the words "None" and "nan" are."""
    labelled = ~pd.isna(labels)
    texts = np.array([str(label) for label in labels])
    return {str(label): labelled & (texts == label) for label in np.unique(texts[labelled])}


def flat(values: Any, lengths: Int[np.ndarray, " stream"], what: str) -> np.ndarray:
    """Per-position values of all streams, one after the other, from the shapes that the inputs may have.

    Raises:
        InvalidInputError: a length that is not the streams'.
    """
    if isinstance(values, str) or not hasattr(values, "__len__") or getattr(values, "ndim", 1) == 0:
        raise InvalidInputError(f"{what} is {values!r}; give a value per position, in the shape of the inputs.")
    if not isinstance(values, np.ndarray) and len(values) == len(lengths) and all(np.ndim(v) == 1 for v in values):
        parts = [_array_of(part) for part in values]
    else:
        array = _array_of(values)
        parts = list(array) if array.ndim == 2 else [array]
    received = [len(part) for part in parts]
    if received != lengths.tolist():
        raise InvalidInputError(f"{what} has lengths {_short(received)}; the streams have {_short(lengths.tolist())}.")
    return np.concatenate(parts)


def mask_of(values: Any, lengths: Int[np.ndarray, " stream"], what: str) -> Bool[np.ndarray, " position"]:
    """A mask of all streams' positions; 0 and 1 stand for False and True.

    Raises:
        InvalidInputError: a length that is not the streams', or values that are neither true nor false, such as labels or NaN.
    """
    given = flat(values, lengths, what)
    if given.dtype == bool:
        return given
    kinds = bool, int, float, np.bool_, np.number
    neither = [value for value in pd.unique(given) if not isinstance(value, kinds) or value not in (0, 1)]
    if neither:
        raise InvalidInputError(f"{what} holds '{neither[0]}'; a mask is True or False at every position.")
    return given.astype(bool)


def _array_of(values: Any) -> np.ndarray:
    """Values as an array, in which a missing one among words stays missing: NumPy would make it the word "nan"."""
    array = np.asarray(values)
    return array if array.dtype.kind not in "US" or isinstance(values, np.ndarray) else np.asarray(values, dtype=object)


def numbered(values: Any, lengths: Int[np.ndarray, " stream"], what: str) -> Int[np.ndarray, " position"]:
    """Values per position as numbers from 0 without gaps, in the order of the values.

    Raises:
        InvalidInputError: a length that is not the streams', or a position without a value.
    """
    given = flat(values, lengths, what)
    missing = int(pd.isna(given).sum())
    if missing:
        raise InvalidInputError(f"{what} has no value (None or NaN) at {missing} of {len(given)} positions; give one for each.")
    _, numbers = np.unique(given, return_inverse=True)
    return numbers


def _short(numbers: Sequence[int]) -> str:
    listed = ", ".join(map(str, numbers[:5]))
    return listed if len(numbers) <= 5 else f"{listed}, … ({len(numbers)} in all)"


@dataclass(frozen=True)
class Strata:
    """The text cut by every distinction that is asked for: positions of one stratum share their block and all their groups.

    Sums are added per run of one stratum, so that a position that is in several groups is propagated once.

    Attributes:
        of_position: the stratum of each position.
        members: for each stratum the groups that it belongs to.
        block: for each stratum its block.
    """

    of_position: Int[np.ndarray, " position"]
    members: tuple[tuple[int, ...], ...]
    block: Int[np.ndarray, " stratum"]

    @property
    def count(self) -> int:
        """How many strata there are."""
        return len(self.members)


def stratify(groups: Groups, block_of_position: Int[np.ndarray, " position"]) -> Strata:
    """Cut the positions into strata, the combinations of group memberships and block that occur."""
    signature = np.packbits(groups.masks, axis=0).T
    keys = np.concatenate([block_of_position[:, None].astype(">u4").view(np.uint8), signature], axis=1)
    rows = np.ascontiguousarray(keys).view(np.dtype((np.void, keys.shape[1]))).ravel()
    _, first, of_position = np.unique(rows, return_index=True, return_inverse=True)
    members = tuple(tuple(np.flatnonzero(groups.masks[:, position]).tolist()) for position in first)
    return Strata(of_position, members, block_of_position[first])


def per_group_and_block(
    values: Shaped[np.ndarray, "*conditions stratum delay"], strata: Strata, *, groups: int, blocks: int
) -> Shaped[np.ndarray, "group *conditions block delay"]:
    """Add up what belongs to each group and block; a stratum counts in every group that it is a member of."""
    total = np.zeros((groups, *values.shape[:-2], blocks, values.shape[-1]), dtype=values.dtype)
    for stratum, members in enumerate(strata.members):
        total[list(members), ..., strata.block[stratum], :] += values[..., stratum, :]
    return total
