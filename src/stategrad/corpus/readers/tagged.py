"""Tagged text of any format: which format it is, and its documents."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, get_args

from stategrad.corpus.documents import Document
from stategrad.corpus.readers import conll2000, conllu, joined, penn_mrg, penn_pos
from stategrad.corpus.readers.compressed import unpacked_name
from stategrad.corpus.readers.files import Readable, lines, open_path, stem, text_files
from stategrad.corpus.tags import TAG_SETS, knows, listed
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
_SUFFIXES: dict[Format, tuple[str, ...]] = {"pos": (".pos",), "mrg": (".mrg",), "conllu": (".conllu", ".conllup", ".cupt")}
_SAMPLE_LINES = 50
_NEARLY_ALL = 0.9


@dataclass(frozen=True)
class TaggedText:
    """Tagged files of one format.

    Attributes:
        path: as it was given.
        format: of all files.
        files: in the order in which they are read.
        left_out: how many text files beside them are of other formats, and are not read.
        column: of CoNLL-U files, which column holds the tags.
    """

    path: str
    format: Format
    files: tuple[Readable, ...]
    left_out: int = 0
    column: conllu.TagColumn | None = None

    def documents(self) -> Iterator[Document]:
        """The documents of all files, read lazily: each is to be read before the next is asked for."""
        for file in self.files:
            yield from self.documents_of(file)

    def documents_of(self, file: Readable) -> Iterator[Document]:
        """The documents of one file, read lazily."""
        read = partial(conllu.read, column=self.column) if self.column is not None else _READERS[self.format]
        yield from read(lines(file), stem(file), str(file))


def read_tagged(path: str | Path, format: Format | None = None) -> TaggedText:
    """Find the tagged files at a path, and their format.

    A folder or zip archive may hold one text in several formats, as the Penn Treebank does: where there are `.pos` files these
    alone are read, else `.mrg`, else `.conllu`, so that nothing is counted twice. Other files are judged by their content, and
    all must be of one format.

    Args:
        path: a file, compressed or not, a folder, or a zip archive.
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
    for named, suffixes in _SUFFIXES.items():
        chosen = [file for file in files if unpacked_name(file.name).lower().endswith(suffixes)]
        if chosen and format in (None, named):
            return _text(path, chosen, named if format or named != "pos" else _only_format(path, chosen, _pos_or_columns), files)
    return _text(path, files, format or _only_format(path, files, _format_of), files)


def refuse_tagged(file: Readable) -> None:
    """Refuse a file that is to be read as plain text, and is tagged.

    Raises:
        InvalidInputError: a file that begins like tagged text, or is empty or no text.
    """
    format = _format_of(file)
    if format in FORMATS:
        raise InvalidInputError(
            f"{file} is tagged text ({format}) and not plain: its tags would be taken for words; give it as corpus treebank, or as "
            "the tags of a text."
        )


def _text(path: str | Path, chosen: list[Readable], format: Format, files: list[Readable]) -> TaggedText:
    column = _tag_column(chosen) if format == "conllu" else None
    return TaggedText(str(path), format, tuple(chosen), len(files) - len(chosen), column)


def _tag_column(files: list[Readable]) -> conllu.TagColumn:
    """The column of the tags: UPOS unless no word of any file has one and some have an XPOS."""
    found = set()
    for file in files:
        found.add(conllu.tag_column(lines(file), str(file)))
        if "UPOS" in found:
            break
    return "XPOS" if found & {"UPOS", "XPOS"} == {"XPOS"} else "UPOS"


def _only_format(path: str | Path, files: list[Readable], judge: Callable[[Readable], Format | str]) -> Format:
    """The one format of all files; `judge` gives that of a file, or why it has none."""
    found = {file: judge(file) for file in files}
    formats = [format for format in FORMATS if format in found.values()]
    strangers = [file for file in files if found[file] not in FORMATS]
    if strangers:
        advice = "leave it out of the folder" if formats else "give tagged text, or use it as plain text"
        raise InvalidInputError(f"{strangers[0]} {found[strangers[0]]}; {advice}.")
    if len(formats) > 1:
        first = files[0]
        other = next(file for file in files if found[file] != found[first])
        raise InvalidInputError(
            f"{path} holds files of different formats, {first.name} ({found[first]}) and {other.name} ({found[other]}); "
            "give files of one format."
        )
    return formats[0]


def _sample(file: Readable) -> list[str]:
    return [line for line in itertools.islice(lines(file), _SAMPLE_LINES) if line.strip()]


def _pos_or_columns(file: Readable) -> Format:
    """The format of a file called `.pos`: the treebank's own, or a word and its tag per line."""
    sample = _sample(file)
    return "conll2000" if not _is_pos(sample) and _is_columns(sample) else "pos"


def _format_of(file: Readable) -> Format | str:
    """The first format that the beginning of a file matches, or why it matches none."""
    sample = _sample(file)
    tests: dict[Format, Callable[[list[str]], bool]] = {
        "conllu": _is_conllu,
        "mrg": _is_mrg,
        "conll2000": _is_columns,
        "pos": _is_pos,
        "word/TAG": lambda sample: _is_joined(" ".join(sample).split(), "/"),
        "word_TAG": lambda sample: _is_joined(" ".join(sample).split(), "_"),
    }
    for name, matches in tests.items():
        if sample and matches(sample):
            return name
    begins = sample[0].strip()[:40] if sample else ""
    return f"matches no format of tagged text ({', '.join(FORMATS)}): it begins '{begins}'{_unknown_tags(sample)}"


def _unknown_tags(sample: list[str]) -> str:
    """Which tags of a sample are unknown, if it looks tagged at all: words with tags of which there are few."""
    tokens = " ".join(sample).split()
    rows = [conll2000.columns(line) for line in sample]
    candidates = {f"word{mark}TAG": [_tag_of(token, mark) for token in tokens] for mark in "/_"}
    candidates["columns"] = [row[1] if len(row) == len(rows[0]) > 1 else "" for row in rows]
    for name, tags in candidates.items():
        if len(tags) >= 10 and all(tag and not tag.isdigit() for tag in tags) and len(set(tags)) <= len(tags) / 2:
            unknown = Counter(tag for tag in tags if not any(knows(tag, tag_set) for tag_set in TAG_SETS))
            sets = ", ".join(TAG_SETS)
            shown = listed(dict(unknown.most_common()), 5)
            return f", like {name}, with tags of no known tag set ({sets}): {shown}" if unknown else ""
    return ""


def _is_conllu(sample: list[str]) -> bool:
    rows = [line.split("\t") for line in sample if not line.startswith("#")]
    if conllu.names_columns(sample[0]):
        return True
    return bool(rows) and all(len(row) == 10 for row in rows)


def _is_mrg(sample: list[str]) -> bool:
    leaves = re.findall(r"\(([^\s()]+) [^\s()]+\)", " ".join(sample))
    return sample[0].lstrip().startswith("(") and _are_tags(leaves)


def _is_columns(sample: list[str]) -> bool:
    rows = [conll2000.columns(line) for line in sample if not conll2000.begins_document(line)]
    whole = [row for row in rows if len(row) == len(rows[0]) > 1]
    if not rows or len(whole) < _NEARLY_ALL * len(rows):
        return False
    chunk = re.compile(r"O|[BIES]-\S+")
    return _are_tags([row[1] for row in whole]) or all(len(row) == 3 and chunk.fullmatch(row[2]) for row in whole)


def _is_pos(sample: list[str]) -> bool:
    text = [line for line in sample if not line.startswith(("====", penn_pos.NOTICE))]
    is_chunked = len(text) < len(sample) or any(line.split()[0] == "[" for line in text)
    return is_chunked and _is_joined([token for line in text for token in line.split() if token not in ("[", "]")], "/")


def _is_joined(tokens: list[str], separator: str) -> bool:
    """Whether nearly all tokens are a word and a known tag; one that is not will be named when it is read."""
    tags = [tag for tag in (_tag_of(token, separator) for token in tokens) if tag]
    return len(tags) >= _NEARLY_ALL * len(tokens) and _are_tags(tags)


def _tag_of(token: str, separator: str) -> str:
    word, _, tag = token.rpartition(separator)
    return tag if word else ""


def _are_tags(tags: list[str]) -> bool:
    """Whether one tag set knows nearly all: a text with slashes or brackets is not tagged text."""
    return bool(tags) and max(sum(knows(tag, tag_set) for tag in tags) for tag_set in TAG_SETS) >= _NEARLY_ALL * len(tags)
