"""Timing in turns: what is compared runs A B C, A B C, …, so that a machine that drifts does not bias a ratio."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Contender:
    """One of those that are compared.

    Attributes:
        name: as in tables.
        run: does the work and returns for how many positions, each with all its delays.
    """

    name: str
    run: Callable[[], float]


@dataclass(frozen=True)
class Timing:
    """What a contender took, round by round.

    Attributes:
        seconds: of each round.
        positions: that each round had.
    """

    seconds: list[float]
    positions: list[float]

    @property
    def per_position(self) -> list[float]:
        """Milliseconds per position in each round."""
        return [1000 * seconds / positions for seconds, positions in zip(self.seconds, self.positions, strict=True)]

    @property
    def milliseconds(self) -> float:
        """Median milliseconds per position."""
        return statistics.median(self.per_position)

    def times(self, other: Timing) -> float:
        """How many times as long as another a position takes: the median of the ratios within a round."""
        return statistics.median(a / b for a, b in zip(self.per_position, other.per_position, strict=True))


def in_turns(contenders: Sequence[Contender], rounds: int) -> dict[str, Timing]:
    """Time every contender once per round; every second round goes backwards, so that no one always follows the same other."""
    timings = {contender.name: Timing([], []) for contender in contenders}
    for number in range(rounds):
        for contender in contenders[:: -1 if number % 2 else 1]:
            began = time.perf_counter()
            positions = contender.run()
            timings[contender.name].seconds.append(time.perf_counter() - began)
            timings[contender.name].positions.append(positions)
    return timings


def repeated(name: str, work: Callable[[], object], positions: float, seconds: float) -> Contender:
    """Work on a few positions, repeated until a round takes about `seconds`; its first call, which may compile, is not timed."""
    work()
    count = max(1, int(seconds / max(seconds_of(work), 1e-9)))

    def run() -> float:
        for _ in range(count):
            work()
        return count * positions

    return Contender(name, run)


def seconds_of(work: Callable[[], object]) -> float:
    """How long one call takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
