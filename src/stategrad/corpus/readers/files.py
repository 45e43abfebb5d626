"""Files, folders and zip archives as one kind of thing, and their lines as text."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from stategrad.corpus.readers.compressed import unpacked, unpacked_name
from stategrad.errors import InvalidInputError, MissingInputError

Readable = Path | zipfile.Path
"""A file or folder, on disk or inside a zip archive."""

_NO_TEXT_NAMES = "readme license licence copying changelog contents contributing citation authors makefile index cats.txt"
_NO_TEXT_SUFFIXES = (
    ".md .rst .xml .dtd .json .yaml .yml .log .tbl .pickle .pkl .html .htm .pdf .ps .doc .docx .tex .bib .py .pl .sh .csv .zip "
    ".tgz .tar .png .jpg .safetensors .npy"
)


def open_path(path: str | Path) -> Readable:
    """A path that can be read alike whether it is a file, a folder, or a zip archive, which then is its root folder.

    Raises:
        MissingInputError: nothing is there.
        InvalidInputError: a damaged archive.
    """
    given = Path(path).expanduser()
    if not given.exists():
        raise MissingInputError(f"there is no file or folder {path}; give the path of a file, a folder or a zip archive.")
    if given.suffix.lower() != ".zip" or given.is_dir():
        return given
    try:
        return zipfile.Path(zipfile.ZipFile(given))
    except zipfile.BadZipFile as error:
        raise InvalidInputError(f"{path} is not a whole zip archive ({error}); get it again.") from error


def all_files(root: Readable) -> list[Readable]:
    """All files at or below `root` in the order of their paths, hidden ones left out."""
    if not root.is_dir():
        return [root]
    entries: list[Readable] = [entry for entry in root.iterdir() if not entry.name.startswith((".", "__"))]
    return [file for entry in sorted(entries, key=lambda entry: entry.name) for file in all_files(entry)]


def text_files(root: Readable) -> list[Readable]:
    """All text files at or below `root` in the order of their paths; hidden files, notes and known other kinds left out."""
    return [file for file in all_files(root) if root.is_file() or _may_be_text(file.name.lower())]


def _may_be_text(name: str) -> bool:
    return not name.startswith(tuple(_NO_TEXT_NAMES.split())) and Path(unpacked_name(name)).suffix not in _NO_TEXT_SUFFIXES.split()


def stem(file: Readable) -> str:
    """The name of a file without its suffix, and that of its compression.

    >>> stem(Path("tagged/wsj_0001.pos.gz"))
    'wsj_0001'
    """
    return Path(unpacked_name(file.name)).stem


def lines(file: Readable) -> Iterator[str]:
    """The lines of a UTF-8 file without their ends, one at a time; a compressed file is unpacked on the way.

    Raises:
        InvalidInputError: a file that is empty, binary, not UTF-8 (with the place of the first such byte), or damaged.
        UnavailableError: a `.Z` file without a program to unpack it.
    """
    try:
        with unpacked(file) as content:
            yield from _decoded(content, file)
    except zipfile.BadZipFile as error:
        raise InvalidInputError(f"{file} is damaged inside its archive ({error}); get it again.") from error


def _decoded(content: Iterable[bytes], file: Readable) -> Iterator[str]:
    """The raw lines of a file as text without their ends, one at a time.

    Raises:
        InvalidInputError: nothing but white space, binary content, or bytes that are not UTF-8.
    """
    start, is_empty = 0, True
    for number, raw in enumerate(content, start=1):
        if b"\x00" in raw:
            if number == 1 and raw[257:262] == b"ustar":
                raise InvalidInputError(f"{file} is a tar archive; unpack it, and give the folder or the files in it.")
            if number == 1 and raw.startswith((b"\xff\xfe", b"\xfe\xff")):
                raise InvalidInputError(f"{file} is UTF-16; convert it to UTF-8.")
            raise InvalidInputError(f"{file} is binary, not text: line {number} holds a zero byte; give UTF-8 text.")
        try:
            line = raw.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            at = raw[error.start] if error.start < len(raw) else raw[-1]
            raise InvalidInputError(
                f"{file} is not UTF-8: byte 0x{at:02x} at offset {start + error.start}, in line {number}; convert it to UTF-8."
            ) from error
        start += len(raw)
        is_empty = is_empty and not line.strip()
        yield line.rstrip("\r\n")
    if is_empty:
        raise InvalidInputError(f"{file} is empty; give a file with text.")
