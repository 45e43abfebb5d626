"""Verbs that agree in number with their subjects, past nouns that may disagree."""

from __future__ import annotations

import numpy as np

from stategrad.corpus.languages.planted import NEVER, PlantedText, check_sizes

NOUNS, VERBS, PREPOSITIONS = ("cat", "dog", "bird", "cow"), ("sing", "run", "sleep"), ("near", "behind")


def agreement(most: int = 3, *, streams: int = 100, steps: int = 100, seed: int = 0) -> PlantedText:
    """`subject (preposition noun)* verb .` with 0 to `most` nouns between subject and verb, whose numbers are drawn freely.

    The number of the subject must be held up to its verb, past the attractors: delay 2a with a of them. The numbers of the
    attractors are of no use. A subject is a noun like the others; its tag says which it is.

    Args:
        most: attractors.
        streams: how many.
        steps: words of each.
        seed: of the draws.

    Raises:
        InvalidInputError: sizes that are too small.

    Source: Linzen, Dupoux and Goldberg, Assessing the ability of LSTMs to learn syntax-sensitive dependencies, TACL 2016.

    >>> text = agreement(1, streams=1, steps=5, seed=7)
    >>> " ".join(text.words[word] for word in text.ids[0]), text.held_until[0].tolist()
    ('cows near dog sing .', [2, -1, -1, -1, -1])
    """
    check_sizes(streams, steps, most=most)
    generator = np.random.default_rng([seed, most])
    words = [noun + end for noun in NOUNS for end in ("", "s")] + [verb + end for verb in VERBS for end in ("s", "")]
    first_verb = 2 * len(NOUNS)
    first_preposition = first_verb + 2 * len(VERBS)
    stop = first_preposition + len(PREPOSITIONS)
    ids, held = np.full((streams, steps), stop), np.full((streams, steps), NEVER)
    for own, until in zip(ids, held, strict=True):
        start = 0
        while start < steps:
            between, number = int(generator.integers(most + 1)), int(generator.integers(2))
            said = [2 * int(generator.integers(len(NOUNS))) + number]
            for _ in range(between):
                said.append(first_preposition + int(generator.integers(len(PREPOSITIONS))))
                said.append(int(generator.integers(first_verb)))
            said += [first_verb + 2 * int(generator.integers(len(VERBS))) + number, stop]
            part = said[: steps - start]
            own[start : start + len(part)] = part
            if len(part) > 2 * between + 1:
                until[start] = 2 * between
            start += len(part)
    numbers = ("singular", "plural")
    return PlantedText(
        name="agreement",
        words=(*words, *PREPOSITIONS, "."),
        tags=(
            *(f"noun {number}" for _ in NOUNS for number in numbers),
            *(f"verb {number}" for _ in VERBS for number in numbers),
            *("preposition" for _ in PREPOSITIONS),
            "stop",
        ),
        ids=ids,
        held_until=held,
        opposite=np.concatenate([np.arange(first_preposition) ^ 1, np.arange(first_preposition, stop + 1)]),
    )
