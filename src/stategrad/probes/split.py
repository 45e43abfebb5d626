"""80/10/10 by word type, so that no word stands on both sides, and by example, as the paper's authors did."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Int

PARTS = ("train", "valid", "test")


def split_by_example(examples: int, seed: int) -> dict[str, Int[np.ndarray, " _"]]:
    """80/10/10 by example, as the paper's authors did: a word with several labels may stand on both sides, under another label.

    Args:
        examples: how many.
        seed: of the draw.
    """
    order = np.random.default_rng(seed).permutation(examples)
    first, second = examples // 10, 2 * (examples // 10)
    return {"valid": np.sort(order[:first]), "test": np.sort(order[first:second]), "train": np.sort(order[second:])}


def split_by_word(ids: Sequence[int], labels: Sequence[str], seed: int) -> dict[str, Int[np.ndarray, " _"]]:
    """Which examples are in each part, all examples of a word in the same one.

    Words are dealt within strata, the set of a word's labels, so that each part has each kind of word in like proportion; words
    of strata with fewer than ten go to a part at random, eight times in ten to training.

    Args:
        ids: the word of each example.
        labels: its class.
        seed: of the draw.
    """
    labels_of: dict[int, list[str]] = {}
    for i, label in zip(ids, labels, strict=True):
        labels_of.setdefault(i, []).append(label)
    strata: dict[tuple[str, ...], list[int]] = {}
    for i, of_word in labels_of.items():
        strata.setdefault(tuple(sorted(of_word)), []).append(i)
    generator = np.random.default_rng(seed)
    part_of: dict[int, str] = {}
    for _, words in sorted(strata.items()):
        order = generator.permutation(len(words))
        shift = generator.integers(10)  # so that what remains of ten does not always go to one part
        for place, index in enumerate(order):
            part_of[words[index]] = {0: "valid", 1: "test"}.get(int((place + shift) % 10), "train")
    return {part: np.array([n for n, i in enumerate(ids) if part_of[i] == part], dtype=np.int64) for part in PARTS}
