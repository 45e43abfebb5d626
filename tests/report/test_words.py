import math
import re
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from report.generated_run import (
    FACTS,
    classes_frame,
    controls_frame,
    decoding_frame,
    equal_frame,
    memory_frame,
    separability_frame,
    tracking_frame,
)
from stategrad.report.boundary_figures import on_boundaries
from stategrad.report.class_figures import on_classes, on_equal_counts
from stategrad.report.divergence_figures import on_divergence
from stategrad.report.facts import UNKNOWN, strip_of, subtitle_of, title_of, young_model
from stategrad.report.horizon_figures import on_decay, on_horizon
from stategrad.report.measure_figures import on_controls, on_energy, on_rms
from stategrad.report.memory_figures import on_memory
from stategrad.report.probe_figures import on_decoding
from stategrad.report.property_figures import on_tracking
from stategrad.report.separability_sentences import on_separability
from stategrad.report.unit_figures import on_units
from stategrad.run.measures import with_controls

MEMORY = memory_frame(("cell",), ("any", "most"))
ALL = MEMORY[MEMORY["group"] == "all"].reset_index(drop=True)


def test_a_young_model_is_called_one() -> None:
    assert young_model(FACTS) == (
        "Trained for 3.4 minutes, perplexity 312.4 where converged models of this size reach about 180: these curves show how "
        "the tool reads a young model, not what LSTMs remember."
    )


@pytest.mark.parametrize(
    ("facts", "young"),
    [
        ({"epochs": 39, "perplexity_valid": 206.0, "converged_perplexity": 180.0}, False),
        ({"epochs": 39, "perplexity_valid": 208.0, "converged_perplexity": 180.0}, True),
        ({"epochs": None, "perplexity_valid": 208.0, "converged_perplexity": 180.0}, True),
        ({"epochs": 4}, True),
        ({"epochs": 5}, False),
        ({}, False),
        ({"epochs": None, "perplexity_valid": 300.0, "converged_perplexity": None}, False),
    ],
)
def test_young_is_far_from_converged_or_few_epochs(facts: dict[str, object], young: bool) -> None:
    assert (young_model(facts) is not None) == young


def test_the_warning_says_only_what_is_known() -> None:
    assert young_model({"epochs": 1}) == (
        "Trained for 1 epoch: these curves show how the tool reads a young model, not what recurrent models remember."
    )


def test_title_and_subtitle_name_model_and_text() -> None:
    assert title_of(FACTS) == "What the cell state of an LSTM trained on the Brown corpus remembers"
    assert title_of({}) == "What the state of a recurrent model remembers"
    assert title_of({"cell": "rnn", "state": "hidden"}) == "What the hidden state of a tanh RNN remembers"
    assert subtitle_of(FACTS).endswith("10,000 words in the vocabulary; it read Brown, validation part, 50 documents")
    assert subtitle_of({}) == ""
    assert subtitle_of({"text": "a file"}) == "It read a file"


def test_the_strip_has_its_order_and_says_that_one_seed_is_no_variation() -> None:
    strip = strip_of(FACTS)
    assert [fact.label for fact in strip] == [
        "Held-out perplexity", "Epochs", "Backpropagation", "State", "Positions", "Blocks", "Seeds",
    ]  # fmt: skip
    assert strip[0].note == "word frequencies alone 854.0; untrained 9,998"
    assert strip[5].note == "noise floor and intervals"
    assert strip[6].note == "training variation not included"
    assert all(fact.meaning.endswith(".") for fact in strip)


def test_the_strip_of_unknown_facts_says_so() -> None:
    assert {fact.value for fact in strip_of({})} == {UNKNOWN}


def test_crossings_are_those_of_the_curve() -> None:
    curve = pd.DataFrame({"delay": range(4), "sigma_1": [1.0, 0.5, 0.36, 0.05], "sigma_sum": [10.0, 4.0, 2.0, 0.2]})
    said = on_memory(curve, {"backpropagation_steps": 50})
    assert said[0] == (
        "The largest singular value of the mean gradient is 1.00 at delay 0; it is first below 1/e of that at delay 2, and below "
        "10 % of that at delay 3."
    )
    assert said[1].startswith("Its share of the sum of all singular values goes from 10 % at delay 0 to 25 % at delay 3: memory "
                              "becomes more selective")  # fmt: skip
    assert said[-1] == "Training propagated errors back over 50 words, further than the delays shown."


def test_a_curve_that_does_not_fall_is_said_not_to() -> None:
    curve = pd.DataFrame({"delay": range(3), "sigma_1": [1.0, 0.9, 0.8], "sigma_sum": [2.0, 2.0, 2.0]})
    said = on_memory(curve, {})
    assert "it falls not below 1/e by delay 2, and not below 10 % by delay 2" in said[0]
    assert "less selective" in said[1]


def test_the_floor_is_compared_at_the_last_delay() -> None:
    last = ALL.iloc[-1]
    assert f"At delay 29 it is {last['sigma_1'] / last['sigma_1_floor']:.1f} times its noise floor." in on_memory(ALL, {})
    assert not any("floor" in sentence for sentence in on_memory(ALL.assign(sigma_1_floor=float("nan")), {}))


def test_nothing_is_said_of_a_curve_in_its_noise() -> None:
    floor = ALL["sigma_1"].where(ALL["delay"] >= 6, 0.01)
    said = on_memory(ALL.assign(sigma_1_floor=floor), {})
    shares = [100 * ALL["sigma_1"][delay] / ALL["sigma_sum"][delay] for delay in (0, 5)]
    assert f"from {shares[0]:.2g} % at delay 0 to {shares[1]:.2g} % at delay 5" in said[1]
    assert said[2] == "From delay 6 on it is not everywhere twice its noise floor: do not read the curve beyond."
    assert len(on_memory(ALL.assign(sigma_1_floor=ALL["sigma_1"]), {})) == 2


def test_mean_and_rms_are_compared_at_delay_5() -> None:
    said = on_rms(ALL)
    mean, rms = (100 * ALL[name][5] / ALL[name][0] for name in ("sigma_1", "rms"))
    assert f"At delay 5 the mean gradient keeps {mean:.0f} % of its value at delay 0, the root mean square {rms:.0f} %" in said[0]
    assert on_rms(ALL.assign(rms=float("nan"))) == []
    alone = " ".join(on_rms(ALL[ALL["delay"] == 0]) + on_memory(ALL[ALL["delay"] == 0], {}))
    assert "keeps" not in alone
    assert "1/e" not in alone


def test_the_part_that_the_mean_stands_for_is_said() -> None:
    said = on_energy(ALL)
    assert "15 % of the energy" in said[0]
    assert len(said) == len(on_energy(ALL.assign(energy_share=float("nan")))) + 1
    assert "of the energy of the gradients at delay 0; the rest" in on_energy(ALL[ALL["delay"] == 0])[0]


def test_a_prediction_that_is_worse_than_none_is_said_to_explain_nothing() -> None:
    own = {0: 0.31, 5: -0.4}
    said = " ".join(on_energy(ALL.assign(validity_own=ALL["delay"].map(own))))
    assert "The gradient at the word's own position explains 31 % at delay 0 and nothing at delay 5." in said
    assert "only the swap tells what it does" in said
    held = " ".join(on_energy(ALL.assign(validity_own=0.25)))
    assert "explains 25 % at delay 0 and 25 % at delay 5." in held
    assert "only the swap" not in held
    assert "own position" not in " ".join(on_energy(ALL))


def test_tracking_names_the_property_with_the_larger_m_and_the_value_of_pure_noise() -> None:
    said = " ".join(on_tracking(tracking_frame(("cell",), (False,)), FACTS))
    assert "Afterwards common–proper has the larger m at 29 of 29 delays." in said
    assert "The cosine between the two property vectors is −0.59." in said
    assert "In pure noise m would tend to 0.67" in said
    assert "noise" not in " ".join(on_tracking(tracking_frame(("cell",), (False,)), {}))


def test_the_order_by_each_measure_is_said_and_without_intervals_none_claimed() -> None:
    bare = classes_frame(memory_frame(("cell",), ("gold",))).drop(columns=["sigma_1_low", "sigma_1_high", "rms_low", "rms_high"])
    agree = " ".join(on_classes(bare))
    assert "By σ₁: pronouns, nouns, verbs" in agree
    assert "The root mean square" not in agree
    assert "Without intervals no ranking is claimed." in agree
    differ = " ".join(on_classes(bare.assign(rms=range(len(bare)))))
    assert "The root mean square gives another order: conjunctions/prepositions, adverbs" in differ
    hollow = " ".join(on_classes(bare.assign(rank_limited=True)))
    assert "fewer positions than dimensions" in hollow


def compared(sign_of: dict[str, Callable[[int, int], float]]) -> pd.DataFrame:
    """Differences between the classes; `sign_of` says for each measure which of two ranks is above."""
    names = list(classes_frame(memory_frame(("cell",), ("gold",)))["group"])
    rows = [
        {"rule": "gold", "measure": measure, "group": names[a], "other": names[b], "low": sign - 0.5, "high": sign + 0.5}
        for measure, sign_at in sign_of.items()
        for a in range(len(names))
        for b in range(a + 1, len(names))
        for sign in [sign_at(a, b)]
    ]
    return pd.DataFrame(rows)


def test_a_ranking_is_claimed_only_where_both_measures_agree_within_their_intervals() -> None:
    classes = classes_frame(memory_frame(("cell",), ("gold",)))

    def said(**sign_of: Callable[[int, int], float]) -> str:
        return " ".join(on_classes(classes, compared(sign_of)))

    none = "No class is above another by both measures"
    assert none in said(sigma_1=lambda _a, _b: 1, rms=lambda _a, _b: 0)
    assert none in said(sigma_1=lambda _a, _b: 1, rms=lambda _a, _b: -1)
    first = said(sigma_1=lambda a, _b: float(a == 0), rms=lambda _a, _b: 1)
    assert "(95 %): pronouns > nouns, verbs, adjectives, adverbs, conjunctions/prepositions. Nothing else" in first
    chain = said(sigma_1=lambda a, _b: float(a in (0, 2)), rms=lambda _a, _b: 1)
    assert "pronouns > nouns, verbs, adjectives, adverbs, conjunctions/prepositions; verbs above adjectives, adverbs, conj" in chain
    last = said(sigma_1=lambda a, b: -float((a, b) == (1, 2)), rms=lambda _a, _b: -1)
    assert "(95 %): verbs above nouns. Nothing else of the order is claimed." in last
    assert "Without intervals no ranking is claimed." in " ".join(
        on_classes(classes, compared({"sigma_1": lambda _a, _b: float("nan")}))
    )


def test_controls_are_said_beside_the_curve() -> None:
    memory = with_controls(memory_frame(("cell",), ()), controls_frame(("cell",)))
    said = on_controls(memory)
    assert said == [f"At delay 5 σ₁ is {100 * kept(memory):.2g} % here, 2.8 % in the untrained model and 14 % on shuffled text, "
                    "of its own value at delay 0."]  # fmt: skip
    assert on_controls(memory_frame(("cell",), ())) == []
    assert on_controls(memory[memory["delay"] == 0]) == []


def kept(memory: pd.DataFrame) -> float:
    curve = memory.set_index("delay")["sigma_1"]
    return float(curve[5] / curve[0])


def test_the_horizon_is_said_by_measure() -> None:
    row = {"level": math.exp(-1), "longest": 29, "horizon": 1.23, "horizon_low": 1.0, "horizon_high": float("nan")}
    rows = pd.DataFrame(
        [row | {"measure": "mean"}, row | {"measure": "rms", "horizon": float("nan")}, row | {"measure": "swap", "level": 0.1}]
    )
    assert on_horizon(rows) == [
        "The horizon, the delay where a measure falls below 1/e of its value at delay 0, is 1.2 (1.0 to over 29) by the mean, "
        "not within 29 by the root mean square (95 % intervals)."
    ]
    assert on_horizon(rows.assign(longest=0)) == []
    assert on_horizon(rows[:0]) == []


def test_sentence_ends_and_equal_counts_are_said() -> None:
    controls = controls_frame(("cell",))
    bounded = controls[controls["control"].isin(["within", "across"])]
    assert "At delay 10 σ₁ is 0.28 where both words stand in one sentence and 0.054 where" in on_boundaries(bounded)[0]
    assert on_boundaries(bounded[bounded["control"] == "within"]) == []
    equal = equal_frame(("cell",), ("gold",))
    order, band = on_equal_counts(equal)
    assert order.startswith("From 1,000 positions each, in order: pronouns, nouns, verbs, adjectives, adverbs, conjunctions")
    assert band.startswith(
        "As many positions of any words give σ₁ from 1.35 to 1.55 (the grey band); above it lie pronouns, nouns,"
    )
    assert band.endswith(" nouns, verbs, adjectives.")
    low = equal.assign(sigma_1=equal["sigma_1"].where(equal["group"].str.startswith("any"), 1.0))
    assert on_equal_counts(low)[1].endswith("; no class lies above it.")
    assert on_equal_counts(equal[~equal["group"].str.startswith("any")]) == []


def test_detection_swaps_and_chance_are_said() -> None:
    memory = memory_frame(("cell",), ()).assign(detected=True, p_value=0.002)
    assert "Memory is detected at every delay" in " ".join(on_memory(memory, {}))
    late = memory.assign(detected=memory["delay"] < 7)
    assert "Memory is not detected at delay 7 (sign flips over blocks, 5 %)" in " ".join(on_memory(late, {}))
    assert "detected" not in " ".join(on_memory(memory.assign(p_value=float("nan")), {}))
    assert re.search(r"is 1\.50 \(95 % interval 1\.4\d to 1\.5\d\) at delay 0", " ".join(on_memory(memory, {})))
    said = " ".join(on_rms(memory))
    assert re.search(r"Replacing the word by another moves the state by \d+ % of what it does at delay 0", said)
    assert "the mean gradient explains 38 % at delay 0 and " in " ".join(on_energy(memory))
    tracking = tracking_frame(("cell",), (False,), delays=10)
    low = tracking["relative_memory"] - tracking["delay"].map(lambda delay: 0.1 if delay < 3 else -0.1)
    banded = tracking.assign(relative_memory_null_low=low, relative_memory_null_high=low + 0.05)
    chance = " ".join(on_tracking(banded, {}))
    assert (
        "m would lie in the band 95 % of the time: singular–plural lies above it at 3 of 10 delays, below it at 7; common" in chance
    )
    without = {f"{name}_without_frequency": banded[name] for name in banded if name.startswith("relative_memory")}
    frequency = " ".join(on_tracking(banded.assign(**without), {}))
    assert re.search(
        r"move with log frequency, .* is 0\.\d\d for singular–plural \(above it at 3 of 10 delays, below it at 7\) and 0", frequency
    )


def test_separability_names_the_greatest_gain_and_what_did_not_converge() -> None:
    said = " ".join(on_separability(separability_frame().assign(not_converged=1)))
    assert "gains most for all (34) (42.4 % of the validation words, 13.0 %" in said
    assert "least for V-Adv (95.0 %" in said
    assert "7 fits did not converge." in said
    useless = separability_frame().assign(valid=0.1, majority_valid=0.1)
    assert "does no better than always saying the most frequent class, in any row" in " ".join(on_separability(useless))
    impossible = separability_frame().assign(valid=float("nan"))
    assert on_separability(impossible) == ["No row of the table could be trained; the last column says why."]


def laws(**preferred: float) -> pd.DataFrame:
    """Decay laws of one state, of which one is preferred."""
    rows = [{"measure": "mean", "law": "exponential", "score": 37.0, "difference_low": 31.0, "time": 6.5},
            {"measure": "mean", "law": "power", "score": 2.0, "difference_low": -0.1, "exponent": 1.04},
            {"measure": "mean", "law": "two exponentials", "score": 1.9, "difference_low": 0.0, "time": 1.5, "time_2": 15.0},
            {"measure": "rms", "law": "power", "score": 1.0, "difference_low": 0.0, "exponent": 9.0}]  # fmt: skip
    frame = pd.DataFrame(rows).assign(exponent_low=0.99, exponent_high=1.09)
    return frame.assign(
        preferred=frame["law"].isin(preferred) & (frame["measure"] == "mean"),
        score=[preferred.get(law, score) for law, score in zip(frame["law"], frame["score"], strict=True)],
    )


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (
            laws(power=2.0),
            "σ₁ decays as a power of the delay, (τ + 1) to the −1.04 (−1.09 to −0.99); a single exponential miss",
        ),
        (laws(power=9.0), "the best of four laws, of which none holds: it misses by 3.0 times what blocks scatter; a single"),
        (laws(**{"two exponentials": 1.0}), "as the sum of two exponentials, with time constants of 1.5 and 15.0 words; a single"),
        (laws(exponential=1.0), "σ₁ decays exponentially, with a time constant of 6.5 words."),
    ],
)
def test_the_law_of_decay_is_said(frame: pd.DataFrame, said: str) -> None:
    assert said in on_decay(frame)[0]


def test_without_a_law_nothing_is_said() -> None:
    assert on_decay(laws(power=2.0).iloc[:0]) == []


def test_units_are_counted_and_ranked() -> None:
    constant = np.array([0.5, 1.0, 2.0, 4.0, 8.0])
    units = pd.DataFrame({"horizon": [0.6, 1.1, 2.0, 5.0, np.nan], "time_constant": constant})
    said = " ".join(on_units(units))
    assert "Half of the units forget within 1.6 words" in said
    assert "the rank correlation with the gates is 1.00" in said
    assert "1 of 5 units do not fall below 1/e" in said
    assert on_units(units.assign(time_constant=np.nan)) == []


def test_what_is_decoded_is_said_with_its_limits() -> None:
    said = " ".join(on_decoding(decoding_frame(("cell",)), "gold"))
    assert "reads the class (by gold tags) of the word τ steps earlier" in said
    assert (
        "At delay 0 it is right for 86 % of the words, always saying the most frequent class for 47 %; at delay 20 for 33 %" in said
    )
    assert "More than the words in between tell is found up to delay 1, by intervals over seeds" in said
    assert "it would learn by heart 50 % at delay 0, 38 % less than for the true classes" in said
    by_heart = decoding_frame(("cell",))
    by_heart.loc[by_heart["reader"] == "selectivity", "accuracy"] = -0.057
    assert "at delay 0, 5.7 % more than for the true classes on the same words: what it finds is no more" in " ".join(
        on_decoding(by_heart, "gold")
    )
    none = decoding_frame(("cell",)).assign(accuracy_low=-1.0)
    assert "is found at no delay" in " ".join(on_decoding(none, None))
    assert on_decoding(none.iloc[:0], None) == []


def test_what_a_swap_does_to_the_next_word_is_said_in_nats() -> None:
    memory = memory_frame(("cell", "hidden"), ("any",))
    said = " ".join(on_divergence(memory[memory["group"] == "all"]))
    assert "It is 3 at delay 0, 0.25 at delay 5, 0.02 at delay 10, 1.5\u00a0×\u00a010⁻⁶ at delay 29." in said
    assert on_divergence(memory.assign(divergence=float("nan"))) == []
