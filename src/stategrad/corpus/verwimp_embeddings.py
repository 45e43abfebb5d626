"""The pre-trained word vectors of the paper's authors: one array, and a list that says which row is which word's."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float

from stategrad.corpus.readers.files import Readable, all_files, lines, open_path
from stategrad.corpus.verwimp import as_here
from stategrad.errors import InvalidInputError, MissingInputError

VECTORS_FILE = "cbow_wsj_all.npy"
_TO_LINES = 'write it as lines of a word and its row: for word, row in words.items(): print(word, row, sep="\\t")'


def verwimp_embeddings(path: str | Path) -> tuple[tuple[str, ...], Float[np.ndarray, "word embedding"]]:
    """Words, and a vector for each, from `cbow_wsj_all.npy` and its dictionary.

    The dictionary is the one other file beside the array whose name begins with `cbow` or holds `dict`: lines `word index` or
    `index word`, or JSON, `{word: index}` or a list of words. Rows that it gives no word are left out; `<UNK>` is `<unk>`, as in
    the authors' texts.

    Args:
        path: a folder or zip archive that holds the two files, at any depth; or the array itself.

    Returns:
        The words in the order of their rows, and their vectors in float64.

    Raises:
        MissingInputError: no folder, or one of the files is not in it.
        InvalidInputError: an array that is not of finite numbers by word and dimension, pickled objects, or a dictionary that does
            not fit it.
    """
    array, dictionary = vector_files(path)
    vectors = read_vectors(array)
    rows = read_rows(dictionary)
    outside = [word for word, row in rows.items() if not 0 <= row < len(vectors)]
    if outside:
        raise InvalidInputError(
            f"the dictionary gives '{outside[0]}' row {rows[outside[0]]}, and {array.name} has {len(vectors)} rows, from 0; "
            "give the dictionary that was written with it."
        )
    ranked = sorted(rows, key=lambda word: rows[word])
    words = ranked if as_here("<UNK>") in rows else [as_here(word) for word in ranked]
    return tuple(words), vectors[[rows[word] for word in ranked]]


def vector_files(path: str | Path) -> tuple[Readable, Readable]:
    """The array of the authors' vectors, and its dictionary.

    Raises:
        MissingInputError: nothing there, or one of the two is not in it.
        InvalidInputError: several dictionaries, or a damaged archive.
    """
    root = open_path(path)
    files: list[Readable]
    if isinstance(root, Path) and root.is_file():
        files, name = [file for file in sorted(root.parent.iterdir()) if file.is_file()], root.name
    else:
        files, name = all_files(root), VECTORS_FILE
    found = [file for file in files if file.name == name]
    if not found:
        raise MissingInputError(f"{path} holds no {VECTORS_FILE}; give the folder of the authors' vectors.")
    folder = _folder(found[0])
    return found[0], _dictionary(found[0].name, folder, [file for file in files if _folder(file) == folder])


def read_vectors(path: Readable) -> Float[np.ndarray, "word embedding"]:
    """An array of vectors in a `.npy` file, in float64; nothing in the file is executed.

    Raises:
        InvalidInputError: pickled objects, another file, an array of another shape or kind, or values that are not finite.
    """
    try:
        with path.open("rb") as content:
            array = np.load(content, allow_pickle=False)
    except (ValueError, EOFError, zipfile.BadZipFile) as error:
        if "pickle" not in str(error).lower():
            raise InvalidInputError(f"{path} is not a whole array of numbers ({error}); get it again.") from error
        raise InvalidInputError(
            f"{path} holds pickled Python objects, which can run code when they are read; where you trust the file, convert it "
            f"once: a = numpy.load('{path.name}', allow_pickle=True); "
            f"numpy.save('{path.name}', numpy.asarray(a.tolist(), dtype=float))."
        ) from error
    if not isinstance(array, np.ndarray) or array.ndim != 2 or array.dtype.kind not in "fiu":
        shape = getattr(array, "shape", "of an archive")
        raise InvalidInputError(f"{path} has an array {shape}; expected numbers by word and dimension.")
    if not np.isfinite(array).all():
        row = int(np.flatnonzero(~np.isfinite(array).all(axis=1))[0])
        raise InvalidInputError(f"row {row} of {path} has values that are NaN or infinite; get the file again.")
    return array.astype(np.float64)


def read_rows(path: Readable) -> dict[str, int]:
    """The row of each word.

    Raises:
        InvalidInputError: a pickled dictionary, lines that are not a word and a row, a word that stands twice, or a row that two
            words share.
    """
    with path.open("rb") as content:
        first = content.read(2)
    if first[:1] == b"\x80" or first == b"\x93N":
        raise InvalidInputError(f"{path} is pickled, and pickled files can run code when they are read; {_TO_LINES}.")
    text = list(lines(path))
    pairs = _from_json("\n".join(text), path) if path.suffix == ".json" else _from_lines(text, path)
    rows: dict[str, int] = {}
    owners: dict[int, str] = {}
    for word, row in pairs:
        if word in rows:
            raise InvalidInputError(f"{path} gives '{word}' row {rows[word]} and row {row}; give each word one row.")
        if row in owners:
            raise InvalidInputError(f"{path} gives row {row} to '{owners[row]}' and to '{word}'; give each word a row of its own.")
        rows[word], owners[row] = row, word
    return rows


def _folder(file: Readable) -> str:
    return str(file).removesuffix(file.name)


def _dictionary(vectors: str, folder: str, files: Sequence[Readable]) -> Readable:
    names = [file for file in files if file.name != vectors]
    named = [file for file in names if "dict" in file.name.lower()]
    candidates = named or [file for file in names if file.name.lower().startswith("cbow")]
    if not candidates:
        raise MissingInputError(
            f"{folder} holds no dictionary of {vectors}; put it there as {vectors.removesuffix('.npy')}.dict, a word and its row "
            "per line."
        )
    if len(candidates) > 1:
        raise InvalidInputError(
            f"{folder} holds several dictionaries, {candidates[0].name} and {candidates[1].name}; leave one of them."
        )
    return candidates[0]


def _from_json(text: str, path: Readable) -> Sequence[tuple[str, int]]:
    try:
        content = json.loads(text, object_pairs_hook=list)
    except ValueError as error:
        raise InvalidInputError(f"{path} is not JSON ({error}); give a word and its row per line.") from error
    if isinstance(content, list) and content and all(isinstance(word, str) for word in content):
        return [(word, row) for row, word in enumerate(content)]
    pairs = content if isinstance(content, list) else []
    if not all(isinstance(pair, tuple) and isinstance(pair[1], int) for pair in pairs) or not pairs:
        raise InvalidInputError(f'{path} holds no words with rows; expected JSON such as {{"the": 0}} or a list of words.')
    return pairs


def _from_lines(text: list[str], path: Readable) -> Sequence[tuple[str, int]]:
    pairs = [fields for line in text if (fields := line.split())]
    odd = next((fields for fields in pairs if len(fields) != 2), None)
    if odd is not None:
        raise InvalidInputError(f"{path} has the line '{' '.join(odd)[:40]}'; expected a word and its row in each.")
    words_first = all(second.isdecimal() for _, second in pairs)
    if not words_first and not all(first.isdecimal() for first, _ in pairs):
        wrong = next(pair for pair in pairs if not pair[1].isdecimal())
        raise InvalidInputError(f"{path} has the line '{' '.join(wrong)[:40]}'; expected a word and its row, a number from 0.")
    return [(word, int(row)) for word, row in (pairs if words_first else [(word, row) for row, word in pairs])]
