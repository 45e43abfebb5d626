"""Plain text of the user's own, with tags by word type where tagged files are named."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from stategrad.corpus.documents import Document, prepare
from stategrad.corpus.normalisation import Normalisation, Normaliser
from stategrad.corpus.partition import Parts, by_sentences, part_of
from stategrad.corpus.parts import splits_of
from stategrad.corpus.readers import plain
from stategrad.corpus.readers.files import Readable, lines, open_path, stem, text_files
from stategrad.corpus.readers.tagged import refuse_tagged
from stategrad.corpus.splits import PARTS, Splits
from stategrad.errors import InvalidInputError, MissingInputError


def load_text(
    path: str | Path,
    tags: Sequence[str | Path] = (),
    vocabulary_size: int = 10_000,
    normalisation: Normalisation = "none",
    rules: Sequence[str] = (),
) -> Splits:
    """Read plain text: a sentence per line, words between white space, turned to lower case unless there is a normalisation.

    Args:
        path: one file, of which the first 80 % of the lines train, the next 10 % validate and the last 10 % test; or a folder or
            zip archive with one file per part, told by `train`, `valid` (or `dev`, `val`) and `test` in their names.
        tags: tagged files, folders or zip archives; without any the text has no word classes.
        vocabulary_size: the most frequent words of the training part that are kept; others become `<unk>`.
        normalisation: how words are written.
        rules: those of the normalisation that are applied; none named: all.

    Raises:
        MissingInputError: no such file or folder, or not one file per part in it.
        InvalidInputError: text that is empty, binary or tagged, too short to be split, or tagged files that do not fit it.
    """
    normaliser = Normaliser(normalisation, rules)
    word = str if normaliser.names else str.lower
    parts = _parts(open_path(path), path, word)
    facts = {"text": Path(path).name}
    return splits_of("text", parts, normaliser, vocabulary_size=vocabulary_size, tags=tags, word=word, facts=facts)


def _parts(root: Readable, path: str | Path, word: Callable[[str], str]) -> Parts:
    files = text_files(root)
    if not files:
        raise MissingInputError(f"there are no text files in {path}; give a text, or one file each to train, validate, test.")
    if len(files) == 1:
        return by_sentences(_read(files[0], word))
    parts: Parts = {}
    for part in PARTS:
        named = [file for file in files if part_of(file.name) == part]
        if not named:
            raise MissingInputError(
                f"{path} holds {len(files)} files and none with '{part}' in its name; give one file, or one each to train, "
                "validate and test."
            )
        if len(named) > 1:
            raise InvalidInputError(
                f"{path} holds several files for '{part}', {named[0].name} and {named[1].name}; leave one of them."
            )
        parts[part] = _read(named[0], word)
    return parts


def _read(file: Readable, word: Callable[[str], str]) -> list[Document]:
    refuse_tagged(file)
    return prepare(plain.read(lines(file), stem(file), str(file)), None, word)
