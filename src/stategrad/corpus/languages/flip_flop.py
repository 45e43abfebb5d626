"""One bit that is written, kept through noise, and read."""

from __future__ import annotations

import numpy as np

from stategrad.corpus.languages.planted import NEVER, PlantedText, check_sizes

WORDS = ("write-0", "write-1", "ignore-0", "ignore-1", "read", "0", "1")
_WRITE, _IGNORE, _READ, _BIT = 0, 2, 4, 5


def flip_flop(most: int = 6, *, streams: int = 100, steps: int = 100, seed: int = 0) -> PlantedText:
    """`write-b ignore-… ignore-… read b` again and again, with 0 to `most` words to be ignored.

    The written bit must be held until it was read; those that are ignored never.

    Args:
        most: words between writing and reading.
        streams: how many.
        steps: words of each.
        seed: of the draws.

    Raises:
        InvalidInputError: sizes that are too small.

    Source: Liu et al., Exposing attention glitches with flip-flop language modeling, NeurIPS 2023.

    >>> text = flip_flop(3, streams=1, steps=6, seed=5)
    >>> " ".join(text.words[word] for word in text.ids[0]), text.held_until[0].tolist()
    ('write-1 ignore-0 ignore-0 read 1 write-1', [3, -1, -1, -1, -1, -1])
    """
    check_sizes(streams, steps, most=most)
    generator = np.random.default_rng([seed, most])
    ids, held = np.zeros((streams, steps), dtype=np.int64), np.full((streams, steps), NEVER)
    for own, until in zip(ids, held, strict=True):
        start = 0
        while start < steps:
            bit, between = int(generator.integers(2)), int(generator.integers(most + 1))
            noise = generator.integers(2, size=between)
            said = np.array([_WRITE + bit, *(_IGNORE + noise), _READ, _BIT + bit])[: steps - start]
            own[start : start + len(said)] = said
            if len(said) == between + 3:
                until[start] = between + 1
            start += len(said)
    return PlantedText(
        name="flip-flop",
        words=WORDS,
        tags=("write", "write", "ignore", "ignore", "read", "bit", "bit"),
        ids=ids,
        held_until=held,
        opposite=np.array([1, 0, 3, 2, 4, 5, 6]),
    )
