"""What the paper says in words, one claim after the other, beside what a run shows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from stategrad.published import findings, pair_findings
from stategrad.published.evidence import Check, Finding, NotMeasuredError, Tables
from stategrad.published.pair_findings import PairCheck

SG_PL, COMMON_PROPER = "singular–plural", "common–proper"
BOTH = (SG_PL, COMMON_PROPER)
REST = ("adjectives", "adverbs", "conjunctions/prepositions")


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One claim.

    Attributes:
        place: the section.
        model: `joint` or `pre-trained`, the embeddings of the model it is about; `either` where it is about each of the two,
            `both` where it compares them.
        claim: what is said, in short.
        reading: what is asked of a run, where the claim leaves that open.
        check: asks it; None for what one run cannot say.
        pair: asks it of two runs, one with each kind of embeddings; None for what these cannot say.
    """

    place: str
    model: str
    claim: str
    reading: str = ""
    check: Check | None = None
    pair: PairCheck | None = None


CLAIMS = (
    Claim(place="section 3.2", model="joint", claim="Much is forgotten after about 5 words.",
          reading="σ₁ falls below 1/e of its value at delay 0 within 5 words", check=findings.falls_within(5, math.exp(-1))),
    Claim(place="section 3.2", model="joint", claim="Some information is remembered after more than 20 words.",
          reading="the mean gradient is told from noise at some delay above 20", check=findings.remembered_beyond(20)),
    Claim(place="section 3.2", model="either", claim="Memory becomes more selective with the delay.",
          reading="σ₁/Σσ is larger at the longest delay than at 0", check=findings.rises("memory", "selectivity")),
    Claim(place="section 3.2", model="either", claim="Pronouns have the largest effect on the state.",
          check=findings.classes_above(["pronouns"], ["nouns", "verbs", *REST])),
    Claim(place="section 3.2", model="joint", claim="Nouns follow the pronouns.",
          check=findings.classes_above(["nouns"], ["verbs", *REST])),
    Claim(place="section 3.2", model="joint",
          claim="Verbs are remembered better than adjectives, adverbs, conjunctions and prepositions.",
          check=findings.classes_above(["verbs"], REST)),
    Claim(place="section 3.2", model="pre-trained",
          claim="Adverbs, adjectives, conjunctions and prepositions are remembered better than nouns and verbs.",
          check=findings.classes_above(REST, ["nouns", "verbs"])),
    Claim(place="section 3.2", model="both", claim="With pre-trained embeddings singular values are smaller, and fall less.",
          reading="σ₁ is smaller at delay 0, each in the units of its model, and at delay 5 a larger share of that",
          pair=pair_findings.smaller_and_slower(5)),
    Claim(place="section 3.2", model="both", claim="With pre-trained embeddings late memory is more selective.",
          reading="σ₁/Σσ is larger at the longest delay", pair=pair_findings.more_selective()),
    Claim(place="section 3.2", model="both", claim="With pre-trained embeddings the word classes differ more.",
          reading="the largest and the smallest share lie farther apart", pair=pair_findings.classes_differ_more()),
    Claim(place="section 3.3", model="either", claim="All tags together are too hard to tell apart.",
          reading="their accuracy is below that of every other row", check=findings.hardest("all")),
    Claim(place="section 3.3", model="either",
          claim="Singular and plural, common and proper nouns can be told apart linearly.",
          reading="accuracy on validation words above that of the most frequent class",
          check=findings.separable(["sg-pl", "common-proper"])),
    Claim(place="section 3.3", model="joint",
          claim="Embeddings trained with the language model do better than cbow vectors of the same text, in most cases.",
          reading="in more than half of the rows of table 2", check=findings.better_than_cbow()),
    Claim(place="section 3.3", model="both", claim="Vectors of more text of the same domain do better."),
    Claim(place="section 3.3", model="both",
          claim="Embeddings of a language model trained on the larger text usually do slightly better than its cbow vectors."),
    Claim(place="section 3.4", model="joint", claim="At delay 0 singular–plural is remembered slightly better than common–proper.",
          reading="by m and by the cosine (n = 5)",
          check=findings.ahead(["relative_memory", "cosine"], SG_PL, COMMON_PROPER, lambda delay: delay == 0, n=5)),
    Claim(place="section 3.4", model="joint", claim="At other delays common–proper is remembered better.",
          reading="by m and by the cosine (n = 5), at each",
          check=findings.ahead(["relative_memory", "cosine"], COMMON_PROPER, SG_PL, lambda delay: delay > 0, n=5)),
    Claim(place="section 3.4", model="joint", claim="The cosine of singular–plural dips between delays 1 and 9.",
          reading="n = 5; its smallest value there is below those at delay 0 and at the longest delay",
          check=findings.dips(1, 9, "cosine", property=SG_PL, n=5)),
    Claim(place="section 3.4", model="joint", claim="The cosine of common–proper dips between delays 2 and 8.",
          reading="n = 5; its smallest value there is below those at delay 0 and at the longest delay",
          check=findings.dips(2, 8, "cosine", property=COMMON_PROPER, n=5)),
    Claim(place="section 3.4", model="joint", claim="Relative memory decreases sharply at delay 2.",
          reading="m is smaller there than at delay 1, for both properties",
          check=findings.falls_at(2, "relative_memory", BOTH)),
    Claim(place="section 3.4", model="either", claim="The properties are mostly important on the very short term.",
          reading="m is smaller at the longest delay than at 0, for both properties",
          check=findings.fades("relative_memory", BOTH)),
    Claim(place="section 3.4", model="joint", claim="Both distinctions stay in memory for long delays.",
          reading="at the longest delay m lies above what permuted labels give, which the paper did not ask",
          check=findings.beyond_chance(BOTH)),
    Claim(place="section 3.4", model="either", claim="The share of the n largest singular values rises with the delay.",
          reading="n = 5, the longest delay against 0", check=findings.rises("tracking", "subspace_share", n=5)),
    Claim(place="section 3.4", model="pre-trained", claim="Common–proper is generally remembered better than singular–plural.",
          reading="by m and by the cosine (n = 5), at every delay",
          check=findings.ahead(["relative_memory", "cosine"], COMMON_PROPER, SG_PL, lambda delay: delay >= 0, n=5)),
    Claim(place="section 3.4", model="pre-trained", claim="The properties are not remembered very well on the long term.",
          reading="m is below 0.25, the most that is printed as 0.2, at every delay beyond 10",
          check=findings.below(0.25, 10, "relative_memory", BOTH)),
    Claim(place="section 3.4", model="both",
          claim="With pre-trained embeddings the two properties differ less, most of all at long delays.",
          reading="their m lie closer together at the longest delay", pair=pair_findings.properties_differ_less(*BOTH)),
)  # fmt: skip
"""Of Verwimp et al. 2018, in the order of the paper."""

TWO_MODELS = "it compares two models, a run has one"
ASKED = f"{TWO_MODELS}; stategrad compare asks a run with each kind of embeddings"
COLUMNS = ["place", "claim", "reading", "model", "verdict", "evidence"]


def check_claims(tables: Tables, facts: Mapping[str, Any], *, state: str = "cell") -> pd.DataFrame:
    """Every claim of the paper's sections 3.2 to 3.4 about the model that a run has, and whether it holds there.

    `holds` and `does not hold` are by 95 % intervals over blocks of the text, each claim for itself; the variation of training is
    left out. On another text or network than the paper's they speak of that one.

    Args:
        tables: `memory`, `horizon`, `comparisons`, `tracking`, `separability`, `separability_cbow` as they stand in a run folder;
            None or absent where a run has them not.
        facts: of the run; `embeddings` is `joint` where it is not given, or `pre-trained`.
        state: which state; the paper's is the cell.

    Returns:
        Columns place, claim, reading, model, verdict, evidence; a row per claim.
    """
    of_state = _of_state(tables, state)
    embeddings = str(facts.get("embeddings") or "joint")
    rows = []
    for claim in CLAIMS:
        found = _checked(claim, of_state, embeddings)
        rows.append([claim.place, claim.claim, claim.reading, claim.model, found.verdict, found.evidence])
    return pd.DataFrame(rows, columns=COLUMNS)


def check_pair_claims(joint: Tables, pretrained: Tables, *, state: str = "cell") -> pd.DataFrame:
    """Every claim of the paper about its two models beside each other, and whether it holds for two runs.

    Args:
        joint: tables of the run whose embeddings were trained with the model, as `check_claims` takes them, and `classes`.
        pretrained: those of the run with pre-trained embeddings.
        state: which state; the paper's is the cell.

    Returns:
        As `check_claims`, a row per claim of that kind.
    """
    first, other = _of_state(joint, state), _of_state(pretrained, state)
    rows = []
    for claim in CLAIMS:
        if claim.model != "both":
            continue
        try:
            found = Finding("not checked", "two runs do not say it") if claim.pair is None else claim.pair(first, other)
        except NotMeasuredError as missing:
            found = Finding("not checked", str(missing))
        rows.append([claim.place, claim.claim, claim.reading, claim.model, found.verdict, found.evidence])
    return pd.DataFrame(rows, columns=COLUMNS)


def _of_state(tables: Tables, state: str) -> dict[str, pd.DataFrame | None]:
    return {
        name: frame[frame["state"] == state] if frame is not None and "state" in frame else frame for name, frame in tables.items()
    }


def _checked(claim: Claim, tables: Tables, embeddings: str) -> Finding:
    if claim.check is None:
        return Finding("not checked", TWO_MODELS if claim.pair is None else ASKED)
    if claim.model not in (embeddings, "either"):
        return Finding("not checked", f"it is about a model with {claim.model} embeddings")
    try:
        return claim.check(tables)
    except NotMeasuredError as missing:
        return Finding("not checked", str(missing))
