"""Documents dealt out to training, validation and test, 80 : 10 : 10, in a fixed way."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

from stategrad.corpus.documents import Document, Sentence

Parts = dict[str, list[Document]]

_PART_NAMES = {"train": r"train(ing)?", "valid": r"valid(ation)?|val|dev|testa", "test": r"testb?"}


def part_of(name: str) -> str | None:
    """The part that the name of a file tells: `train`, `valid` (or `dev`, `val`) or `test`; `testa`, `testb` as in CoNLL-2003.

    >>> part_of("en_ewt-ud-dev.conllu"), part_of("latest_test.txt"), part_of("eng.testa"), part_of("latest.txt")
    ('valid', 'test', 'valid', None)
    """
    return next(
        (part for part, pattern in _PART_NAMES.items() if re.search(rf"(^|[^a-z])({pattern})([^a-z]|$)", name.lower())), None
    )


def by_names(documents: Sequence[Document], names: Sequence[str]) -> Parts | None:
    """As the names of the documents' files say, where each of them names a part, and all parts are named; else None."""
    parts: Parts = {part: [] for part in _PART_NAMES}
    for document, name in zip(documents, names, strict=True):
        part = part_of(name)
        if part is None:
            return None
        parts[part].append(document)
    return parts if all(parts.values()) else None


def partition(documents: Sequence[Document]) -> Parts:
    """By whole documents where there are at least ten, else by sentences."""
    return by_documents(documents) if len(documents) >= 10 else by_sentences(documents)


def by_documents(documents: Sequence[Document]) -> Parts:
    """Of every genre the documents 3, 13, 23, … validate, 6, 16, 26, … test, and the others train; their order stays.

    >>> parts = by_documents([Document(f"d{i}", ()) for i in range(1, 21)])
    >>> [[document.name for document in parts[part]] for part in ("valid", "test")]
    [['d3', 'd13'], ['d6', 'd16']]
    """
    parts: Parts = {"train": [], "valid": [], "test": []}
    seen: defaultdict[str | None, int] = defaultdict(int)
    for document in documents:
        place = {2: "valid", 5: "test"}.get(seen[document.genre] % 10, "train")
        parts[place].append(document)
        seen[document.genre] += 1
    return parts


def by_sentences(documents: Sequence[Document]) -> Parts:
    """The first 80 % of all sentences train, the next 10 % validate, the last test; a cut document goes on in the next part."""
    held = [(document, [sentence for sentence in document.sentences if sentence]) for document in documents]
    total = sum(len(sentences) for _, sentences in held)
    bounds = {"train": (0, round(0.8 * total)), "valid": (round(0.8 * total), round(0.9 * total))}
    bounds["test"] = (bounds["valid"][1], total)
    return {part: _slice(held, *bounds[part]) for part in bounds}


def _slice(held: Sequence[tuple[Document, list[Sentence]]], start: int, stop: int) -> list[Document]:
    """The documents, or pieces of them, that hold the sentences from `start` to `stop`."""
    pieces, first = [], 0
    for document, sentences in held:
        chosen = sentences[max(start - first, 0) : max(stop - first, 0)]
        if chosen:
            pieces.append(Document(document.name, chosen, document.genre))
        first += len(sentences)
    return pieces
