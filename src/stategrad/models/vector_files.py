"""Word vectors on disk, in the two formats of the word2vec tool."""

from __future__ import annotations

import gzip
import io
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from jaxtyping import Float

from stategrad.errors import InvalidInputError, MissingInputError
from stategrad.files import replacing

BinaryStream: TypeAlias = "io.BufferedReader[Any]"

_LONGEST_WORD = 4096
_LONGEST_NUMBER = 64
_LONGEST_LINE = 1 << 20


@dataclass(frozen=True, eq=False)
class WordVectors:
    """Words with a vector each, as a file holds them.

    Attributes:
        words: unique.
        vectors: a row per word, float32.
        total: how many words the file holds, of which these were asked for.
    """

    words: tuple[str, ...]
    vectors: Float[np.ndarray, "word embedding"]
    total: int


def read_vectors(path: Path | str, words: Collection[str] | None = None) -> WordVectors:
    """Read a word2vec file, text or binary, as it is or gzipped (`.gz`), a word at a time.

    The first line holds the number of words and the size E. Then each row is a word and a space, in text E decimal numbers and a
    line end, in binary E little-endian float32 numbers, with or without a line end. Which of the two it is shows in the first row.

    Args:
        path: the file.
        words: keep only these, so that memory does not grow with the file; None for all. The whole file is read and checked.

    Raises:
        MissingInputError: no such file, one that is not in these formats, or is truncated.
        InvalidInputError: a word that stands twice, or a number that is not finite.
    """
    source = Path(path)
    if not source.is_file():
        raise MissingInputError(f"there is no file {path}; give word vectors in a format of word2vec, or a .safetensors model.")
    kept: dict[str, np.ndarray] = {}
    seen: set[str] = set()
    try:
        with gzip.open(source) if source.suffix == ".gz" else source.open("rb") as raw:
            file = io.BufferedReader(raw)
            total, size = _header(source, file)
            rows = _text_rows(source, file, total, size) if _is_text(file, size) else _binary_rows(source, file, total, size)
            for word, vector in rows:
                if word in seen:
                    raise InvalidInputError(f"{path} holds the word '{word}' twice; leave one of its vectors.")
                if not np.isfinite(vector).all():
                    raise InvalidInputError(f"the vector of '{word}' in {path} holds NaN or Inf; give finite vectors.")
                seen.add(word)
                if words is None or word in words:
                    kept[word] = vector
            if file.read().strip():
                raise MissingInputError(f"{path} goes on after the {total:,} words that its first line announces; get it again.")
    except (gzip.BadGzipFile, EOFError) as error:
        raise MissingInputError(f"{path} is not a whole gzip file ({error}); get it again.") from error
    vectors = np.stack(list(kept.values())) if kept else np.empty((0, size), dtype=np.float32)
    return WordVectors(tuple(kept), vectors, total)


def write_vectors(path: Path, vectors: WordVectors, *, binary: bool = True) -> None:
    """Write a word2vec file, whole or not at all.

    Args:
        path: the file; an older one is replaced.
        vectors: the words and their vectors, stored as float32.
        binary: in the binary format; else as text, with the digits that tell float32 numbers apart.

    Raises:
        InvalidInputError: a word that is empty or holds white space, which the formats cannot hold.
    """
    broken = [word for word in vectors.words if word.split() != [word]]
    if broken:
        raise InvalidInputError(f"the word {broken[0]!r} is empty or holds white space; word2vec files cannot hold it.")
    rows = vectors.vectors.astype("<f4")
    with replacing(path) as temporary, temporary.open("wb") as file:
        file.write(f"{len(vectors.words)} {rows.shape[1]}\n".encode())
        for word, row in zip(vectors.words, rows, strict=True):
            numbers = row.tobytes() if binary else " ".join(map(str, row)).encode()
            file.write(word.encode() + b" " + numbers + b"\n")


def _header(path: Path, file: BinaryStream) -> tuple[int, int]:
    line = file.readline(_LONGEST_LINE)
    fields = line.split()
    if len(fields) > 2 and all(map(_is_number, fields[1:])):
        size = len(fields) - 1
        raise MissingInputError(
            f"{path} is no word2vec file: its first line holds a word and {size} numbers, as files of GloVe do; "
            f"put a line before it with the number of words and {size}."
        )
    if len(fields) != 2 or not all(field.isdigit() for field in fields) or min(map(int, fields)) < 1:
        raise MissingInputError(
            f"{path} is no word2vec file: its first line should hold the number of words and the size of their vectors."
        )
    return int(fields[0]), int(fields[1])


def _is_text(file: BinaryStream, size: int) -> bool:
    """Whether the first row is a word and decimal numbers in one line, or nearly so; the position in the file is kept."""
    start = file.tell()
    fields = file.readline(_LONGEST_WORD + _LONGEST_NUMBER * size).split()
    file.seek(start)
    return 2 * sum(map(_is_number, fields[1:])) > len(fields[1:])


def _is_number(field: bytes) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True


def _text_rows(path: Path, file: BinaryStream, total: int, size: int) -> Iterator[tuple[str, np.ndarray]]:
    for number in range(total):
        line = file.readline()
        if not line.strip():
            raise _truncated(path, number, total)
        word, *fields = line.split()
        try:
            vector = np.array([float(field) for field in fields], dtype=np.float32)
        except ValueError as error:
            culprit = next(field for field in fields if not _is_number(field)).decode(errors="replace")[:40]
            raise MissingInputError(f"line {number + 2} of {path} holds more than a word and numbers: '{culprit}'.") from error
        if len(vector) != size:
            if not line.endswith(b"\n"):
                raise _truncated(path, number, total)
            raise MissingInputError(f"line {number + 2} of {path} has {len(vector)} numbers, not {size}; get the file again.")
        yield _decoded(path, word, number), vector


def _binary_rows(path: Path, file: BinaryStream, total: int, size: int) -> Iterator[tuple[str, np.ndarray]]:
    for number in range(total):
        word = bytearray()
        while (byte := file.read(1)) != b" ":
            if not byte:
                raise _truncated(path, number, total)
            word += byte
            if len(word) > _LONGEST_WORD:
                raise MissingInputError(f"word {number + 1} of {path} has no end; the file is damaged, or no word2vec file.")
        numbers = file.read(4 * size)
        if len(numbers) < 4 * size:
            raise _truncated(path, number, total)
        yield _decoded(path, bytes(word).lstrip(b"\r\n"), number), np.frombuffer(numbers, dtype="<f4").astype(np.float32)


def _decoded(path: Path, word: bytes, number: int) -> str:
    try:
        return word.decode()
    except UnicodeDecodeError as error:
        raise MissingInputError(
            f"word {number + 1} of {path} is not UTF-8 ({word[:40]!r}); the file is damaged, or no word2vec file."
        ) from error


def _truncated(path: Path, number: int, total: int) -> MissingInputError:
    return MissingInputError(f"{path} is truncated: it ends within vector {number + 1:,} of {total:,}; get it again.")
