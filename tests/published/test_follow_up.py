"""The follow-up's sentences on planted tables: each holds, does not, is undecided, or was not measured."""

from math import exp, nan

import numpy as np
import pandas as pd
import pytest

from stategrad.published import check_follow_up, follow_up
from stategrad.published.follow_up_checks import CHECKS, NOT_WHITENED, SEEN_AS

MEAN, RMS, EFFECT = SEEN_AS
QUICKLY, NOT_EXPONENTIALLY, BETTER, LONGER, NOUNS = "quickly", "not exponentially", "better", "longer", "at delay 0 nouns"
CLASSES = {"nouns": 2.0, "verbs": 1.5, "pronouns": 1.4, "any 1": 0.9, "any 2": 1.0}


def horizon(**changed):
    row = {"group": "all", "level": exp(-1), "horizon": 2.0, "horizon_low": 1.8, "horizon_high": 2.2, "reached": True,
           "longest": 49} | changed  # fmt: skip
    return pd.DataFrame([row | {"measure": measure} for measure in ("mean", "rms", "swap")])


def decay(exponent=0.5, half=0.1, difference=3.0, low=1.0, best="power"):
    laws = {"exponential": (1.0 + difference, difference, low), "power": (1.0, 0.0, 0.0), "stretched": (1.2, 0.2, -0.1)}
    if best == "exponential":
        laws = {"exponential": (1.0, 0.0, 0.0), "power": (1.5, 0.5, -0.1), "stretched": (1.1, 0.1, -0.1)}
    rows = [
        {"group": "all", "measure": measure, "law": law, "score": score, "difference": d, "difference_low": d_low,
         "exponent": exponent, "exponent_low": exponent - half, "exponent_high": exponent + half}
        for measure in ("mean", "rms", "swap") for law, (score, d, d_low) in laws.items()
    ]  # fmt: skip
    return pd.DataFrame(rows)


def correlations(rho, half=0.1, **more):
    rows = [
        {"measure": measure, "delay": delay, "rho": value, "low": value - half, "high": value + half, "words": 50} | more
        for measure in ("sigma_1", "sigma_1_equal", "rms_equal", "effect")
        for delay, value in ((0, rho), (10, rho / 2))
    ]
    return pd.DataFrame(rows)


def words():
    frequency = np.arange(1.0, 11)
    frame = pd.DataFrame({"delay": 0, "frequency": frequency, "sigma_1_equal": np.where(frequency < 5, 2.0, 0.5)})
    return pd.concat([frame.assign(sigma_1_any_high=1.0), frame.assign(delay=1, sigma_1_any_high=0.0)])


def equal(half=0.05, rule="any", **changed):
    rows = [
        {"group": name, "rule": rule, "sigma_1": value, "sigma_1_low": value - half, "sigma_1_high": value + half,
         "rms": 2 * value, "rms_low": 2 * value - half, "rms_high": 2 * value + half}
        for name, value in (CLASSES | changed).items()
    ]  # fmt: skip
    return pd.DataFrame(rows)


def swaps(kind="mean", **changed):
    values = {"all": 0.8, "nouns": 1.0, "verbs": 0.9, "singular nouns": 3.0} | changed
    rows = [
        {"group": name, "rule": "" if name == "all" else "any", "kind": kind, "delay": delay, "theta": value / (delay + 1),
         "theta_low": value - 0.01, "theta_high": value + 0.01}
        for name, value in values.items() for delay in (0, 1)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def tables(**changed):
    given = {
        "horizon": horizon(), "decay": decay(), "words": words(), "word_correlations": correlations(-0.5),
        "word_horizons": correlations(-0.4, beyond=3), "equal": equal(), "swaps": swaps(),
    } | changed  # fmt: skip
    return {
        name: None if frame is None else frame.assign(state="cell", **({} if name == "swaps" else {"whitened": True}))
        for name, frame in given.items()
    }


def found(asks, seen_as, given=None, rules=("any",)):
    frame = check_follow_up(tables() if given is None else given, rules=rules)
    rows = frame[frame["asks"].str.startswith(asks) & (frame["seen_as"] == seen_as)]
    assert len(rows) == 1
    return tuple(rows.iloc[0][["verdict", "evidence"]])


def test_every_sentence_is_quoted_and_asked_by_a_function_that_is_there():
    assert [one.says for one in follow_up().statements] == [
        "memory decays quickly but not exponentially",
        "infrequent words are remembered better and longer",
        "nouns are remembered best",
        "memory depends on the type of data, selectiveness on its size",
    ]
    readings = [reading for one in follow_up().statements for reading in one.readings]
    assert {reading.check for reading in readings} - {None} == set(CHECKS)
    assert all(bool(reading.check) != bool(reading.needs and reading.command) for reading in readings)
    assert follow_up().citation.endswith("Computer Speech & Language 61 (2020) 101034")


def test_all_of_them_hold_where_the_run_is_as_they_say():
    frame = check_follow_up(tables(), rules=("any", "most"))
    of_one_run = frame[frame["seen_as"] != ""]
    assert list(dict.fromkeys(of_one_run["seen_as"])) == [MEAN, RMS, EFFECT]
    assert set(of_one_run.loc[of_one_run["rule"] != "most", "verdict"]) == {"holds"}, of_one_run
    several = frame[frame["seen_as"] == ""]
    assert set(several["verdict"]) == {"not checked"}
    assert all(
        evidence.startswith("it takes runs on ") and "`stategrad sweep csl2020" in evidence for evidence in several["evidence"]
    )
    assert (frame.groupby("rule").size()[["any", "most"]] == 3).all(), "classes are asked about once for each rule"


@pytest.mark.parametrize(
    ("asks", "seen_as", "changed", "verdict", "evidence"),
    [
        (QUICKLY, RMS, {"horizon": horizon(horizon=7.0, horizon_low=6.0, horizon_high=8.0)}, "does not hold",
         "below it from delay 7 (6 to 8)"),
        (QUICKLY, EFFECT, {"horizon": horizon(horizon=5.0, horizon_low=4.0, horizon_high=6.0)}, "undecided", None),
        (QUICKLY, MEAN, {"horizon": None}, "not checked", "horizons were not measured"),
        (NOT_EXPONENTIALLY, MEAN, {}, "holds",
         "a single exponential misses by 2.00 times as much as a power law; the exponent of a stretched one is 0.50 "
         "(0.40 to 0.60)"),
        (NOT_EXPONENTIALLY, EFFECT, {"decay": decay(difference=0.05, low=0.01, exponent=1.02, half=0.01)}, "does not hold",
         "a single exponential misses by 1.02 times as much as a power law; the exponent of a stretched one is 1.02 "
         "(1.01 to 1.03)"),
        (NOT_EXPONENTIALLY, EFFECT, {"decay": decay(exponent=1.02, half=0.01)}, "holds", None),
        (NOT_EXPONENTIALLY, MEAN, {"decay": decay(low=-0.5)}, "undecided",
         "not told from a power law; the exponent of a stretched one is 0.50 (0.40 to 0.60)"),
        (NOT_EXPONENTIALLY, RMS, {"decay": decay(best="exponential", exponent=1.0, half=0.05)}, "does not hold",
         "no law does better than a single exponential; the exponent of a stretched one is 1.00 (0.95 to 1.05)"),
        (NOT_EXPONENTIALLY, RMS, {"decay": decay(best="exponential", exponent=1.0, half=0.3)}, "undecided", None),
        (NOT_EXPONENTIALLY, EFFECT, {"decay": decay().query("measure != 'swap'")}, "not checked",
         "too few delays with memory, or blocks, to fit laws of decay"),
        (BETTER, MEAN, {}, "holds", "ρ = −0.50 (−0.60 to −0.40) at delay 0, ρ = −0.25 (−0.35 to −0.15) at delay 10; "
         "80 % of the rarer half and 0 % of the others lie above groups of any words"),
        (BETTER, EFFECT, {"word_correlations": correlations(0.3)}, "does not hold",
         "ρ = +0.30 (+0.20 to +0.40) at delay 0, ρ = +0.15 (+0.05 to +0.25) at delay 10"),
        (BETTER, RMS, {"word_correlations": correlations(-0.05)}, "undecided", None),
        (BETTER, RMS, {"word_correlations": correlations(nan)}, "not checked",
         "too few words, or none with a value, for a correlation"),
        (LONGER, MEAN, {}, "holds", "ρ = −0.40 (−0.50 to −0.30); 3 of 50 words stay above it"),
        (LONGER, EFFECT, {"word_horizons": None}, "not checked", "words were not measured on their own; words.enabled does so"),
        (NOUNS, MEAN, {}, "holds", "nouns 2 (1.95 to 2.05), largest of the others verbs 1.5 (1.45 to 1.55); "
         "above pronouns, verbs, any words"),
        (NOUNS, RMS, {"equal": equal(verbs=2.3)}, "does not hold", "nouns 4 (3.95 to 4.05), largest of the others verbs 4.6 "
         "(4.55 to 4.65); above pronouns, any words; below verbs"),
        (NOUNS, MEAN, {"equal": equal(**{"any 2": 2.04})}, "undecided", "nouns 2 (1.95 to 2.05), largest of the others "
         "any words 2.04 (1.99 to 2.09); above pronouns, verbs"),
        (NOUNS, MEAN, {"equal": None}, "not checked",
         "classes were not measured at equal counts (controls.kinds), or states were read at one class alone"),
        (NOUNS, EFFECT, {"swaps": swaps(all=1.2)}, "does not hold", None),
        (NOUNS, EFFECT, {"swaps": swaps(kind="unigram")}, "not checked",
         "words were not replaced by the mean embedding (swap.kinds)"),
        (NOUNS, EFFECT, {"swaps": swaps().query("group == 'all'")}, "not checked",
         "the run has no class nouns to compare with others"),
    ],
)  # fmt: skip
def test_sentences_by_their_intervals(asks, seen_as, changed, verdict, evidence):
    said = found(asks, seen_as, tables(**changed))
    assert said[0] == verdict, said
    assert evidence in (None, said[1])


def test_sensitivity_is_asked_in_whitened_space_alone_and_effect_anywhere():
    plain = {name: frame.drop(columns="whitened", errors="ignore") for name, frame in tables().items()}
    for asks in (QUICKLY, NOT_EXPONENTIALLY, BETTER, LONGER, NOUNS):
        assert found(asks, MEAN, plain) == found(asks, RMS, plain) == ("not checked", NOT_WHITENED)
        assert found(asks, EFFECT, plain)[0] == "holds"


def test_only_rows_of_the_state_are_read():
    both = {name: pd.concat([frame.assign(state="hidden"), frame]) for name, frame in tables().items()}
    assert check_follow_up(both, state="cell", rules=("any",)).equals(check_follow_up(tables(), rules=("any",)))
    hidden = check_follow_up(tables(), state="hidden", rules=("any",))
    assert set(hidden["verdict"]) == {"not checked"}


def test_a_text_without_tags_says_what_gives_its_words_classes():
    verdict, evidence = found(NOUNS, MEAN, rules=())
    assert verdict == "not checked"
    assert evidence == "the words of the text have no classes; corpus.tags names tagged files that give them theirs"
