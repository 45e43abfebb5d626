"""All checks, by name, in the order of what they build on."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence
from functools import partial

import torch
from tqdm.auto import tqdm

from stategrad.errors import InvalidInputError, check_choice
from stategrad.validation.held import LANGUAGES, held_words
from stategrad.validation.linear import linear_network
from stategrad.validation.noise import pure_noise
from stategrad.validation.record import Check, Validation
from stategrad.validation.stein import stein_identity
from stategrad.validation.untrained import untrained_model

CHECKS: dict[str, Callable[..., Check]] = {
    "linear": linear_network,
    "stein": stein_identity,
    "noise": pure_noise,
    "untrained": untrained_model,
    **{name: partial(held_words, name) for name in LANGUAGES},
}
"""Each takes `seed=`, and settings of its own."""


def validate(checks: Sequence[str] | None = None, *, seed: int = 0, show_progress: bool = True) -> Validation:
    """Put the measures to tests whose answers are known: what is there they must find, and nothing where there is nothing.

    Networks with known gradients, pure noise, an untrained model, and small LSTMs trained here on languages in which it is known
    how long a word must be held. Half a minute on one thread.

    Args:
        checks: names of some, in any order; default: all of `CHECKS`.
        seed: of everything that is drawn.
        show_progress: show a bar.

    Raises:
        InvalidInputError: an unknown check, none at all, or a negative seed.

    >>> validate(["linear"], show_progress=False).passed
    True
    """
    names = list(CHECKS) if checks is None else list(dict.fromkeys(checks))
    if not names:
        raise InvalidInputError("checks is empty; name at least one, or leave it out for all.")
    if seed < 0:
        raise InvalidInputError(f"seed is {seed}; give 0 or more.")
    for name in names:
        check_choice("check", name, CHECKS)
    done = []
    with tqdm(names, desc="validation", unit="check", disable=not show_progress) as bar:
        for name in bar:
            bar.set_postfix_str(name)
            start = time.perf_counter()
            with torch.random.fork_rng(devices=[]):
                check = CHECKS[name](seed=seed)
            done.append(dataclasses.replace(check, seconds=round(time.perf_counter() - start, 2)))
    return Validation(tuple(done))
