"""What the sums of an analysis take, against what the machine has: said before any work."""

from __future__ import annotations

import os
from collections.abc import Sequence

import torch

from stategrad.cells.network import Network, StateKey
from stategrad.errors import InvalidInputError
from stategrad.measures.common_basis import ProductSizes


def check_memory(
    network: Network,
    keys: Sequence[StateKey],
    *,
    groups: int,
    conditions: int,
    blocks: int,
    delays: int,
    second_moment: bool,
    workers: int = 1,
    columns: int | None = None,
    sizes: ProductSizes | None = None,
) -> None:
    """Refuse an analysis whose sums, `groups × conditions × blocks × delays × E (H + E) × 8` bytes, are more than there is.

    Args:
        network: the model.
        keys: the states, each of which has sums of its own.
        groups: how many, with `"all"`.
        conditions: combinations of conditions on the state's position.
        blocks: how many.
        delays: how many.
        second_moment: whether `E × E` numbers are kept beside `E × H`.
        columns: that are kept of each gradient; None for all E.
        sizes: of the products that are kept instead of gradients, `r H` numbers a block and `(r + s) E` in all; None for none.
        workers: of several each has the sums of the blocks that it works on, and their total is a second copy.

    Raises:
        InvalidInputError: more than the machine's memory, or the device's where the weights lie on one.
    """
    E = network.embedding_size if columns is None else columns
    numbers = [E * (network.state_size(key) + E * second_moment) for key in keys]
    if sizes is not None:
        numbers = [sizes.basis * network.state_size(key) + sizes.rows * E // blocks for key in keys]
    per_cell = 8 * sum(numbers)
    copies = 2 if workers > 1 else 1
    needed, there = copies * groups * conditions * blocks * delays * per_cell, memory_of(network.device)
    if there is None or needed <= there:
        return
    counted = f"{groups:,} groups × {blocks:,} blocks × {delays:,} delays"
    counted += f" × {conditions} conditions" if conditions > 1 else ""
    counted += ", once in the workers and once in all," if workers > 1 else ""
    less = "fewer groups or blocks, " + ("second_moment=False, " if second_moment else "")
    raise InvalidInputError(
        f"the sums of {counted} take {needed / 1e9:,.1f} GB and there are {there / 1e9:,.1f} GB of memory; ask for {less}or "
        "keep='spectrum', which holds no means."
    )


def memory_of(device: torch.device) -> int | None:
    """Bytes of memory of a device, or of the machine for its processor; None where the system does not tell."""
    if device.type == "cuda":
        return int(torch.cuda.get_device_properties(device).total_memory)
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return None
