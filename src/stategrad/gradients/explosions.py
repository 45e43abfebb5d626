"""Gradients that leave the range of their numbers: they are said, not averaged into silence."""

from __future__ import annotations

import warnings


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
