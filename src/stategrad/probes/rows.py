"""The rows of the paper's Table 2: which word types are told apart, and what they are called."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from stategrad.corpus.tags import TITLE

Pair = tuple[int, str]
Label = Callable[[str, frozenset[str]], str | None]

LEAST_TYPES = 10
"""A class with fewer word types cannot be split 80/10/10 with one on each side."""

MOST_NAMED = 5
"""Classes that a note names; `tag_types` lists all."""

_NUMBER = {"singular nouns": "singular", "plural nouns": "plural"}
_KIND = {"common nouns": "common", "proper nouns": "proper"}


def _every_tag(tag: str, classes: frozenset[str]) -> str | None:
    return tag.removesuffix(TITLE)


def _noun_kind(tag: str, classes: frozenset[str]) -> str | None:
    number = next((name for label, name in _NUMBER.items() if label in classes), None)
    kind = next((name for label, name in _KIND.items() if label in classes), None)
    return f"{number} {kind}" if number and kind else None


def _among(*labels: str) -> Label:
    return lambda tag, classes: next((label for label in labels if label in classes), None)


ROWS: dict[str, tuple[Label, int | None]] = {
    "all": (_every_tag, None),
    "nouns": (_noun_kind, 4),
    "N-V-Adj-Adv-Pro": (_among("nouns", "verbs", "adjectives", "adverbs", "pronouns"), 5),
    "N-V": (_among("nouns", "verbs"), 2),
    "N-Adj": (_among("nouns", "adjectives"), 2),
    "V-Adv": (_among("verbs", "adverbs"), 2),
    "sg-pl": (_among("singular nouns", "plural nouns"), 2),
    "common-proper": (_among("common nouns", "proper nouns"), 2),
}
"""For each row how a (word, tag) pair is labelled (None: not in the row), and how many labels there must be."""


@dataclass(frozen=True)
class Task:
    """One row of the table as a classification task.

    Attributes:
        name: of the row.
        ids: the word of each example.
        labels: its class.
        note: why the row cannot be done, or what is particular about it.
        possible: whether it can be done.
    """

    name: str
    ids: tuple[int, ...]
    labels: tuple[str, ...]
    note: str
    possible: bool


def task(name: str, pairs: Sequence[Pair], classes: Callable[[str], frozenset[str]]) -> Task:
    """The examples of a row: a word once per label that its tags give it, as the paper's authors did."""
    label_of, needed = ROWS[name]
    labelled = dict.fromkeys((i, label) for i, tag in pairs if (label := label_of(tag, classes(tag))) is not None)
    ids, labels = tuple(i for i, _ in labelled), tuple(label for _, label in labelled)
    types: dict[str, int] = {}
    for label in labels:
        types[label] = types.get(label, 0) + 1
    rare = sorted(label for label, n in types.items() if n < LEAST_TYPES)
    if needed is not None and (len(types) < needed or rare):
        have = ", ".join(f"{label} {n}" for label, n in sorted(types.items())) or "none"
        return Task(
            name, ids, labels, f"not possible: needs {needed} classes of at least {LEAST_TYPES} word types, has {have}", False
        )
    if len(types) < 2:
        return Task(name, ids, labels, "not possible: fewer than two classes", False)
    named = ", ".join([*rare[:MOST_NAMED], *(["…"] if len(rare) > MOST_NAMED else [])])
    note = f"{len(rare)} classes with fewer than {LEAST_TYPES} types, not stratified: {named}" if rare else ""
    return Task(name, ids, labels, note, True)
