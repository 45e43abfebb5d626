"""Nested brackets of two kinds, each closed by its own."""

from __future__ import annotations

import numpy as np

from stategrad.corpus.languages.planted import NEVER, PlantedText, check_sizes

WORDS = ("(", "[", ")", "]")


def brackets(depth: int = 3, *, streams: int = 100, steps: int = 100, seed: int = 0) -> PlantedText:
    """Well-formed strings over `( [ ) ]`, at most `depth` deep: the language Dyck-2, bounded.

    The kind of an opening bracket must be held until it closes, below all that opens and closes in between.

    Args:
        depth: the most brackets that are open at a time.
        streams: how many.
        steps: words of each; what is open at the end stays open.
        seed: of the draws.

    Raises:
        InvalidInputError: sizes that are too small.

    Source: Hewitt et al., RNNs can generate bounded hierarchical languages with optimal memory, EMNLP 2020.

    >>> text = brackets(2, streams=1, steps=6, seed=5)
    >>> "".join(text.words[word] for word in text.ids[0]), text.held_until[0].tolist()
    ('[()][(', [2, 0, -1, -1, -1, -1])
    """
    check_sizes(streams, steps, depth=depth)
    generator = np.random.default_rng([seed, depth])
    ids, held = np.zeros((streams, steps), dtype=np.int64), np.full((streams, steps), NEVER)
    opens, kinds = generator.random((streams, steps)) < 0.5, generator.integers(2, size=(streams, steps))
    for stream in range(streams):
        stack: list[int] = []
        for step in range(steps):
            if not stack or (len(stack) < depth and opens[stream, step]):
                ids[stream, step] = kinds[stream, step]
                stack.append(step)
            else:
                opened = stack.pop()
                ids[stream, step] = ids[stream, opened] + 2
                held[stream, opened] = step - 1 - opened
    return PlantedText(
        name="brackets",
        words=WORDS,
        tags=("open", "open", "close", "close"),
        ids=ids,
        held_until=held,
        opposite=np.array([1, 0, 2, 3]),
    )
