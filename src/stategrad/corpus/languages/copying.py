"""Words that are said twice."""

from __future__ import annotations

import numpy as np

from stategrad.corpus.languages.planted import NEVER, PlantedText, check_sizes

SYMBOLS = "abcd"


def copying(length: int = 3, *, streams: int = 100, steps: int = 100, seed: int = 0) -> PlantedText:
    """`s_1 … s_n | S_1 … S_n .` again and again: n symbols drawn freely, and after the bar the same once more.

    Each symbol must be held up to delay n, where its copy is due.

    Args:
        length: n.
        streams: how many.
        steps: words of each; the last copy may be cut off.
        seed: of the draws.

    Raises:
        InvalidInputError: a length, streams or steps that are too small.

    >>> text = copying(2, streams=1, steps=6)
    >>> " ".join(text.words[word] for word in text.ids[0]), text.held_until[0].tolist()
    ('d a | D A .', [2, 2, -1, -1, -1, -1])
    """
    check_sizes(streams, steps, length=length)
    generator = np.random.default_rng([seed, length])
    period, count = 2 * length + 2, len(SYMBOLS)
    rounds = -(-steps // period)
    drawn = generator.integers(count, size=(streams, rounds, length))
    bar, stop = (np.full((streams, rounds, 1), 2 * count + mark) for mark in (0, 1))
    ids = np.concatenate([drawn, bar, drawn + count, stop], axis=2).reshape(streams, -1)[:, :steps]
    due = np.arange(steps) + length + 1 < steps
    return PlantedText(
        name=f"copy of {length}",
        words=(*SYMBOLS, *SYMBOLS.upper(), "|", "."),
        tags=("symbol",) * count + ("copy",) * count + ("bar", "stop"),
        ids=ids,
        held_until=np.where((ids < count) & due, length, NEVER),
        opposite=np.concatenate([np.roll(np.arange(count), -1), np.arange(count, 2 * count + 2)]),
    )
