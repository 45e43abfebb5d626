"""Mikolov's Penn Treebank text, the benchmark of the paper, with tags by word type from a treebank beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from stategrad.corpus.documents import Document, prepare
from stategrad.corpus.normalisation import Normalisation, Normaliser, mikolov
from stategrad.corpus.normalisation_rules import hyphens
from stategrad.corpus.parts import part_files, splits_of
from stategrad.corpus.readers import plain
from stategrad.corpus.readers.files import lines
from stategrad.corpus.splits import Splits, count_words
from stategrad.corpus.vocabulary import END


def load_ptb(
    path: str | Path,
    tags: Sequence[str | Path] = (),
    vocabulary_size: int = 10_000,
    normalisation: Normalisation = "none",
    rules: Sequence[str] = (),
) -> Splits:
    """Read `ptb.train.txt`, `ptb.valid.txt` and `ptb.test.txt`: each one stream, a sentence per line, `<eos>` at its end.

    Without a normalisation the text is taken as it is. Its 10,000 words, `<unk>` and `<eos>` among them, get their ids in the order
    of first appearance. The words of the tagged files are written as in this text before they are counted
    (`normalisation.mikolov`).

    Args:
        path: a folder or zip archive that holds the three files, at any depth.
        tags: tagged files, folders or zip archives; without any the text has no word classes.
        vocabulary_size: fewer than 10,000 leaves out the rarest words.
        normalisation: how words are written, further than they are; the tagged files' too.
        rules: those of the normalisation that are applied; none named: all.

    Returns:
        The splits; facts hold the coverage of the tags by word types and by tokens of the training part, how many words each rule
        touched in all parts, and the word types of the training part as they are (`types_of_text`) and with hyphens split
        (`types_hyphens_split`).

    Raises:
        MissingInputError: no such folder, or not all of the three files in it.
        InvalidInputError: files that are empty, not text, or tagged files that do not fit the text.
    """
    normaliser = Normaliser(normalisation, rules)
    files = part_files(path, ["ptb.{}.txt"], "the folder or zip of Mikolov's ptb.*.txt")
    parts = {part: prepare(plain.read(lines(file), part, str(file)), None, word=str) for part, file in files.items()}
    return splits_of(
        "ptb", parts, normaliser, vocabulary_size=vocabulary_size, tags=tags, word=mikolov, facts=_types(parts["train"])
    )


def _types(documents: Sequence[Document]) -> dict[str, int]:
    """How many word types a text has, and would have if its words were split at hyphens; ends of sentences are none."""
    words = set(count_words(documents)) - {END}
    split = {part for word in words for part, _ in hyphens([(word, None)])}
    return {"types_of_text": len(words), "types_hyphens_split": len(split)}
