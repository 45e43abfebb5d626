"""The errors of stategrad: each says what was refused, what was received, and what to do instead."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class StategradError(Exception):
    """Base of every error that stategrad raises on purpose; the command line prints its sentence and exits with 2."""


class InvalidInputError(StategradError, ValueError):
    """An argument, a text or a model that cannot be analysed as it is."""


class MissingInputError(StategradError, FileNotFoundError):
    """A file or folder that was named and is not there, or is not what it should be."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class ChecksumError(StategradError):
    """A file whose content differs from what its checksum promises."""


class ForeignOutputError(StategradError, FileExistsError):
    """An output that exists and belongs to something else, or to other settings."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class UnavailableError(StategradError):
    """Something optional, such as a downloader or a corpus, that this machine does not have."""


class Problems:
    """Collects the faults of one request and raises them together.

    >>> problems = Problems("settings")
    >>> problems.add("delays is 0; give at least 1")
    >>> problems.add("blocks is 1; give at least 2")
    >>> problems.raise_if_any()
    Traceback (most recent call last):
    stategrad.errors.InvalidInputError: 2 problems with settings: delays is 0; give at least 1. Also: blocks is 1; ...
    """

    def __init__(self, subject: str) -> None:
        self.subject = subject
        self.sentences: list[str] = []

    def add(self, sentence: str) -> None:
        """Remember one fault, a sentence without its full stop."""
        self.sentences.append(sentence)

    def raise_if_any(self) -> None:
        """Raise `InvalidInputError` with every fault that was added, or return where there is none."""
        if not self.sentences:
            return
        if len(self.sentences) == 1:
            raise InvalidInputError(f"{self.sentences[0]}.")
        raise InvalidInputError(f"{len(self.sentences)} problems with {self.subject}: {'. Also: '.join(self.sentences)}.")


def suggestion(name: str, choices: Iterable[str]) -> str:
    """A clause that names the nearest choice and lists them all.

    >>> suggestion("nuons", ["nouns", "verbs"])
    "did you mean 'nouns'? (choices: nouns, verbs)"
    >>> suggestion("xyz", ["nouns", "verbs"])
    'choices: nouns, verbs'
    """
    names = [str(choice) for choice in choices]
    near = difflib.get_close_matches(name, names, n=1)
    listed = f"choices: {', '.join(names)}"
    return f"did you mean '{near[0]}'? ({listed})" if near else listed


def check_choice(what: str, name: str, choices: Iterable[str]) -> None:
    """Raise `InvalidInputError` unless `name` is one of `choices`.

    >>> check_choice("word class", "nuons", ["nouns", "verbs"])
    Traceback (most recent call last):
    stategrad.errors.InvalidInputError: unknown word class 'nuons': did you mean 'nouns'? (choices: nouns, verbs).
    """
    names = [str(choice) for choice in choices]
    if name not in names:
        raise InvalidInputError(f"unknown {what} '{name}': {suggestion(name, names)}.")
