"""A class that is fixed by the word k steps back."""

from __future__ import annotations

import itertools

import numpy as np

from stategrad.corpus.languages.planted import NEVER, PlantedText, check_sizes

FORMS = 2


def steps_back(k: int, *, streams: int = 100, steps: int = 100, seed: int = 0) -> PlantedText:
    """Words with two features and a form: `class(x_t) = mark(x_{t-k})`, mark and form drawn freely.

    The mark of a word must be held to predict the class k steps later, so up to delay k-1, and never longer; its class is
    of no use. Of k words the state holds k bits, a shift register. The best perplexity is 4, that without memory 8.

    Args:
        k: how far back.
        streams: how many.
        steps: words of each.
        seed: of the draws.

    Raises:
        InvalidInputError: k, streams or steps that are too small.

    >>> text = steps_back(2, streams=1, steps=4)
    >>> [text.words[word] for word in text.ids[0]], text.held_until[0].tolist()
    (['a-high-0', 'a-low-1', 'b-low-1', 'a-low-0'], [1, 1, -1, -1])
    """
    check_sizes(streams, steps, k=k)
    generator = np.random.default_rng([seed, k])
    mark, form = generator.integers(2, size=(2, streams, steps))
    kind = np.concatenate([generator.integers(2, size=(streams, k)), mark], axis=1)[:, :steps]
    held = np.where(np.arange(steps) + k < steps, k - 1, NEVER)
    features = list(itertools.product("ab", ("low", "high"), range(FORMS)))
    return PlantedText(
        name=f"{k} back",
        words=tuple(f"{of_class}-{of_mark}-{number}" for of_class, of_mark, number in features),
        tags=tuple(f"{of_class}-{of_mark}" for of_class, of_mark, _ in features),
        ids=(kind * 2 + mark) * FORMS + form,
        held_until=np.tile(held, (streams, 1)),
        opposite=np.arange(len(features)) ^ FORMS,
    )
