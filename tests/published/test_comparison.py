import re
from math import isnan, nan

import numpy as np
import pandas as pd
import pytest

from stategrad.corpus.tags import CLASSES
from stategrad.published import compare_published, published_numbers

DELAYS = range(30)
FACTS = {
    "corpus": "ptb",
    "text": "the validation part of ptb, 1 document",
    "cell": "lstm",
    "layers": 1,
    "embedding_size": 64,
    "hidden_size": 256,
    "epochs": 39,
    "perplexity_valid": 81.52,
    "perplexity_test": 80.0,
    "converged_perplexity": 81.5,
    "property_cosine": -0.588,
    "corpus_words_train": 887_521,
    "corpus_words_valid": 70_390,
    "corpus_words_test": 78_669,
    "corpus_types_of_text": 9_999,
    "vocabulary": 10_921,
}


def memory_table(detected=lambda delay: True, delays=DELAYS):
    rows = [
        {"state": state, "group": group, "delay": delay, "detected": detected(delay), "selectivity": 0.3 if other else 0.16,
         "selectivity_low": 0.14, "selectivity_high": 0.20}
        for state in ("cell", "hidden") for group in ("all", "nouns") for delay in delays
        for other in [state == "hidden" or group == "nouns"]
    ]  # fmt: skip
    return pd.DataFrame(rows)


def tracking_table():
    rows = [
        {"state": state, "group": "all", "property": name, "delay": delay, "n": n, "whitened": whitened,
         "relative_memory": (0.5 if delay < 11 else 0.01 * delay) + wrong, "relative_memory_low": 0.01 * delay - 0.02 + wrong,
         "relative_memory_high": 0.01 * delay + 0.02 + wrong, "cosine": 0.1 * n - 0.1 + wrong,
         "subspace_share": (0.5 if delay < 11 else 0.6 if delay < 21 else 0.8) if n == 5 and not wrong else 0.1}
        for state in ("hidden", "cell") for whitened in (True, False) for wrong in [0.5 * (state == "hidden" or whitened)]
        for name in ("singular–plural", "common–proper") for delay in DELAYS for n in (1, 5)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def classes_table(rules=("any", "most")):
    published = {n.compared.group: n.published for n in published_numbers().numbers if n.place == "table 1" and n.model == "joint"}
    rows = [
        {"state": "cell", "rule": rule, "group": group, "sigma_1": 1.7, "sigma_1_low": 1.6, "sigma_1_high": 1.8,
         "normalised": published[group]}
        for rule in rules for group in CLASSES
    ]  # fmt: skip
    return pd.DataFrame(rows)


def separability_table():
    rows = [("all (34)", 34, 0.42391), ("nouns (3)", 3, nan), ("N-V", 2, 0.80), ("sg-pl", 2, 0.8708)]
    return pd.DataFrame(rows, columns=["row", "classes", "valid"])


def compared(facts=FACTS, **tables):
    given = {"memory": memory_table(), "tracking": tracking_table(), "classes": classes_table(), "separability": None} | tables
    return compare_published(**given, facts=facts)


def row(frame, what, model="joint"):
    what, how = re.fullmatch(r"(.*?)(?: \((rule \w+|split by \w+)\))?", what).groups()
    found = frame[(frame["what"] == what) & (frame["how"] == (how or "")) & (frame["model"] == model)]
    assert len(found) == 1, found
    return found.iloc[0]


def judged(frame, what, model="joint"):
    return tuple(row(frame, what, model)[["verdict", "reason"]])


def test_the_same_text_can_agree_but_not_replicate():
    frame = compared()
    assert list(frame) == [
        "place", "what", "how", "model", "published", "printed", "measured", "low", "high", "debiased", "verdict", "reason",
    ]  # fmt: skip
    assert "replicated" not in set(frame["verdict"])
    found = row(frame, "σ_1/Σσ at τ = 29")
    assert tuple(found[["published", "measured", "low", "high"]]) == (0.16, 0.16, 0.14, 0.2)
    assert judged(frame, "σ_1/Σσ at τ = 29") == ("consistent", "equal within print rounding")
    assert judged(frame, "σ_1 at τ = 0, verbs (rule any)") == ("consistent", "inside the interval")
    assert judged(frame, "σ_1 at τ = 0, adverbs (rule any)") == ("inconsistent", "outside the interval")
    assert judged(frame, "cosine between sg–pl and common–proper") == ("consistent", "equal within print rounding")
    for part in ("training", "validation", "test"):
        assert judged(frame, f"word tokens for {part}", "any") == ("consistent", "equal within print rounding")
    assert judged(frame, "words in the usual vocabulary of PTB", "any") == ("consistent", "equal within print rounding")


def test_numbers_stand_as_the_paper_prints_them():
    frame = compared()
    printed = dict(zip(zip(frame["what"], frame["model"], strict=True), frame["printed"], strict=True))
    wanted = {
        ("word tokens for training", "any"): "900k", ("words of the WSJ corpus", "any"): "110M",
        ("words in the vocabulary of PTB-norm", "any"): "10,921", ("validation perplexity", "joint"): "81.5",
        ("words after which some information is still remembered", "joint"): "more than 20",
        ("σ_1/Σσ at τ = 29", "pre-trained"): "50 %",
        ("share of σ_1 at τ = 0, pronouns", "joint"): "0.20", ("accuracy, V-Adv", "joint"): "95.00 %",
        ("cosine between sg–pl and common–proper", "joint"): "-0.59", ("Σ_5 σ/Σσ, mean of τ = 11 … 20", "pre-trained"): "60 %",
    }  # fmt: skip
    assert {key: printed[key] for key in wanted} == wanted


@pytest.mark.parametrize("part", ["the test part of ptb, 1 document", "the training part of ptb, 1 document"])
def test_what_is_known_of_the_text_and_the_words_does_not_depend_on_the_part_that_is_analysed(part):
    frame = compared({**FACTS, "text": part})
    assert judged(frame, "word tokens for validation", "any")[0] == "consistent"
    assert judged(frame, "cosine between sg–pl and common–proper")[0] == "consistent"
    assert judged(frame, "σ_1 at τ = 0, verbs (rule any)")[0] == "not comparable"


def test_the_authors_files_can_replicate():
    frame = compared({**FACTS, "corpus": "verwimp", "text": "the validation part of verwimp, 1 document"})
    assert judged(frame, "σ_1 at τ = 0, verbs (rule any)")[0] == "replicated"
    assert judged(frame, "σ_1 at τ = 0, adverbs (rule any)")[0] == "inconsistent"
    assert judged(frame, "validation perplexity") == ("replicated", "equal within print rounding")
    assert judged(frame, "test perplexity") == ("undecided", "no interval to judge by")
    assert judged(frame, "words in the vocabulary of PTB-norm", "any")[0] == "replicated"
    assert judged(frame, "words after which some information is still remembered")[0] == "replicated"


def test_the_authors_files_in_another_normalisation_replicate_nothing():
    changed = {
        **FACTS,
        "corpus": "verwimp",
        "text": "the validation part of verwimp, 1 document",
        "corpus_normalisation": "wsj-norm",
    }
    frame = compared(changed)
    assert judged(frame, "σ_1 at τ = 0, verbs (rule any)")[0] == "consistent"
    assert judged(frame, "validation perplexity")[0] == "not comparable"
    assert "replicated" not in set(frame["verdict"])


def test_perplexity_is_of_one_normalisation_of_the_text():
    reason = "it depends on the authors' own normalisation and vocabulary of the text"
    assert judged(compared(), "validation perplexity") == ("not comparable", reason)
    assert row(compared(), "validation perplexity")["measured"] == 81.52


@pytest.mark.parametrize("corpus", ["brown", "synthetic", None])
def test_on_another_text_nothing_is_comparable(corpus):
    frame = compared({**FACTS, "corpus": corpus}, separability=separability_table())
    assert set(frame["verdict"]) == {"not comparable"}
    assert set(frame["reason"]) == {f"the run read {corpus or 'a text that is not recorded'}, the paper the Penn Treebank"}
    assert row(frame, "σ_1 at τ = 0, verbs (rule any)")["measured"] == 1.7


def test_every_published_number_is_shown_whatever_the_run_lacks():
    empty = pd.DataFrame()
    frame = compared({"corpus": "ptb"}, memory=empty, tracking=empty, classes=empty)
    assert set(frame["verdict"]) == {"not comparable"}
    assert frame["published"].tolist() == [n.published for n in published_numbers().numbers]
    assert frame["measured"].isna().all()
    assert not frame["reason"].str.contains("nan|None").any()


def test_other_rules_are_shown_and_not_compared():
    found = row(compared(), "σ_1 at τ = 0, verbs (rule most)")
    reason = "words are counted in the class of their most frequent tag here, in every class they can have in the paper"
    assert (found["measured"], found["verdict"], found["reason"]) == (1.7, "not comparable", reason)
    found = row(compared(classes=classes_table(["gold"])), "σ_1 at τ = 0, verbs (rule gold)")
    assert found["reason"] == "words are counted by the tag of each token here, in every class they can have in the paper"
    shares = compared().query("what == 'share of σ_1 at τ = 0, verbs' and model == 'joint'")
    assert list(shares["how"]) == ["rule any", "rule most"]


def test_a_sample_is_judged_by_its_interval_which_is_free_of_its_noise():
    noisy = memory_table().assign(selectivity=0.16, selectivity_low=0.18, selectivity_high=0.20, selectivity_debiased=0.19)
    whole, sample = ({**FACTS, "positions": used, "population": 73_760} for used in (73_760, 6_000))
    assert judged(compared(whole, memory=noisy), "σ_1/Σσ at τ = 29") == ("consistent", "equal within print rounding")
    assert judged(compared(sample, memory=noisy), "σ_1/Σσ at τ = 29") == ("inconsistent", "outside the interval")
    assert row(compared(sample, memory=noisy), "σ_1/Σσ at τ = 29")["debiased"] == 0.19
    no_interval = noisy.assign(selectivity_low=nan, selectivity_high=nan)
    assert judged(compared(sample, memory=no_interval), "σ_1/Σσ at τ = 29")[0] == "consistent"
    assert judged(compared(sample), "cosine between sg–pl and common–proper")[0] == "consistent"


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"cell": "gru"}, "another network: cell gru where the paper has lstm"),
        ({"hidden_size": 12, "layers": 2},
         "another network: layers 2 where the paper has 1, hidden_size 12 where the paper has 256"),
        ({"epochs": 2}, "the model has learned far less than the paper's"),
        ({"converged_perplexity": 60.0}, "the model has learned far less than the paper's"),
        ({"text": "the test part of ptb, 1 document"},
         "the run measured the test part of ptb, 1 document, the paper the validation part"),
        ({"embeddings": "pre-trained"},
         "the run's embeddings are cbow vectors of the Wall Street Journal, the paper's here trained with the language model"),
        ({"embeddings": "pre-trained", "embeddings_text": "those of v.bin"},
         "the run's embeddings are those of v.bin, the paper's here trained with the language model"),
    ],
)  # fmt: skip
def test_another_model_or_part_of_the_text_is_not_comparable(changed, reason):
    assert judged(compared({**FACTS, **changed}), "σ_1/Σσ at τ = 29") == ("not comparable", reason)


def test_vectors_of_no_known_text_are_no_model_of_the_paper_s():
    frame = compared({**FACTS, "embeddings": "pre-trained", "embeddings_text": "those of v.bin"})
    compared_with = frame[frame["model"] != "any"]
    assert set(compared_with["verdict"]) == {"not comparable"}


def test_numbers_of_another_model_stand_alone():
    frame = compared()
    others = frame[~frame["model"].isin(["joint", "any"])]
    assert others["measured"].isna().all()
    assert set(others["verdict"]) == {"not comparable"}
    assert row(frame, "accuracy, N-V", "LM on WSJ")["reason"] == (
        "the run's embeddings are trained with the language model, the paper's here trained with a language model of the "
        "Wall Street Journal"
    )


def test_late_plateaus_are_means_over_their_delays_with_pre_trained_embeddings():
    frame = compared({**FACTS, "embeddings": "pre-trained"})
    found = row(frame, "m, mean of τ = 11 … 29, sg–pl", "pre-trained")
    late = np.arange(11, 30) * 0.01
    np.testing.assert_allclose([found["measured"], found["low"], found["high"]], late.mean() + np.array([0, -0.02, 0.02]))
    assert found["verdict"] == "consistent"
    found = row(frame, "cosine (n = 5), mean of τ = 11 … 29, common–proper", "pre-trained")
    assert found["measured"] == pytest.approx(0.4)
    assert isnan(found["low"])
    assert found["verdict"] == "consistent"
    shares = [row(frame, f"Σ_5 σ/Σσ, mean of τ = {ends}", "pre-trained")["measured"] for ends in ("11 … 20", "21 … 29")]
    np.testing.assert_allclose(shares, [0.6, 0.8])


REACH = "words after which some information is still remembered"


@pytest.mark.parametrize(
    ("memory", "measured", "verdict", "reason"),
    [
        (memory_table(), 29, "consistent", "above the published bound"),
        (memory_table(lambda delay: delay != 21), 20, "undecided", "not told from noise beyond 20"),
        (memory_table(lambda delay: delay != 22), 21, "consistent", "above the published bound"),
        (memory_table(delays=range(21)), nan, "not comparable", "the run has no delays beyond 20"),
        (memory_table(lambda delay: nan), nan, "not comparable", "memory was not tested against noise"),
        (memory_table(lambda delay: False), nan, "not comparable", "memory is not told from noise at any delay"),
    ],
)
def test_how_far_memory_reaches(memory, measured, verdict, reason):
    found = row(compared(memory=memory), REACH)
    np.testing.assert_equal(found["measured"], measured)
    assert (found["verdict"], found["reason"]) == (verdict, reason)


def test_accuracies_need_the_same_number_of_classes():
    frame = compared(separability=separability_table())
    assert judged(frame, "accuracy, all (split by words)") == ("consistent", "equal within print rounding")
    assert judged(frame, "accuracy, sg-pl (split by words)") == ("consistent", "equal within print rounding")
    assert judged(frame, "accuracy, N-V (split by words)") == ("undecided", "no interval to judge by")
    assert judged(frame, "accuracy, N-Adj") == ("not comparable", "the run has no row N-Adj")
    assert judged(frame, "accuracy, nouns") == ("not comparable", "the run has too few words of these classes for nouns")
    other = separability_table().replace({"row": {"all (34)": "all (39)"}, "classes": {34: 39}})
    found = row(compared(separability=other), "accuracy, all (split by words)")
    assert (found["measured"], found["reason"]) == (0.42391, "the run tells 39 classes apart, the paper 34")
    found = row(compared(separability=other), "classes of the row all", "any")
    assert (found["measured"], found["verdict"], found["reason"]) == (
        39, "not comparable", "it depends on the authors' own list of tags"
    )  # fmt: skip
    authors = {**FACTS, "corpus": "verwimp", "text": "the validation part of verwimp, 1 document"}
    assert judged(compared(authors, separability=separability_table()), "classes of the row all", "any")[0] == "replicated"
    assert judged(compared(), "accuracy, all") == ("not comparable", "separability was not measured")


def test_accuracies_stand_by_both_splits_each_with_its_interval():
    both = separability_table().assign(valid_low=0.30, valid_high=0.45, valid_by_example=0.5, valid_by_example_low=0.45,
                                       valid_by_example_high=0.55)  # fmt: skip
    frame = compared(separability=both)
    assert judged(frame, "accuracy, all (split by words)")[0] == "consistent"
    assert judged(frame, "accuracy, all (split by rows)") == ("inconsistent", "outside the interval")
    found = row(frame, "accuracy, all (split by rows)")
    assert tuple(found[["measured", "low", "high"]]) == (0.5, 0.45, 0.55)


def test_cbow_vectors_of_the_same_text_stand_beside_the_paper_s_whatever_the_network():
    young = {**FACTS, "cell": "gru", "hidden_size": 12, "epochs": 1}
    cbow = separability_table().assign(valid=[0.36, nan, 0.70, 0.8431], valid_low=0.6, valid_high=0.72)
    frame = compare_published(memory_table(), tracking_table(), classes_table(), separability_table(), young, cbow=cbow)
    found = row(frame, "accuracy, N-V (split by words)", "cbow on PTB")
    assert tuple(found[["measured", "verdict"]]) == (0.70, "inconsistent")
    assert judged(frame, "accuracy, sg-pl (split by words)", "cbow on PTB")[0] == "consistent"
    assert judged(frame, "accuracy, sg-pl (split by words)")[1].startswith("another network")
    assert judged(compared(), "accuracy, N-V", "cbow on PTB")[1].startswith(
        "the run's embeddings are trained with the language model"
    )
    other = {**FACTS, "embedding_size": 32}
    frame = compare_published(memory_table(), tracking_table(), classes_table(), separability_table(), other, cbow=cbow)
    assert judged(frame, "accuracy, sg-pl (split by words)", "cbow on PTB")[1] == (
        "another network: embedding_size 32 where the paper has 64"
    )


def test_what_was_not_measured_is_named():
    few = compared(
        {key: value for key, value in FACTS.items() if key != "property_cosine"},
        memory=memory_table(delays=range(10)),
        classes=classes_table().query("group != 'pronouns'"),
    )
    assert judged(few, "σ_1/Σσ at τ = 29")[1] == "delay 29 was not measured"
    assert judged(few, "σ_1 at τ = 0, pronouns")[1] == "the run has no class pronouns"
    assert judged(few, "cosine between sg–pl and common–proper")[1] == "the run did not record property cosine"
    assert judged(few, "delay after which much is forgotten")[1] == (
        "the paper names no level below which a word counts as forgotten"
    )
    hidden = compared(memory=memory_table().query("state == 'hidden'"))
    assert judged(hidden, "σ_1/Σσ at τ = 29")[1] == "the run did not measure the cell state"
    tracked = tracking_table()
    frames = {
        "no property was tracked": tracked.iloc[:0],
        "the run has no property singular–plural": tracked[tracked["property"] != "singular–plural"],
        "delays 11 to 29 were not all measured": tracked[tracked["delay"] < 20],
    }
    for reason, tracking in frames.items():
        frame = compared({**FACTS, "embeddings": "pre-trained"}, tracking=tracking)
        assert judged(frame, "m, mean of τ = 11 … 29, sg–pl", "pre-trained")[1] == reason
    frame = compared({**FACTS, "embeddings": "pre-trained"}, tracking=tracked[tracked["n"] == 1])
    assert judged(frame, "cosine (n = 5), mean of τ = 11 … 29, sg–pl", "pre-trained")[1] == "the run has no n 5"
    spoiled = compared(classes=classes_table().assign(sigma_1=nan))
    assert judged(spoiled, "σ_1 at τ = 0, verbs (rule any)") == ("not comparable", "the run's value is NaN")
