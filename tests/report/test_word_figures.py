"""The figures and sentences about words."""

import pandas as pd
import pytest

from report.generated_run import write_run
from stategrad.report.inputs import read_run
from stategrad.report.sections import figures_of
from stategrad.report.word_figures import effect_chart, on_effect, on_sensitivity, sensitivity_chart


def words(states=("cell", "hidden")):
    rows = [
        {"word": f"w{number}", "delay": delay, "frequency": 1e5 / (number + 1), "occurrences": 100 - number, "count": 20,
         "sigma_1_equal": 1 + number / 9, "rms_equal": 2 + number / 9, "effect": 9 - number / 5, "sigma_1_any_low": 1.0,
         "sigma_1_any_high": 2.0, "effect_any_low": 4.0, "effect_any_high": 5.0, "state": state}
        for state in states for number in range(9) for delay in (0, 5)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def one(low, high):
    rows = [{"measure": name, "delay": delay, "rho": (low + high) / 2, "low": low, "high": high, "words": 9}
            for name in ("sigma_1_equal", "effect") for delay in (0, 5)]  # fmt: skip
    return pd.DataFrame(rows)


@pytest.mark.parametrize("draw", [sensitivity_chart, effect_chart])
@pytest.mark.parametrize("log", [False, True])
def test_charts_draw_dots_over_the_band_of_any_words(draw, log):
    definition = draw(words(), state="hidden", log=log).to_dict()
    assert [layer["mark"]["type"] for layer in definition["layer"]] == ["rect", "circle"]
    assert definition["params"][0]["value"] == "hidden"
    encoding = definition["layer"][1]["encoding"]
    assert encoding["x"]["scale"]["type"] == "log"
    assert (encoding["y"]["scale"].get("type") == "log") is log
    assert "delay 0" in encoding["y"]["axis"]["title"]


def test_without_a_band_there_are_dots_alone():
    frame = words(("cell",))[["word", "delay", "frequency", "effect"]]
    assert len(effect_chart(frame).to_dict()["layer"]) == 1


def test_sentences_say_the_correlations_and_what_they_mean():
    said = " ".join(on_sensitivity(one(-0.6, -0.2)))
    assert "over 9 words is −0.40 (−0.60 to −0.20) at delay 0 and −0.40 (−0.60 to −0.20) at delay 5." in said
    assert said.endswith("At delay 0 a small push of a word's vector moves the state more the rarer the word is.")
    assert on_effect(one(0.2, 0.6))[-1] == "At delay 0 having read the word at all matters less the rarer it is."
    assert on_effect(one(-0.6, -0.2))[-1] == "At delay 0 having read the word at all matters more the rarer it is."


def test_nothing_is_claimed_where_the_interval_holds_zero():
    assert len(on_sensitivity(one(-0.3, 0.2))) == 2
    assert len(on_effect(one(float("nan"), float("nan")))) == 1


def test_the_page_has_the_words_where_they_were_measured(tmp_path):
    folder = write_run(tmp_path / "run")
    words().to_csv(folder / "measures" / "words.csv", index=False)
    correlations = pd.concat([one(-0.6, -0.2).assign(state=state) for state in ("cell", "hidden")])
    correlations.to_csv(folder / "measures" / "word_correlations.csv", index=False)
    drawn = [figure for figure in figures_of(read_run(folder)) if figure.dataset == "words"]
    assert [(figure.heading, figure.under) for figure in drawn] == [
        ("Words and their frequency", ""), ("What replacing a word changes", "words-sensitivity"),
    ]  # fmt: skip
    assert [saying.when for saying in drawn[0].sayings] == [{"state": "cell"}, {"state": "hidden"}]
    assert set(drawn[1].variants("cell")) == {"linear", "log"}


def test_the_page_has_none_where_they_were_not(tmp_path):
    assert not [figure for figure in figures_of(read_run(write_run(tmp_path / "run"))) if figure.dataset == "words"]
