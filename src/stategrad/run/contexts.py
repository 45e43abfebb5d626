"""Contexts: states that are read only where the current word is of a chosen class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Bool

from stategrad.corpus.corpus import Corpus
from stategrad.errors import Problems
from stategrad.run.measures import rules_of

if TYPE_CHECKING:
    from stategrad.run.run import Run

Steps = tuple[Bool[np.ndarray, " _time"], ...]
"""For every stream the steps t whose state is read."""


def check_context(problems: Problems, at: str | None, text: Corpus) -> None:
    """Find a class of which a text has no word."""
    if at is None:
        return
    if not text.rules:
        problems.add(f"gradients.at is '{at}' and {text.name} has no tags; leave it out, or name tagged files")
    elif at not in text.groups(rules_of(text)[0]):
        there = ", ".join(text.groups(rules_of(text)[0]))
        problems.add(f"gradients.at is '{at}' and {text.name} has no word of that class; it has {there}")


def steps_of(text: Corpus, at: str | None) -> Steps | None:
    """The steps whose current word is of a class, by gold tags where tokens have them, else in any class that a word can have.

    Args:
        text: with tags.
        at: the class; None for every step.

    Returns:
        A boolean mask per stream; None for every step.
    """
    return None if at is None else tuple(text.groups(rules_of(text)[0])[at])


def facts_of(run: Run) -> dict[str, Any]:
    """What the page says of the context; nothing where every state is read."""
    at, text = run.config.gradients.at, run.text
    steps = steps_of(text, at)
    if steps is None:
        return {"at": None}
    return {"at": at, "at_rule": rules_of(text)[0], "at_steps": sum(int(mask.sum()) for mask in steps)}
