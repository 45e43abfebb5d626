"""Compressed text files, read as a stream: `.gz`, and the `.Z` of the Unix program compress."""

from __future__ import annotations

import gzip
import shutil
import subprocess
import zlib
from collections.abc import Iterator
from pathlib import Path

from stategrad.corpus.readers.files import decoded
from stategrad.errors import InvalidInputError, MissingInputError, UnavailableError

SUFFIXES = (".gz", ".z", ".Z")
_GZIP, _OLD = b"\x1f\x8b", (b"\x1f\x9d", b"\x1f\x1e")
_NOTES = ("readme", "license", "licence", "copying", "index", ".")


def text_files_of(path: str | Path) -> list[Path]:
    """A file, or all files below a folder in the order of their paths, compressed or not; notes and hidden files left out.

    Raises:
        MissingInputError: nothing there.
    """
    root = Path(path).expanduser()
    if root.is_file():
        return [root]
    found = [file for file in sorted(root.rglob("*")) if file.is_file() and not file.name.lower().startswith(_NOTES)]
    if not found:
        raise MissingInputError(f"there are no text files at {path}; give a file, or a folder of files or of years.")
    return found


def stream_lines(file: Path) -> Iterator[str]:
    """The lines of a text file, compressed or not, one at a time; which it is, its first bytes say.

    Raises:
        InvalidInputError: a damaged file, or content that is not UTF-8 text.
        UnavailableError: a `.Z` file where the program gzip, which unpacks it, is not to be found.
    """
    with file.open("rb") as content:
        first = content.read(2)
    if first in _OLD:
        yield from _unpacked(file)
        return
    try:
        with gzip.open(file, "rb") if first == _GZIP else file.open("rb") as content:
            yield from decoded(content, file)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InvalidInputError(f"{file} is not a whole gzip file ({error}); get it again.") from error


def _unpacked(file: Path) -> Iterator[str]:
    """The lines of a file that only the program gzip unpacks; it is stopped when the reader stops."""
    program = shutil.which("gzip")
    if program is None:
        raise UnavailableError(f"{file} is packed by compress, and there is no program gzip to unpack it; unpack it to plain text.")
    with subprocess.Popen([program, "-dc", str(file)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        try:
            yield from decoded(process.stdout, file)
        except GeneratorExit:
            process.terminate()
            raise
        if process.wait() != 0:
            raise InvalidInputError(f"{file} is not a whole compressed file; get it again.")
