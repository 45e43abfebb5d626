"""Shards: contiguous parts of the used positions, each an analysis of its own whose sums add up to the whole.

    Σ_p w_p G_p = Σ_shards Σ_{p in shard} w_p G_p

Contiguous, so that each worker linearises its own part of the text and little else: of a long stream what lies before its part is
run without being linearised (a hundredth of the work of its gradients), streams without its positions are not read.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Int

from stategrad.gradients.groups import Strata
from stategrad.gradients.request import Request


@dataclass(frozen=True)
class Shard:
    """A part of an analysis.

    Attributes:
        request: the same analysis of fewer positions; their weights are those of the whole.
        blocks: which blocks they lie in. The shard has sums for these alone, numbered anew in this order.
    """

    request: Request
    blocks: Int[np.ndarray, " own"]


def shards_of(request: Request, count: int) -> list[Shard]:
    """At most `count` shards of about the same work, in the order of the text.

    The work of a position is the number of delays that it is propagated for: fewer than asked near the end of its stream.
    """
    used, strata = request.positions.used, request.strata
    work = np.cumsum(request.positions.remaining[used].clip(max=int(request.delays[-1]) + 1))
    ends = np.searchsorted(work, work[-1] * np.arange(1, count) / count) + 1
    shards = []
    for part in np.split(used, ends):
        if len(part) == 0:
            continue
        blocks = np.unique(strata.block[strata.of_position[part]])
        own = Strata(strata.of_position, strata.members, np.searchsorted(blocks, strata.block))
        positions = replace(request.positions, used=part)
        shards.append(Shard(replace(request, strata=own, positions=positions, blocks=len(blocks)), blocks))
    return shards
