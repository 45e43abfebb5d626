"""An analysis shared out to processes of this machine, of one thread each.

joblib starts and keeps the processes: they are ready again for the next analysis, take models and functions that are defined in a
notebook, need no `if __name__ == "__main__"` in a script, and die with an interrupted analysis. scikit-learn depends on it anyway.
"""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from pickle import PicklingError
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from joblib import Parallel, delayed, parallel_config
from tqdm.auto import tqdm

from stategrad.cells.network import StateKey
from stategrad.errors import InvalidInputError, StategradError
from stategrad.execution.shards import Shard, shards_of
from stategrad.gradients.engine import accumulate, empty_moments
from stategrad.gradients.moments import Moments
from stategrad.gradients.request import Request

SECONDS_BETWEEN_LOOKS = 0.1

Sums = dict[StateKey, dict[str, Float[np.ndarray, "group condition own delay embedding _"]]]


def accumulate_in_processes(request: Request, identity: dict[str, Any], *, show_progress: bool) -> dict[StateKey, Moments]:
    """The sums of the gradients of every wanted state, those of the shards added in the order of the text.

    Args:
        request: the analysis, whose `execution` says how many workers share it.
        identity: what its sums depend on, as JSON; checkpoints made under another are refused.
        show_progress: show a progress bar.

    Raises:
        InvalidInputError: a model that cannot be copied to another process, or that lies on an accelerator.
        StategradError: a process that was killed.
        Exception: whatever a worker raises, as it is.
    """
    workers = request.execution.workers
    if request.network.device.type != "cpu":
        raise InvalidInputError(f"workers are for processors and the model lies on {request.network.device}; leave workers out.")
    shards = [replace(shard, request=_own_checkpoint(shard.request, n)) for n, shard in enumerate(shards_of(request, workers))]
    moments = empty_moments(request)
    with _followed(len(shards), len(request.positions.used), show_progress) as counters:
        tasks = [
            delayed(_work)(shard.request, identity | {"workers": workers}, counters, number, os.getpid())
            for number, shard in enumerate(shards)
        ]
        try:
            with parallel_config(backend="loky", n_jobs=workers, inner_max_num_threads=1):
                for shard, sums in zip(shards, Parallel(batch_size=1, return_as="generator")(tasks), strict=True):
                    _merge(moments, shard, sums)
        except PicklingError as error:
            raise InvalidInputError(
                "the model holds something that cannot be copied to another process, such as an open file, a lock or a generator; "
                "leave it out of the model, or leave workers out."
            ) from error
        except BrokenProcessPool as error:
            raise StategradError(
                f"a worker process ended before its part was done ({' '.join(str(error).split())}); where memory ran out ask for "
                "fewer workers, and with workers=1 everything runs in this process."
            ) from error
    for shard in shards:
        if shard.request.execution.checkpoint_path is not None:
            Path(shard.request.execution.checkpoint_path).unlink(missing_ok=True)
    return moments


def _own_checkpoint(request: Request, number: int) -> Request:
    path = request.execution.checkpoint_path
    if path is None or number == 0:
        return request
    return replace(request, execution=replace(request.execution, checkpoint_path=f"{path}.{number + 1}"))


def _work(request: Request, identity: dict[str, Any], counters: Int[np.memmap, " worker"], number: int, parent: int) -> Sums:
    """In a worker: the sums of one shard."""
    torch.set_num_threads(1)

    def advance(positions: int) -> None:
        if os.getppid() != parent:
            raise SystemExit("the process that asked for these sums is gone")
        counters[number] += positions

    moments = accumulate(request, identity, advance, final=False)
    return {key: {name: sum_.numpy() for name, sum_ in sums.tensors("").items()} for key, sums in moments.items()}


def _merge(moments: dict[StateKey, Moments], shard: Shard, sums: Sums) -> None:
    for key, total in moments.items():
        for name, tensor in total.tensors("").items():
            tensor[:, :, torch.from_numpy(shard.blocks)] += torch.from_numpy(sums[key][name])


@contextmanager
def _followed(workers: int, positions: int, show: bool) -> Iterator[Int[np.memmap, " worker"]]:
    """A counter of positions per worker, in memory that the processes share, and a progress bar that follows their sum."""
    with (
        tempfile.TemporaryDirectory(prefix="stategrad-", ignore_cleanup_errors=True) as folder,
        tqdm(total=positions, desc="state gradients", unit="position", disable=not show) as bar,
    ):
        counters = np.memmap(Path(folder) / "counters", np.int64, "w+", shape=(workers,))
        done = threading.Event()

        def look() -> None:
            if counters.sum() > bar.n:
                bar.update(int(counters.sum()) - bar.n)

        def follow() -> None:
            while not done.wait(SECONDS_BETWEEN_LOOKS):
                look()

        thread = threading.Thread(target=follow, daemon=True)
        thread.start()
        try:
            yield counters
        finally:
            done.set()
            thread.join()
            look()
