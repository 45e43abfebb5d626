"""Gradients that leave the range of their numbers: they are said, not averaged into silence."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np


def warn_of_explosion(group: str, delay: int, *, stacklevel: int) -> None:
    """Warn that means are NaN from a delay on.

    Args:
        group: where it shows.
        delay: from which on.
        stacklevel: how many calls lie between this one and the user's, which the warning names.
    """
    warnings.warn(
        f"gradients explode: beyond the range of their numbers from delay {delay} (group '{group}'); those means are NaN. "
        "Ask for fewer delays, or for precision='float64'.",
        RuntimeWarning,
        stacklevel=stacklevel,
    )


def mark_explosions(sums: np.ndarray, counts: np.ndarray, coords: Mapping[str, Any]) -> None:
    """Where a sum left the range of its numbers, set the whole mean to NaN, and warn.

    Args:
        sums: (group, condition, block, delay, …), changed in place.
        counts: (group, condition, block, delay).
        coords: the labels of groups and delays.
    """
    broken = ~np.isfinite(sums).all((-1, -2)).all(2)
    if not broken.any():
        return
    sums[np.broadcast_to(broken[:, :, None], counts.shape)] = np.nan
    group, _, delay = (axis[0] for axis in np.nonzero(broken))
    warn_of_explosion(str(coords["group"][group]), int(coords["delay"][delay]), stacklevel=6)
