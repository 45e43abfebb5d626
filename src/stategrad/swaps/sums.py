"""Sums over strata as sums per group and block."""

from __future__ import annotations

import numpy as np
from jaxtyping import Shaped

from stategrad.gradients.groups import Strata


def per_group_and_block(
    values: Shaped[np.ndarray, "stratum delay"], strata: Strata, *, groups: int, blocks: int
) -> Shaped[np.ndarray, "group block delay"]:
    """Add up what belongs to each group and block; a stratum counts in every group that it is a member of."""
    total = np.zeros((groups, blocks, values.shape[1]), dtype=values.dtype)
    for stratum, members in enumerate(strata.members):
        total[list(members), strata.block[stratum]] += values[stratum]
    return total
