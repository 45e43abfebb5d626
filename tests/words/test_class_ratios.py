"""Word classes at equal frequency: against a regression by another library, and against planted ratios."""

import itertools

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

from stategrad.report.word_figures import on_word_classes
from stategrad.words.class_ratios import class_ratios

SIZES = {"nouns": 30, "verbs": 18, "adverbs": 9}


def planted(generator, *, exponent=-0.3, levels=(0.0, 0.4, 0.4), noise=0.2):
    """Words whose classes differ in frequency, and measures that go with class and frequency."""
    values, classes = {}, {}
    for number, (name, size) in enumerate(SIZES.items()):
        classes[name] = [f"{name}{i}" for i in range(size)]
        log_frequency = generator.normal(number, 1, size)
        logs = levels[number] + exponent * log_frequency + generator.normal(0, noise, size)
        values |= {
            word: tuple(np.exp(pair)) for word, pair in zip(classes[name], zip(logs, log_frequency, strict=True), strict=True)
        }
    return values, classes


def test_ratios_are_those_of_a_regression_on_class_and_log_frequency():
    values, classes = planted(np.random.default_rng(0))
    found = class_ratios(values, classes, draws=50, level=0.95, seed=0).set_index(["class", "other"])
    words = [word for members in classes.values() for word in members]
    dummies = np.array([[word in members for members in classes.values()] for word in words], dtype=float)
    y, f = np.log([values[word] for word in words]).T
    fit = LinearRegression(fit_intercept=False).fit(np.column_stack([dummies, f]), y)
    for (a, one), (b, other) in itertools.combinations(enumerate(classes), 2):
        row = found.loc[one, other]
        assert np.log(row["ratio_at_equal_frequency"]) == pytest.approx(fit.coef_[a] - fit.coef_[b])
        means = [np.mean([np.log(values[word][0]) for word in classes[name]]) for name in (one, other)]
        assert np.log(row["ratio"]) == pytest.approx(means[0] - means[1])
        assert row["frequency_exponent"] == pytest.approx(fit.coef_[-1])
        assert (row["words"], row["other_words"]) == (SIZES[one], SIZES[other])


def test_all_planted_ratios_lie_in_their_intervals_together():
    levels = (0.0, 0.4, 0.1)
    generator, held = np.random.default_rng(1), []
    for _ in range(150):
        found = class_ratios(*planted(generator, levels=levels), draws=300, level=0.95, seed=0)
        truth = np.exp([a - b for a, b in itertools.combinations(levels, 2)])
        held.append(bool(((found["low"] <= truth) & (truth <= found["high"])).all()))
    assert 0.9 <= np.mean(held) < 1


def test_words_of_several_classes_few_words_and_what_has_no_logarithm_are_left_out():
    values, classes = planted(np.random.default_rng(0))
    whole = class_ratios(values, classes, draws=20, level=0.95, seed=0)
    both = classes | {"nouns": [*classes["nouns"], "both"], "verbs": [*classes["verbs"], "both"], "few": ["a", "b", "c", "d"]}
    more = values | {"both": (9.0, 9.0), "a": (1.0, 1.0), "b": (1.0, 2.0), "c": (1.0, 3.0), "d": (1.0, 4.0)}
    assert class_ratios(more, both, draws=20, level=0.95, seed=0).equals(whole)
    never = values | {classes["nouns"][0]: (1.0, 0.0), classes["nouns"][1]: (np.nan, 1.0)}
    assert class_ratios(never, classes, draws=20, level=0.95, seed=0)["words"].iloc[0] == SIZES["nouns"] - 2
    assert class_ratios(values, {"nouns": classes["nouns"]}, draws=20, level=0.95, seed=0).empty


def test_equal_frequencies_leave_the_ratio_as_it_is():
    values, classes = planted(np.random.default_rng(2))
    alike = {word: (y, 7.0) for word, (y, _) in values.items()}
    found = class_ratios(alike, classes, draws=20, level=0.95, seed=0)
    np.testing.assert_allclose(found["ratio"], found["ratio_at_equal_frequency"])
    assert (found["frequency_exponent"] == 0).all()


def test_the_page_names_the_pairs_that_both_measures_tell_apart():
    values, classes = planted(np.random.default_rng(3), levels=(0.0, 0.9, 0.9))
    found = class_ratios(values, classes, draws=200, level=0.95, seed=0)
    both = found.assign(measure="sigma_1_equal")
    same = "Between words of like frequency, where σ₁ goes as frequency to the power of −0."
    (said,) = on_word_classes(both, ["sigma_1_equal"])
    assert said.startswith(same)
    assert "30 nouns, 18 verbs, 9 adverbs" in said
    assert "2 of 3 pairs of classes are told apart: verbs by 2." in said
    assert "above nouns" in said
    disagreed = pd.concat([both, found.assign(measure="rms_equal", low=0.5, high=1.5)])
    (unsaid,) = on_word_classes(disagreed, ["sigma_1_equal", "rms_equal"])
    assert unsaid.endswith("9 adverbs), no two classes are told apart.")
    assert on_word_classes(both[:0], ["sigma_1_equal"]) == []
