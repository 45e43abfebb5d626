"""What was done to the words of a text before it was read, and why its vocabulary is not the paper's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stategrad.corpus.normalisation_rules import ON_RULES

PAPER_VOCABULARY = 10_921
"""Words of the paper's normalised text. Source: Verwimp et al. 2018, section 3.1."""


def on_text(facts: Mapping[str, Any]) -> list[str]:
    """How many words each rule of the normalisation touched, and what the vocabulary of Mikolov's text could be.

    Args:
        facts: of the run; those of its corpus begin with `corpus_`.

    >>> on_text({"corpus_normalisation": "ptb-norm", "corpus_rules": "hyphens, numbers", "corpus_touched_hyphens": 6670,
    ...          "corpus_touched_numbers": 1})
    ['The text was written as ptb-norm: words split at hyphens (6,670 words), numbers written as N (1 word).']
    """
    said = []
    if facts.get("corpus_normalisation"):
        rules = str(facts.get("corpus_rules", "")).split(", ")
        counted = [f"{ON_RULES[rule]} ({_words(facts.get(f'corpus_touched_{rule}'))})" for rule in rules if rule in ON_RULES]
        said.append(f"The text was written as {facts['corpus_normalisation']}: {', '.join(counted)}.")
    if facts.get("corpus") == "ptb" and facts.get("corpus_types_of_text") is not None:
        said.append(
            f"The paper's vocabulary of {PAPER_VOCABULARY:,} words cannot come from Mikolov's text: the text read here has "
            f"{facts['corpus_types_of_text']:,} word types besides the end of a sentence, and "
            f"{facts['corpus_types_hyphens_split']:,} with its words split at hyphens."
        )
    if facts.get("corpus") == "verwimp" and "corpus_tags" in facts:
        said.append(
            "The authors' list says which tags a word can have and not how often it has each: a word counts in every class that it "
            "can have, and no class of its most frequent tag is known."
        )
    return said


def _words(number: Any) -> str:
    return "not counted" if number is None else f"{number:,} word{'s' * (number != 1)}"
