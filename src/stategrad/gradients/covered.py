"""Which positions of which text a result stands for, as unbroken stretches: small for a whole text, and exact for a part of one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from jaxtyping import Bool, Int

EDGES = ["text", "first", "end"]


def covered_by(mask: Bool[np.ndarray, " position"]) -> xr.DataArray:
    """The stretches of the first text (number 0) in which `mask` is true, (stretch, edge): text, first and past-last position.

    >>> covered_by(np.array([True, True, False, True])).values.tolist()
    [[0, 0, 2], [0, 3, 4]]
    """
    steps = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    first, end = steps[::2], steps[1::2]
    return _labelled(np.stack([np.zeros_like(first), first, end], axis=1))


def joined(parts: Sequence[Int[np.ndarray, "_ edge"]]) -> tuple[xr.DataArray, int]:
    """The stretches of several results as one, and how many positions occur in more than one of them.

    >>> both, shared = joined([np.array([[0, 0, 5], [1, 0, 3]]), np.array([[0, 5, 9], [1, 2, 4]])])
    >>> both.values.tolist(), shared
    ([[0, 0, 9], [1, 0, 4]], 1)
    """
    stretches = np.concatenate(parts)
    stretches = stretches[np.lexsort((stretches[:, 1], stretches[:, 0]))]
    whole: list[list[int]] = []
    shared = 0
    for text, first, end in stretches.tolist():
        if whole and whole[-1][0] == text and first <= whole[-1][2]:
            shared += min(end, whole[-1][2]) - first
            whole[-1][2] = max(end, whole[-1][2])
        else:
            whole.append([text, first, end])
    return _labelled(np.array(whole, dtype=np.int64).reshape(-1, len(EDGES))), shared


def _labelled(stretches: Int[np.ndarray, "stretch edge"]) -> xr.DataArray:
    return xr.DataArray(stretches, dims=("stretch", "edge"), coords={"edge": EDGES})
