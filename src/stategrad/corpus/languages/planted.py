"""A generated text of which is known, word by word, until when the state must hold what the word says."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int

from stategrad.errors import Problems

NEVER = -1


@dataclass(frozen=True, eq=False)
class PlantedText:
    """Words whose successors depend on earlier words by rule: streams of equal length, each drawn independently.

    Attributes:
        name: of the language.
        words: behind the ids.
        tags: of each word, exact.
        ids: the text.
        held_until: for each position p the largest delay τ at which `p(x_{p+τ+1} | x_1 … x_{p+τ})` depends on what `opposite`
            changes of x_p, all other words as they are; -1 where none does, or where it lies beyond the stream's end.
        opposite: for each word the one that differs from it in what must be held, and in nothing else; itself where nothing is.
    """

    name: str
    words: tuple[str, ...]
    tags: tuple[str, ...]
    ids: Int[np.ndarray, "stream time"]
    held_until: Int[np.ndarray, "stream time"]
    opposite: Int[np.ndarray, " word"]

    @property
    def swapped(self) -> Int[np.ndarray, "stream time"]:
        """In the place of every word its opposite, for `swap_memory(swaps=…)`."""
        return self.opposite[self.ids]

    def held(self, delay: int) -> Bool[np.ndarray, "stream time"]:
        """The positions whose word must be held up to just this delay: a group for the measures."""
        return np.asarray(self.held_until == delay)

    def of_tag(self, tag: str) -> Bool[np.ndarray, "stream time"]:
        """The positions whose word has a tag."""
        return np.asarray(np.array([own == tag for own in self.tags])[self.ids])

    @property
    def streams(self) -> list[Int[np.ndarray, " time"]]:
        """The text as training takes it."""
        return list(self.ids)


def check_sizes(streams: int, steps: int, **at_least_one: int) -> None:
    """Refuse texts without words.

    Raises:
        InvalidInputError: no streams, fewer than 2 steps, or another size below 1, all named.
    """
    problems = Problems("the language")
    if steps < 2:
        problems.add(f"steps is {steps}; give at least 2")
    for name, value in {"streams": streams, **at_least_one}.items():
        if value < 1:
            problems.add(f"{name} is {value}; give at least 1")
    problems.raise_if_any()
