"""Milliseconds per position of the engine, of its ceiling and of every peer, timed in turns."""

from __future__ import annotations

import math
import os
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import torch

from benchmarks.ceiling import ceiling
from benchmarks.clock import Contender, Timing, in_turns, repeated, seconds_of
from benchmarks.peers import AUTHORS, FORWARD, JACOBIAN, JAX, REVERSE, Peer, Windows, windows_of
from benchmarks.workload import Workload, engine, engine_result, execution

ENGINE, ENGINE_MOMENTS = "stategrad, float32", "stategrad, float32, second moments"
BY_POSITION = "stategrad, float32, position by position"
CEILING_BY_STEP = "ceiling: bare products, float32, step by step"
CEILING, CEILING_BFLOAT16 = "ceiling: bare products, float32", "ceiling: bare products, bfloat16"
BFLOAT16, BFLOAT16_MOMENTS = "stategrad, bfloat16 products", "stategrad, bfloat16 products, second moments"

BATCHES = (1, 4, 16)
"""Windows that a batched peer is tried with; it competes in the size that suits it best."""

ONE_BY_ONE = (AUTHORS, JACOBIAN)
"""Peers that take their windows one after the other, whatever the batch."""


def contest(workload: Workload, *, rounds: int, seconds: float, threads: int) -> dict[str, Timing]:
    """Time everyone in turns.

    Args:
        workload: the engine reads all of its text; peers read windows from its start.
        rounds: how often.
        seconds: what a peer may spend in a round; a single window is timed however long it takes.
        threads: of everyone, JAX included.
    """
    embedding, hidden = workload.model.input_size, workload.model.hidden_size
    contenders = [
        engine(ENGINE, workload),
        engine(ENGINE_MOMENTS, workload, second_moment=True),
        engine(BY_POSITION, workload, execution=execution(compile=True, sweep=False)),
    ]
    kinds = [(CEILING, torch.float32)]
    if has_bfloat16_units():
        kinds.append((CEILING_BFLOAT16, torch.bfloat16))
        contenders.append(engine(BFLOAT16, workload, precision="bfloat16"))
        contenders.append(engine(BFLOAT16_MOMENTS, workload, precision="bfloat16", second_moment=True))
    for warm_up in contenders:
        warm_up.run()
    contenders += [ceiling(name, embedding, hidden, workload.delays, dtype, min(1.0, seconds)) for name, dtype in kinds]
    contenders.append(ceiling(CEILING_BY_STEP, embedding, hidden, workload.delays, torch.float32, min(1.0, seconds), outputs=2))
    windows = windows_of(workload.model, workload.vectors[: workload.delays + max(BATCHES)], workload.delays)
    with limited_to(threads):
        peers = REVERSE | FORWARD | jax_peer()
        contenders += [_peer(name, peer, workload, windows, seconds) for name, peer in peers.items()]
    return in_turns(contenders, rounds)


def jax_peer() -> dict[str, Peer]:
    """JAX by its name in tables, or nothing where it is not installed."""
    try:
        from benchmarks.peer_jax import jax_jacfwd
    except ModuleNotFoundError:
        return {}
    return {JAX: jax_jacfwd}


def has_bfloat16_units() -> bool:
    """Whether the processor multiplies matrices in bfloat16 by units of its own: where it does, they beat float32."""
    times: dict[torch.dtype, list[float]] = {torch.float32: [], torch.bfloat16: []}
    arrays = {dtype: torch.randn(1024, 1024).to(dtype) for dtype in times}
    for _ in range(6):
        for dtype, array in arrays.items():
            times[dtype].append(seconds_of(partial(torch.mm, array, array)))
    return statistics.median(times[torch.bfloat16]) < 0.67 * statistics.median(times[torch.float32])


def bfloat16_error(workload: Workload) -> float:
    """Largest relative Frobenius distance over delays between the means with products in bfloat16 and in float64."""
    exact = engine_result(workload, precision="float64").mean.sel(group="all").astype(float)
    rounded = engine_result(workload, precision="bfloat16").mean.sel(group="all").astype(float)
    distance = ((rounded - exact) ** 2).sum(["state", "embedding"]) / (exact**2).sum(["state", "embedding"])
    return math.sqrt(float(distance.max()))


def _peer(name: str, peer: Peer, workload: Workload, windows: Windows, seconds: float) -> Contender:
    """A peer in its best batch: a larger one is tried where two calls of it should fit into a round."""
    best, fastest = 1, float("inf")
    for size in BATCHES if name not in ONE_BY_ONE else BATCHES[:1]:
        chosen = windows.batch(0, size)
        peer(workload.model, chosen)
        taken = seconds_of(partial(peer, workload.model, chosen))
        if taken / size < fastest:
            best, fastest = size, taken / size
        if 2 * taken * BATCHES[1] > seconds:
            break
    return repeated(name, partial(peer, workload.model, windows.batch(0, best)), best, seconds)


@contextmanager
def limited_to(threads: int) -> Iterator[None]:
    """Only `threads` processors for the threads that are started here: JAX makes as many as it sees processors."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(allowed)[:threads])
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)
