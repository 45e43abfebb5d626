"""What the paper says of its two models beside each other, on planted tables of two runs."""

from math import nan

import pandas as pd
import pytest

from published.test_claims import COMMON_PROPER, ORDER, SG_PL, curve, tracked
from stategrad.published.claims import CLAIMS, check_pair_claims


def run(first=1.6, rate=0.6, late=0.16, shares=(0.2, 0.15), apart=0.2, half=0.01, last=29):
    """A run whose `σ_1` begins at a value and falls at a rate, with selectivity, shares of classes and properties as asked for."""
    delays = range(last + 1)
    sigma = curve("sigma_1", {delay: first * rate**delay for delay in delays}, half)
    selectivity = curve("selectivity", {delay: 0.03 + (late - 0.03) * delay / max(last, 1) for delay in delays}, half)
    memory = {SG_PL: dict.fromkeys(delays, 0.3), COMMON_PROPER: dict.fromkeys(delays, 0.3 + apart)}
    most, least = shares
    listed = dict.fromkeys(ORDER, (most + least) / 2) | {"pronouns": most, "adverbs": least}
    classes = [
        {"state": "cell", "rule": "any", "group": name, "normalised": share, "normalised_low": share - half / 4,
         "normalised_high": share + half / 4} for name, share in listed.items()
    ]  # fmt: skip
    return {
        "memory": sigma.merge(selectivity), "classes": pd.DataFrame(classes),
        "tracking": pd.concat([tracked(name, values, values, half) for name, values in memory.items()]),
    }  # fmt: skip


JOINT = run()
PRETRAINED = run(first=0.5, rate=0.9, late=0.5, shares=(0.27, 0.12), apart=0.05)


def found(claim, joint=JOINT, pretrained=PRETRAINED):
    frame = check_pair_claims(joint, pretrained)
    row = frame[frame["claim"].str.contains(claim)]
    assert len(row) == 1, claim
    return tuple(row.iloc[0][["verdict", "evidence"]])


def test_what_two_runs_can_say_holds_where_they_are_as_the_paper_says():
    frame = check_pair_claims(JOINT, PRETRAINED)
    both = [claim for claim in CLAIMS if claim.model == "both"]
    assert list(frame["claim"]) == [claim.claim for claim in both]
    wanted = ["not checked" if claim.pair is None else "holds" for claim in both]
    assert list(frame["verdict"]) == wanted, frame
    assert wanted.count("holds") == 4
    assert all(claim.reading for claim in both if claim.pair is not None)


def test_the_other_way_round_none_of_it_holds():
    frame = check_pair_claims(PRETRAINED, JOINT)
    assert set(frame["verdict"]) == {"does not hold", "not checked"}


@pytest.mark.parametrize(
    ("claim", "joint", "pretrained", "verdict", "evidence"),
    [
        ("singular values", JOINT, run(first=0.5), "undecided",
         "joint at 0 1.6 (1.6 to 1.6), pre-trained at 0 0.5 (0.49 to 0.51), pre-trained at 5, relative 0.078 (0.058 to 0.098), "
         "joint at 5, relative 0.078 (0.072 to 0.084)"),
        ("singular values", JOINT, run(last=3), "not checked", "delay 5 was not measured"),
        ("late memory", JOINT, run(late=0.17), "undecided",
         "pre-trained at 29 0.17 (0.16 to 0.18), joint at 29 0.16 (0.15 to 0.17)"),
        ("late memory", run(last=0), PRETRAINED, "not checked", "the runs have no delays beyond 0 in common"),
        ("word classes", JOINT, run(shares=(0.201, 0.149)), "undecided",
         "pre-trained 0.052 (0.047 to 0.057), joint 0.05 (0.045 to 0.055)"),
        ("word classes", JOINT, PRETRAINED | {"classes": PRETRAINED["classes"].assign(rule="gold")}, "not checked",
         "the runs give classes to words by different rules"),
        ("word classes", JOINT, PRETRAINED | {"classes": PRETRAINED["classes"].iloc[1:]}, "not checked",
         "the runs have different word classes"),
        ("word classes", JOINT | {"classes": None}, PRETRAINED, "not checked", "the run has no word classes"),
        ("two properties", JOINT, run(apart=0.19), "undecided",
         "joint at 29 0.2 (0.18 to 0.22), pre-trained at 29 0.19 (0.17 to 0.21)"),
        ("two properties", JOINT, run(apart=-0.05), "holds",
         "joint at 29 0.2 (0.18 to 0.22), pre-trained at 29 0.05 (0.03 to 0.07)"),
        ("two properties", JOINT, run(apart=0.0), "holds", "joint at 29 0.2 (0.18 to 0.22), pre-trained at 29 0 (0 to 0.02)"),
        ("two properties", JOINT, run(half=nan), "undecided", "joint at 29 0.2 (0.18 to 0.22), pre-trained at 29 0.2"),
    ],
)  # fmt: skip
def test_claims_of_two_models_by_their_intervals(claim, joint, pretrained, verdict, evidence):
    assert found(claim, joint, pretrained) == (verdict, evidence)
