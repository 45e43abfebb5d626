"""Drawing for every position of a text another position whose input takes its place."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Int
from torch import Tensor


def draw_another(
    types: Int[np.ndarray, " position"], pools: Int[np.ndarray, " position"], generator: np.random.Generator
) -> tuple[Int[np.ndarray, " position"], Bool[np.ndarray, " position"]]:
    """For each position p one drawn uniformly from those of p's pool whose input is of another type than p's.

    So a word is replaced in proportion to the frequencies of the pool's other words, and never by itself.

    Args:
        types: what stands at each position; equal numbers are equal inputs.
        pools: a number per position; both ends of a draw share it.
        generator: of the draws, one per position in the order of the text.

    Returns:
        The position drawn for each, and whether there was any to draw from; where there was none, a position is its own draw.

    >>> source, found = draw_another(np.array([4, 4, 7, 9]), np.array([0, 0, 0, 1]), np.random.default_rng(0))
    >>> source, found
    (array([2, 2, 1, 3]), array([ True,  True,  True, False]))
    """
    order = np.lexsort((types, pools))
    new_pool = np.diff(pools[order]) != 0
    pool_start, pool_stop = _runs(new_pool, order)
    type_start, type_stop = _runs(new_pool | (np.diff(types[order]) != 0), order)
    own = type_stop - type_start
    others = pool_stop - pool_start - own
    found = others > 0
    place = pool_start + generator.integers(np.maximum(others, 1))
    place += np.where(place >= type_start, own, 0)  # step over the positions of the same type
    source = np.arange(len(order))
    source[found] = order[place[found]]
    return source, found


def _runs(
    edges: Bool[np.ndarray, " gap"], order: Int[np.ndarray, " position"]
) -> tuple[Int[np.ndarray, " position"], Int[np.ndarray, " position"]]:
    """For each position where its run starts and stops among the places of the sorted text.

    Args:
        edges: between which neighbours of the sorted text a run ends.
        order: the position at each place.
    """
    starts = np.concatenate([[0], np.flatnonzero(edges) + 1])
    stops = np.concatenate([starts[1:], [len(order)]])
    start, stop = np.empty_like(order), np.empty_like(order)
    start[order], stop[order] = np.repeat(starts, stops - starts), np.repeat(stops, stops - starts)
    return start, stop


def types_of(table: Tensor) -> Int[np.ndarray, " position"]:
    """What stands at each position of a text: its id, or a number that equal vectors share."""
    values = table.detach().cpu()
    if not values.is_floating_point():
        return values.numpy().astype(np.int64)
    rows = np.ascontiguousarray((values.double() + 0.0).numpy())  # adding zero makes -0.0 and 0.0 the same bytes
    as_bytes = rows.view(np.dtype((np.void, rows.itemsize * rows.shape[1]))).ravel()
    return np.unique(as_bytes, return_inverse=True)[1]


def class_pools(classes: Bool[np.ndarray, "group position"]) -> Int[np.ndarray, " position"]:
    """A pool per combination of word classes: positions that are in exactly the same ones, or in none.

    >>> class_pools(np.array([[True, True, False, False], [True, False, True, False]])).tolist()
    [3, 2, 1, 0]
    """
    signatures = np.packbits(classes, axis=0).T
    return np.unique(signatures, axis=0, return_inverse=True)[1].reshape(-1)
