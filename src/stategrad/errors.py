"""The errors of stategrad: each says what was refused, what was received, and what to do instead."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from typing import Any


class StategradError(Exception):
    """Base of every error that stategrad raises on purpose; the command line prints its sentence and exits with 2."""


class InvalidInputError(StategradError, ValueError):
    """An argument, a text or a model that cannot be analysed as it is.

    Attributes:
        sentences: one per fault, without their full stops; empty where the message is the only one.
    """

    sentences: tuple[str, ...] = ()


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

    def attempt(self, f: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        """`f(*arguments, **options)`, or None where it raises `InvalidInputError`, whose faults are remembered.

        >>> problems = Problems("settings")
        >>> problems.attempt(check_choice, "cell", "lst", ["lstm", "gru"])
        >>> problems.sentences
        ["unknown cell 'lst': did you mean 'lstm'? (choices: lstm, gru)"]
        """
        try:
            return f(*arguments, **options)
        except InvalidInputError as error:
            self.sentences += error.sentences or [str(error).removesuffix(".")]
            return None

    def raise_if_any(self) -> None:
        """Raise `InvalidInputError` with every fault that was added, or return where there is none."""
        if not self.sentences:
            return
        message = " Also: ".join(sentence if sentence.endswith("?") else f"{sentence}." for sentence in self.sentences)
        if len(self.sentences) > 1:
            message = f"{len(self.sentences)} problems with {self.subject}: {message}"
        error = InvalidInputError(message)
        error.sentences = tuple(self.sentences)
        raise error


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
