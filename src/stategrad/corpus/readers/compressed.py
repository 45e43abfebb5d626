"""Compressed files as the bytes that are in them: `.gz`, `.bz2`, `.xz`, and the `.Z` of the Unix program compress.

Which it is, the first bytes of a file say, not its name.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import shutil
import subprocess
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from stategrad.errors import InvalidInputError, UnavailableError

SUFFIXES = (".gz", ".bz2", ".xz", ".z", ".Z")
_OPENERS: dict[bytes, tuple[str, Callable[[IO[bytes]], Any]]] = {
    b"\x1f\x8b": ("gzip", gzip.open),
    b"BZh": ("bzip2", bz2.open),
    b"\xfd7zXZ\x00": ("xz", lzma.open),
}
_OLD = (b"\x1f\x9d", b"\x1f\x1e")


def unpacked_name(name: str) -> str:
    """The name of a file without the suffix of its compression.

    >>> unpacked_name("wsj_0001.pos.gz"), unpacked_name("wsj_0001.pos")
    ('wsj_0001.pos', 'wsj_0001.pos')
    """
    return name.removesuffix(Path(name).suffix) if Path(name).suffix in SUFFIXES else name


@contextmanager
def unpacked(file: Path | zipfile.Path) -> Iterator[Iterable[bytes]]:
    """The lines of a file as bytes, as they are or unpacked, one at a time.

    Raises:
        InvalidInputError: a damaged file.
        UnavailableError: a `.Z` file where the program gzip, which unpacks it, is not to be found, or inside an archive.
    """
    with file.open("rb") as content:
        first = content.read(6)
    if first[:2] in _OLD:
        with _by_program(file) as lines:
            yield lines
        return
    kind, opener = next((found for magic, found in _OPENERS.items() if first.startswith(magic)), ("", None))
    with file.open("rb") as content:
        if opener is None:
            yield content
            return
        try:
            with opener(content) as inner:
                yield inner
        except (EOFError, OSError, zlib.error, lzma.LZMAError) as error:
            raise InvalidInputError(f"{file} is not a whole {kind} file ({error}); get it again.") from error


@contextmanager
def _by_program(file: Path | zipfile.Path) -> Iterator[Iterable[bytes]]:
    """The lines of a file that only the program gzip unpacks; it is stopped when the reader stops."""
    program = shutil.which("gzip")
    if program is None or not isinstance(file, Path):
        lacking = "there is no program gzip to unpack it" if program is None else "it lies in an archive"
        raise UnavailableError(f"{file} is packed by compress, and {lacking}; unpack it to plain text.")
    with subprocess.Popen([program, "-dc", str(file)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        try:
            yield process.stdout
        except GeneratorExit:
            process.terminate()
            raise
        if process.wait() != 0:
            raise InvalidInputError(f"{file} is not a whole compressed file; get it again.")
