"""What an analysis is asked for, read and checked: all that the engine needs to know."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int
from torch import Tensor

from stategrad.cells.network import Network, StateKey, States
from stategrad.errors import Problems
from stategrad.gradients.conditions import Conditions
from stategrad.gradients.groups import Groups, Strata
from stategrad.gradients.labels import Labels
from stategrad.gradients.sampling import Positions
from stategrad.gradients.streams import Streams


@dataclass(frozen=True)
class Execution:
    """How the work is cut and where it is kept; never changes a result beyond rounding.

    Attributes:
        workers: processes of one thread each that share the positions of `sg.state_gradients`, in contiguous parts, on this
            machine. With several the text and the model are copied to each of them. For a given number the result is always the
            same. Their processes stay, idle, for the next analysis, and end after five minutes or with Python.
        chunk_size: positions that are propagated together or, where all positions are neighbours, steps of the text that are
            added up together. None chooses what keeps the buffers in the processor's cache.
        sweep: propagate all positions together, step by step of the text: neighbours share a Jacobian, which halves the arithmetic
            of an LSTM. None does so where it is faster; False propagates windows of positions.
        compile: have the element-wise work of windows compiled into one pass over memory, which takes some ten seconds and gains
            some ten per cent. None does so for analyses that are long enough; without a compiler the plain operations run.
        checkpoint_path: a file to keep the sums in while they grow; None for no checkpoints. It is removed at the end. The second
            worker's is beside it, with `.2` appended to its name, and so on.
        checkpoint_minutes: a checkpoint is written when this much time has passed since the last.
        resume: go on from `checkpoint_path` if it exists; False starts over and replaces it.
    """

    workers: int = 1
    chunk_size: int | None = None
    sweep: bool | None = None
    compile: bool | None = None
    checkpoint_path: str | Path | None = None
    checkpoint_minutes: float = 5.0
    resume: bool = True

    def __post_init__(self) -> None:
        problems = Problems("execution")
        for name in ("workers", "chunk_size"):
            if not isinstance(getattr(self, name), int | None):
                problems.add(f"{name} is {getattr(self, name)!r}; give a whole number")
        problems.raise_if_any()
        if self.workers < 1:
            problems.add(f"workers is {self.workers}; give at least 1")
        if self.chunk_size is not None and self.chunk_size < 1:
            problems.add(f"chunk_size is {self.chunk_size}; give at least 1")
        if not self.checkpoint_minutes >= 0:
            problems.add(f"checkpoint_minutes is {self.checkpoint_minutes}; give 0 or more")
        problems.raise_if_any()


@dataclass(frozen=True)
class Request:
    """An analysis.

    Attributes:
        network: the model.
        streams: the text.
        delays: in increasing order.
        keys: the states whose gradients are wanted.
        groups: whose gradients are averaged together.
        strata: the text cut by groups and blocks.
        conditions: which pairs of input and state position count.
        positions: those that are propagated.
        initial: the state before each stream.
        blocks: how many there are.
        second_moment: whether `E[GᵀG]` is kept.
        execution: how the work is cut.
        start: what the tangents of the inputs are at delay 0, a row per direction; None for the identity, all of them.
    """

    network: Network
    streams: Streams
    delays: Int[np.ndarray, " delay"]
    keys: list[StateKey]
    groups: Groups
    strata: Strata
    conditions: Conditions
    positions: Positions
    initial: States
    blocks: int
    second_moment: bool
    execution: Execution
    start: Float[Tensor, "direction embedding"] | None = None

    @property
    def columns(self) -> int:
        """How many columns of each gradient are propagated: E, or one per direction."""
        return self.network.embedding_size if self.start is None else len(self.start)


@dataclass(frozen=True)
class SpectraRequest:
    """An analysis that keeps the spectra of groups.

    Attributes:
        network: the model.
        streams: the text.
        delays: in increasing order.
        keys: the states whose gradients are wanted.
        labels: whose gradients are averaged together.
        initial: the state before each stream.
        blocks: into how many a label's own positions are cut.
        second_moment: whether rms and energy share are wanted.
        execution: how the work is cut.
        start: what the tangents of the inputs are at delay 0, a row per dimension of z where the input is `x = D z`: `Dᵀ`, so that
            what arrives at every later stage is `G D`. None for the identity.
    """

    network: Network
    streams: Streams
    delays: Int[np.ndarray, " delay"]
    keys: list[StateKey]
    labels: Labels
    initial: States
    blocks: int
    second_moment: bool
    execution: Execution
    start: Float[Tensor, "direction embedding"] | None = None
