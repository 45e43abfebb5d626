"""What the page says of the conditions of all its figures: where states are read, and in which space inputs are measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

RULES = {"gold": "by gold tags", "any": "words that can be of that class"}


def on_context(facts: Mapping[str, Any]) -> list[str]:
    """The space of the inputs where it is whitened, and where not all states are read at which, with what does not follow.

    Args:
        facts: of the run.

    >>> on_context({"at": "verbs", "at_rule": "gold", "at_steps": 1200, "tokens": 9000})[0]
    'States are read only where the current word is of the class verbs (by gold tags): 1,200 of 9,000 steps.'
    """
    return [*_on_space(facts), *_on_steps(facts)]


def _on_space(facts: Mapping[str, Any]) -> list[str]:
    if facts.get("convention") != "csl2020":
        return []
    return [
        "Inputs are measured in whitened embedding space, in standard deviations of the embeddings over word types (convention "
        "csl2020): all curves, classes, words, sentences, controls and other seeds here. Pushes are measured in the space of the "
        "embeddings; swaps, what replacing a word changes and what is decoded do not depend on it."
    ]


def _on_steps(facts: Mapping[str, Any]) -> list[str]:
    at = facts.get("at")
    if not at:
        return []
    rule, steps, tokens = RULES.get(str(facts.get("at_rule"))), facts.get("at_steps"), facts.get("tokens")
    counted = f": {steps:,} of {tokens:,} steps" if steps is not None and tokens is not None else ""
    return [
        f"States are read only where the current word is of the class {at}{f' ({rule})' if rule else ''}{counted}.",
        "So it is in gradients, swaps, pushes, controls and all that is made of them. At delay 0 the input is that current word, "
        "so that other classes have positions from delay 1 on, and classes are not compared at equal counts.",
        "Words on their own, decoding, linear separability and the time constants of gates are about all words.",
    ]
