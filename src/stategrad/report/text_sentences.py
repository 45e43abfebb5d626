"""What was done to the words of a text, what is known of their tags, and why its vocabulary is not the paper's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stategrad.corpus.normalisation_rules import ON_RULES

PAPER_VOCABULARY = 10_921
"""Words of the paper's normalised text. Source: Verwimp et al. 2018, section 3.1."""


def on_text(facts: Mapping[str, Any]) -> list[str]:
    """How many words each rule of the normalisation touched, how many words have tags, and what words Mikolov's text could have.

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
    said += _on_tags(facts)
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


def _on_tags(facts: Mapping[str, Any]) -> list[str]:
    """How many words have a tag from files beside the text, and what is not known of the tags.

    >>> _on_tags({"corpus_tag_files": "a.pos (pos)", "corpus_coverage_types": 0.93, "corpus_coverage_tokens": 0.942})[0]
    'Words have the tags of a.pos (pos): 93 % of the word types and 94 % of the words have one; the others are in no class.'
    """
    said = []
    if facts.get("corpus_tag_files"):
        types, tokens = facts["corpus_coverage_types"], facts["corpus_coverage_tokens"]
        said.append(
            f"Words have the tags of {facts['corpus_tag_files']}: {100 * types:.0f} % of the word types and "
            f"{100 * tokens:.0f} % of the words have one; the others are in no class."
        )
    if facts.get("corpus_tag_column"):
        said.append("The tags are those of the column XPOS, since no word has a UPOS.")
    if facts.get("corpus_untagged_words"):
        said.append(f"Without a tag, and in no class: {_words(facts['corpus_untagged_words'])} of the tagged text.")
    if facts.get("corpus_which_foreign_tags"):
        said.append(f"Tags that are not in the tag set, and in no class: {facts['corpus_which_foreign_tags']}.")
    if facts.get("corpus_number_of_nouns"):
        said.append("The tags do not tell singular nouns from plural ones.")
    return said


def _words(number: Any) -> str:
    return "not counted" if number is None else f"{number:,} word{'s' * (number != 1)}"
