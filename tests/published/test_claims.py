"""What the paper says in words, checked on planted tables: it holds, it does not, the intervals overlap, or it was not measured."""

from math import exp, nan

import pandas as pd
import pytest

from stategrad.published.claims import CLAIMS, check_claims

SG_PL, COMMON_PROPER = "singular–plural", "common–proper"
ORDER = ["pronouns", "nouns", "verbs", "adjectives", "adverbs", "conjunctions/prepositions"]


def curve(column, values, half, **labels):
    rows = [
        {"state": "cell", "group": "all", "delay": delay, column: value,
         f"{column}_low": value - half, f"{column}_high": value + half}
        for delay, value in values.items()
    ]  # fmt: skip
    return pd.DataFrame(rows).assign(**labels)


def tracked(name, memory, cosine, half=0.01, null=0.2):
    frame = curve("relative_memory", memory, half).merge(curve("cosine", cosine, half))
    share = curve("subspace_share", {delay: 0.3 + 0.01 * delay for delay in memory}, half)
    frame = frame.merge(share).assign(property=name, n=5, whitened=False, relative_memory_null_high=null)
    return pd.concat([frame, frame.assign(whitened=True, relative_memory=9.0, relative_memory_low=9.0, relative_memory_high=9.0)])


def tracking(first=0.9, other=0.8, late=0.3, half=0.01, null=0.2, last=29):
    """Memory as the paper has it: sg–pl ahead at 0, common–proper later, both dip early."""
    delays = range(last + 1)
    late_of = {delay: late if 1 < delay < 10 else 1.5 * late for delay in delays}
    memory = {
        SG_PL: late_of | {0: first, 1: 2 * late},
        COMMON_PROPER: {d: v + 0.05 for d, v in late_of.items()} | {0: other, 1: 2.5 * late},
    }
    return pd.concat([tracked(name, values, values, half, null) for name, values in memory.items()])


def comparisons(order=ORDER, overlapping=(), rule="any"):
    rows = [
        {"state": "cell", "rule": rule, "measure": measure, "group": a, "other": b, "difference": 1.0,
         "low": -0.1 if {a, b} <= set(overlapping) else 0.1, "high": 1.9}
        for measure in ("sigma_1", "rms") for place, a in enumerate(order) for b in order[place + 1:]
    ]  # fmt: skip
    return pd.DataFrame(rows)


def horizon(value=4.0, low=3.5, high=4.5, reached=True, longest=29):
    row = {"state": "cell", "group": "all", "measure": "mean", "level": exp(-1), "horizon": value, "horizon_low": low,
           "horizon_high": high, "reached": reached, "longest": longest}  # fmt: skip
    return pd.DataFrame([row])


CBOW = {"all (34)": 0.3, "nouns (4)": 0.6, "sg-pl": 0.79, "common-proper": 0.85}


def separability(**accuracy):
    accuracy = {"all (34)": 0.4, "nouns (4)": 0.7, "sg-pl": 0.87, "common-proper": 0.84} | accuracy
    rows = [{"row": name, "valid": value, "valid_low": value - 0.03, "valid_high": value + 0.03, "majority_valid": 0.6}
            for name, value in accuracy.items()]  # fmt: skip
    return pd.DataFrame(rows)


def tables(**changed):
    selectivity = curve("selectivity", {delay: 0.05 + 0.01 * delay for delay in range(30)}, 0.005, detected=True)
    return {
        "memory": selectivity, "horizon": horizon(), "comparisons": comparisons(), "tracking": tracking(),
        "separability": separability(), "separability_cbow": separability(**CBOW),
    } | changed  # fmt: skip


def found(claim, given=None, **facts):
    frame = check_claims(tables() if given is None else given, facts)
    row = frame[frame["claim"].str.startswith(claim)]
    assert len(row) == 1, claim
    return tuple(row.iloc[0][["verdict", "evidence"]])


def test_every_claim_of_the_paper_holds_where_the_run_is_as_the_paper_says():
    frame = check_claims(tables(), {})
    assert list(frame["claim"]) == [claim.claim for claim in CLAIMS]
    assert set(frame.loc[frame["model"].isin(["joint", "either"]), "verdict"]) == {"holds"}, frame
    others = frame[~frame["model"].isin(["joint", "either"])]
    assert set(others["verdict"]) == {"not checked"}
    assert set(others["evidence"]) == {
        "it compares two models, a run has one",
        "it compares two models, a run has one; stategrad compare asks a run with each kind of embeddings",
        "it is about a model with pre-trained embeddings",
    }
    pretrained = check_claims(
        tables(comparisons=comparisons(["pronouns", *ORDER[3:], "nouns", "verbs"])), {"embeddings": "pre-trained"}
    )
    assert set(pretrained.loc[pretrained["model"] == "either", "verdict"]) == {"holds"}
    assert found("Adverbs, adjectives", tables(comparisons=comparisons(["pronouns", *ORDER[3:], "nouns", "verbs"])),
                 embeddings="pre-trained")[0] == "holds"  # fmt: skip
    assert found("Common–proper is generally", embeddings="pre-trained")[0] == "does not hold"


@pytest.mark.parametrize(
    ("claim", "changed", "verdict", "evidence"),
    [
        ("Much is forgotten", {"horizon": horizon(4.8, 4.2, 5.6)}, "undecided", "below it from delay 4.8 (4.2 to 5.6)"),
        ("Much is forgotten", {"horizon": horizon(7.0, 6.1, 8.0)}, "does not hold", "below it from delay 7 (6.1 to 8)"),
        ("Much is forgotten", {"horizon": horizon(nan, nan, nan, False)}, "does not hold", "not below it by delay 29"),
        ("Much is forgotten", {"horizon": horizon(nan, 4.0, nan, False)}, "undecided", "not below it by delay 29"),
        ("Some information", {"memory": curve("selectivity", {0: 0.1, 21: 0.1}, 0.0, detected=nan)}, "not checked",
         "memory was not tested against noise"),
        ("Much is forgotten", {"horizon": None}, "not checked", "horizons were not measured"),
        ("Some information", {"memory": curve("selectivity", {0: 0.1, 21: 0.1}, 0.0, detected=False)}, "undecided",
         "not told from noise beyond delay 20"),
        ("Some information", {"memory": curve("selectivity", {0: 0.1, 5: 0.1}, 0.0, detected=True)}, "not checked",
         "the run has no delays beyond 20"),
        ("Memory becomes more selective", {"memory": curve("selectivity", {0: 0.1, 9: 0.12}, 0.02)}, "undecided",
         "at delay 9 0.12 (0.1 to 0.14), at delay 0 0.1 (0.08 to 0.12)"),
        ("Memory becomes more selective", {"memory": curve("selectivity", {0: 0.2, 9: 0.1}, 0.01)}, "does not hold", None),
        ("Memory becomes more selective", {"memory": curve("selectivity", {0: 0.2}, 0.01)}, "not checked",
         "the run has no delays beyond 0"),
        ("Pronouns have", {"comparisons": comparisons(overlapping=["pronouns", "nouns"])}, "undecided",
         "pronouns: above verbs, adjectives, adverbs, conjunctions/prepositions, below none"),
        ("Pronouns have", {"comparisons": comparisons(["nouns", "pronouns", *ORDER[2:]])}, "does not hold", None),
        ("Nouns follow", {"comparisons": comparisons(rule="gold")}, "holds",
         "nouns: above verbs, adjectives, adverbs, conjunctions/prepositions, below none (by gold tags)"),
        ("Nouns follow", {"comparisons": pd.concat([comparisons(), comparisons(["verbs", *ORDER[:2], *ORDER[3:]], rule="most")])},
         "holds", "nouns: above verbs, adjectives, adverbs, conjunctions/prepositions, below none; "
         "with words in the class of their most frequent tag: does not hold"),
        ("Nouns follow", {"comparisons": comparisons(ORDER[:4])}, "not checked", "the run has no class adverbs"),
        ("Nouns follow", {"comparisons": None}, "not checked", "differences between classes were not measured"),
        ("All tags together", {"separability": separability(**{"sg-pl": 0.41})}, "undecided",
         "all (34) 0.4 (0.37 to 0.43), least of the others sg-pl 0.41 (0.38 to 0.44)"),
        ("Singular and plural, common", {"separability": separability(**{"sg-pl": 0.5})}, "does not hold", None),
        ("Singular and plural, common", {"separability": separability(**{"sg-pl": nan})}, "not checked",
         "the run has no row sg-pl"),
        ("Embeddings trained with the language model", {}, "holds", "above in 3 of 4 rows by intervals, below in 0; larger in 3"),
        ("Embeddings trained with the language model", {"separability_cbow": separability(**CBOW | {"sg-pl": 0.85})}, "undecided",
         "above in 2 of 4 rows by intervals, below in 0; larger in 3"),
        ("Embeddings trained with the language model", {"separability_cbow": separability(**dict.fromkeys(CBOW, 0.95))},
         "does not hold", "above in 0 of 4 rows by intervals, below in 4; larger in 0"),
        ("Embeddings trained with the language model", {"separability_cbow": None}, "not checked",
         "cbow vectors of the same text were not searched"),
        ("At delay 0", {"tracking": tracking(first=0.81)}, "undecided", None),
        ("At delay 0", {"tracking": tracking(first=0.7)}, "does not hold",
         "m: singular–plural 0.7 (0.69 to 0.71), common–proper 0.8 (0.79 to 0.81); "
         "cosine: singular–plural 0.7 (0.69 to 0.71), common–proper 0.8 (0.79 to 0.81)"),
        ("At other delays", {"tracking": tracking(half=0.03)}, "undecided",
         "m: above at 1 of 29 delays, below at 0; cosine: above at 1 of 29 delays, below at 0"),
        ("The cosine of singular–plural dips", {"tracking": tracking(half=0.2)}, "undecided", None),
        ("The cosine of singular–plural dips", {"tracking": tracking(last=9)}, "not checked", "the run has no delays beyond 9"),
        ("Relative memory decreases", {"tracking": tracking(half=0.3)}, "undecided", None),
        ("The properties are mostly", {"tracking": tracking(first=0.46)}, "undecided",
         "singular–plural at 0 0.46 (0.45 to 0.47), singular–plural at 29 0.45 (0.44 to 0.46), "
         "common–proper at 0 0.8 (0.79 to 0.81), common–proper at 29 0.5 (0.49 to 0.51)"),
        ("The properties are mostly", {"tracking": tracking().query("delay == 0")}, "not checked",
         "the run has no delays beyond 0"),
        ("Both distinctions", {"tracking": tracking(null=0.6)}, "does not hold", None),
        ("Both distinctions", {"tracking": tracking(null=nan)}, "not checked", "chance was not measured"),
        ("The share of the n largest", {"tracking": tracking().assign(n=4)}, "not checked", "the run has no n 5"),
        ("The share of the n largest", {"tracking": tracking().iloc[:0]}, "not checked", "no property was tracked"),
    ],
)  # fmt: skip
def test_claims_by_their_intervals(claim, changed, verdict, evidence):
    said = found(claim, tables(**changed))
    assert said[0] == verdict, said
    assert evidence in (None, said[1])


@pytest.mark.parametrize(
    ("changed", "verdict", "evidence"),
    [
        ({"late": 0.1}, "holds", "at most common–proper at 11 0.2 (0.19 to 0.21)"),
        ({"late": 0.1, "half": 0.08}, "undecided", None),
        ({}, "does not hold", None),
        ({"last": 10}, "not checked", "the run has no delays beyond 10"),
    ],
)
def test_what_is_said_of_long_delays_with_pre_trained_embeddings(changed, verdict, evidence):
    said = found("The properties are not remembered", tables(tracking=tracking(**changed)), embeddings="pre-trained")
    assert said[0] == verdict, said
    assert evidence in (None, said[1])


def test_a_run_without_tables_checks_nothing():
    frame = check_claims({}, {"embeddings": "joint"})
    assert set(frame["verdict"]) == {"not checked"}
    hidden = {name: frame.assign(state="hidden") if "state" in frame else frame for name, frame in tables().items()}
    assert found("Some information", hidden) == ("not checked", "memory was not measured")
