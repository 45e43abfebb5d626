"""Tagged text of any format: which format it is, and its documents."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from stategrad.corpus.documents import Document
from stategrad.corpus.readers import conll2000, conllu, joined, penn_mrg, penn_pos
from stategrad.corpus.readers.files import Readable, lines, open_path, text_files
from stategrad.corpus.tags import TAG_SETS, knows
from stategrad.errors import InvalidInputError, MissingInputError, check_choice

Format = Literal["pos", "mrg", "conllu", "conll2000", "word/TAG", "word_TAG"]
FORMATS: tuple[Format, ...] = get_args(Format)

_READERS: dict[Format, Callable[[Iterable[str], str, str], Iterator[Document]]] = {
    "pos": penn_pos.read,
    "mrg": penn_mrg.read,
    "conllu": conllu.read,
    "conll2000": conll2000.read,
    "word/TAG": joined.read_slashed,
    "word_TAG": joined.read_underscored,
}
_SUFFIXES: dict[str, Format] = {".pos": "pos", ".mrg": "mrg", ".conllu": "conllu"}
_SAMPLE_LINES = 50


@dataclass(frozen=True)
class TaggedText:
    """Tagged files of one format.

    Attributes:
        path: as it was given.
        format: of all files.
        files: in the order in which they are read.
    """

    path: str
    format: Format
    files: tuple[Readable, ...]

    def documents(self) -> Iterator[Document]:
        """The documents of all files, read lazily: each is to be read before the next is asked for."""
        for file in self.files:
            yield from _READERS[self.format](lines(file), Path(file.name).stem, str(file))


def read_tagged(path: str | Path, format: Format | None = None) -> TaggedText:
    """Find the tagged files at a path, and their format.

    A folder or zip archive may hold one text in several formats, as the Penn Treebank does: where there are `.pos` files these
    alone are read, else `.mrg`, else `.conllu`, so that nothing is counted twice. Other files are judged by their content, and
    all must be of one format.

    Args:
        path: a file, a folder, or a zip archive.
        format: of the files; default: found from their names and contents.

    Raises:
        MissingInputError: nothing there, or no text files.
        InvalidInputError: an unknown format, files that match no format, or files of different formats.
    """
    if format is not None:
        check_choice("format of tagged text", format, FORMATS)
    files = text_files(open_path(path))
    if not files:
        raise MissingInputError(f"there are no text files in {path}; give tagged files.")
    for suffix, named in _SUFFIXES.items():
        chosen = tuple(file for file in files if file.name.lower().endswith(suffix))
        if chosen and format in (None, named):
            return TaggedText(str(path), named, chosen)
    if format is not None:
        return TaggedText(str(path), format, tuple(files))
    found = {str(file): _format_of(file) for file in files}
    if len(set(found.values())) > 1:
        first = files[0]
        other = next(file for file in files if found[str(file)] != found[str(first)])
        raise InvalidInputError(
            f"{path} holds files of different formats, {first.name} ({found[str(first)]}) and {other.name} "
            f"({found[str(other)]}); give files of one format."
        )
    return TaggedText(str(path), found[str(files[0])], tuple(files))


def _format_of(file: Readable) -> Format:
    """The first format that the beginning of a file matches."""
    sample = [line for line in itertools.islice(lines(file), _SAMPLE_LINES) if line.strip()]
    tests: dict[Format, Callable[[list[str]], bool]] = {
        "conllu": _is_conllu,
        "mrg": _is_mrg,
        "conll2000": _is_conll2000,
        "pos": _is_pos,
        "word/TAG": lambda sample: _is_joined(" ".join(sample).split(), "/"),
        "word_TAG": lambda sample: _is_joined(" ".join(sample).split(), "_"),
    }
    for name, matches in tests.items():
        if sample and matches(sample):
            return name
    shown = sample[0].strip()[:40] if sample else ""
    raise InvalidInputError(
        f"{file} matches no format of tagged text ({', '.join(FORMATS)}): it begins '{shown}'; "
        "give tagged text, or use it as plain text."
    )


def _is_conllu(sample: list[str]) -> bool:
    rows = [line.split("\t") for line in sample if not line.startswith("#")]
    return bool(rows) and all(len(row) == 10 for row in rows)


def _is_mrg(sample: list[str]) -> bool:
    leaves = re.findall(r"\(([^\s()]+) [^\s()]+\)", " ".join(sample))
    return sample[0].lstrip().startswith("(") and _are_tags(leaves)


def _is_conll2000(sample: list[str]) -> bool:
    rows = [line.split() for line in sample]
    chunk = re.compile(r"O|[BIES]-\S+")
    return all(len(row) == 3 and chunk.fullmatch(row[2]) for row in rows)


def _is_pos(sample: list[str]) -> bool:
    tokens = [token for line in sample if not line.startswith("====") for token in line.split()]
    is_chunked = any(line.startswith("====") or line.split()[0] == "[" for line in sample)
    return is_chunked and _is_joined([token for token in tokens if token not in ("[", "]")], "/")


def _is_joined(tokens: list[str], separator: str) -> bool:
    tags = [tag for word, found, tag in (token.rpartition(separator) for token in tokens) if word and found and tag]
    return len(tags) == len(tokens) and _are_tags(tags)


def _are_tags(tags: list[str]) -> bool:
    """Whether one tag set knows nearly all: a text with slashes or brackets is not tagged text."""
    return bool(tags) and max(sum(knows(tag, tag_set) for tag in tags) for tag_set in TAG_SETS) >= 0.9 * len(tags)
