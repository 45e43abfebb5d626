"""Why a published number cannot be held against a run: another text, another model, or something that the paper leaves open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stategrad.published.numbers import Paper, PublishedNumber
from stategrad.report.facts import young_model

RULES = {
    "any": "in every class they can have",
    "most": "in the class of their most frequent tag",
    "gold": "by the tag of each token",
}

CBOW = "cbow on PTB"
"""Cbow vectors of the paper's own text, which need no language model."""

_OF_MODEL = {
    "joint": "trained with the language model",
    "pre-trained": "cbow vectors of the Wall Street Journal",
    CBOW: "cbow vectors of the Penn Treebank",
    "LM on WSJ": "trained with a language model of the Wall Street Journal",
}


def obstacle(paper: Paper, number: PublishedNumber, facts: Mapping[str, Any]) -> str | None:
    """Why a number cannot be held against a run, in one clause; None where nothing stands in the way.

    The first of: another text; what the paper leaves open; a number of the authors' text alone; another part of the text, or states
    at some words alone; other embeddings; another network; a young model.

    Args:
        paper: where the number stands.
        number: the published number.
        facts: of the run. `embeddings` names what they are, `joint` where it is not given,
            `embeddings_text` the text of cbow vectors that are not the paper's; `corpus`, `text`, `cell`, `layers`,
            `embedding_size`, `hidden_size`, `epochs`, `perplexity_valid`, `converged_perplexity` as runs record them.
    """
    corpus = facts.get("corpus")
    if corpus not in (paper.corpus, *paper.near):
        return f"the run read {corpus or 'a text that is not recorded'}, the paper {paper.text}"
    if number.compared is None:
        return number.unclear
    if number.compared.authors_text and not is_authors_text(paper, facts):
        owned = "list of tags" if number.compared.table == "separability" else "normalisation and vocabulary of the text"
        return f"it depends on the authors' own {owned}"
    if number.compared.table not in ("facts", "separability"):
        part = str(facts.get("text", "the validation part"))
        if "validation" not in part:
            return f"the run measured {part}, the paper the validation part"
        if facts.get("at"):
            return f"the run read states only at {facts['at']}, the paper at every word"
    return other_embeddings(number, facts) or (None if number.model == "any" else _other_network(paper, facts))


def is_authors_text(paper: Paper, facts: Mapping[str, Any]) -> bool:
    """Whether a run read the files of a paper's authors as they are: in no other normalisation, and all of them."""
    changed = facts.get("corpus_normalisation") or facts.get("corpus_train_words")
    return facts.get("corpus") == paper.corpus and not changed


def cbow_facts(paper: Paper, facts: Mapping[str, Any]) -> dict[str, Any]:
    """What is to be known of cbow vectors of a run's text: the text and their size, and nothing of the run's network."""
    of_text = {name: facts.get(name) for name in ("corpus", "embedding_size")}
    return {**paper.network, **of_text, "embeddings": "pre-trained", "embeddings_text": CBOW}


def other_embeddings(number: PublishedNumber, facts: Mapping[str, Any]) -> str | None:
    """Why a number is of another model than that of the run, in one clause; None for the run's own kind and for texts."""
    embeddings = str(facts.get("embeddings_text") or facts.get("embeddings") or "joint")
    if number.model in ("any", embeddings):
        return None
    return f"the run's embeddings are {_OF_MODEL.get(embeddings, embeddings)}, the paper's here {_OF_MODEL[number.model]}"


def other_rule(paper: Paper, rule: str) -> str | None:
    """Why classes under a rule are not the paper's, in one clause; None for the paper's own rule or a table without rules."""
    return None if rule in ("", paper.rule) else f"words are counted {RULES[rule]} here, {RULES[paper.rule]} in the paper"


def _other_network(paper: Paper, facts: Mapping[str, Any]) -> str | None:
    differing = [
        f"{name} {facts.get(name, 'not recorded')} where the paper has {value}"
        for name, value in paper.network.items()
        if facts.get(name) != value
    ]
    if differing:
        return f"another network: {', '.join(differing)}"
    return "the model has learned far less than the paper's" if young_model(facts) else None
