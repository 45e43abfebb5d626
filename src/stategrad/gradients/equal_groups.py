"""Groups of equal size: what a small group shows more of, whatever it holds, is noise, and only equals compare."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from stategrad.errors import InvalidInputError, Problems


def equal_groups(groups: Mapping[str, Any], count: int | None = None, *, pseudo: int = 5, seed: int = 0) -> dict[str, Any]:
    """Draw the same number of positions from every group, and as many from the whole text for groups of nothing in particular.

    `σ_1` of a mean over few positions is larger than over many: at equal counts what is left of a difference is the groups'. The
    groups `any 1`, `any 2`, … show how large the measures are of words that have nothing in common.

    Args:
        groups: `{label: boolean mask}`, as `state_gradients` takes them.
        count: positions per group; default: what the smallest has.
        pseudo: how many groups of any positions there are.
        seed: of the draws.

    Returns:
        The masks of equal groups, in the form of the given ones, for `state_gradients(groups=…)`.

    Raises:
        InvalidInputError: no groups, a count below 1, or groups with fewer positions, all named.

    >>> drawn = equal_groups({"nouns": np.array([1, 1, 1, 0], bool), "verbs": np.array([0, 0, 0, 1], bool)}, pseudo=1)
    >>> {label: int(mask.sum()) for label, mask in drawn.items()}
    {'nouns': 1, 'verbs': 1, 'any 1': 1}
    """
    if not groups:
        raise InvalidInputError("there are no groups to draw from; give {label: boolean mask}.")
    flat = {label: _flat(mask) for label, mask in groups.items()}
    sizes = {label: int(mask.sum()) for label, mask in flat.items()}
    count = min(sizes.values()) if count is None else count
    problems = Problems("equal groups")
    if count < 1:
        problems.add(f"{count} positions per group are asked for; give at least 1, and leave out groups without any")
    few = [f"{label} ({size:,})" for label, size in sizes.items() if size < count]
    if few:
        problems.add(f"groups with fewer than {count:,} positions: {', '.join(few)}; leave them out, or ask for fewer positions")
    problems.raise_if_any()
    form = next(iter(groups.values()))
    everything = np.ones(len(next(iter(flat.values()))), dtype=bool)
    sources = flat | {f"any {number}": everything for number in range(1, pseudo + 1)}
    generator = np.random.default_rng(seed)
    return {label: _like(_drawn(mask, count, generator), form) for label, mask in sources.items()}


def _drawn(mask: np.ndarray, count: int, generator: np.random.Generator) -> np.ndarray:
    drawn = np.zeros(len(mask), dtype=bool)
    drawn[generator.choice(np.flatnonzero(mask), count, replace=False)] = True
    return drawn


def _flat(mask: Any) -> np.ndarray:
    """The positions of all streams in a row."""
    return np.concatenate([np.asarray(part, dtype=bool) for part in mask] if np.ndim(mask[0]) else [np.asarray(mask, dtype=bool)])


def _like(values: np.ndarray, form: Any) -> Any:
    """A row of positions in the form of a mask: one array, a stack of streams, or a sequence of unequal ones."""
    if isinstance(form, np.ndarray):
        return values.reshape(form.shape)
    if np.ndim(form[0]) == 0:
        return values
    return np.split(values, np.cumsum([len(part) for part in form])[:-1])
