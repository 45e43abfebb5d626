"""What the page says about swaps of singular and plural nouns."""

import pandas as pd

from report.generated_run import memory_frame, write_run
from stategrad.report.inputs import read_run
from stategrad.report.pair_figures import on_pairs, pairs_chart
from stategrad.report.sections import figures_of

FACTS = {"noun_pairs": 1093, "noun_pair": ["county", "counties"]}


def pairs(states=("cell",), low=0.65):
    rows = [
        {"state": state, "group": group, "rule": "", "delay": delay, "theta": 2.4, "count": 200, "cosine": 0.7 / (delay + 1),
         "cosine_low": low, "cosine_high": 0.72, "validity": 0.42 - 0.08 * delay, "validity_low": low - 0.25, "validity_high": 0.44}
        for state in states for group in ("all", "plural nouns") for delay in (0, 6)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_the_cosine_and_the_share_are_said_beside_those_of_any_swap():
    said = " ".join(on_pairs(pairs(), memory_frame(("cell",), ()), FACTS))
    assert "county by counties and back (1,093 pairs in this text)" in said
    assert "with a cosine of 0.70 (0.65 to 0.72) at delay 0 and 0.10 (0.65 to 0.72) at delay 6" in said
    assert "explains 42 % (40 to 44 %) at delay 0 and −6 % (40 to 44 %) at delay 6 of the change." in said
    assert said.endswith("Of a swap by any word it explains 38 % and 0 %.")


def test_without_intervals_or_other_swaps_less_is_said():
    said = on_pairs(pairs(low=float("nan")), memory_frame(("cell",), ()).drop(columns="validity"), {})
    assert len(said) == 2
    assert "a cosine of 0.70 at delay 0 and" in said[1]
    assert "(pairs in this text)" in said[0]
    assert on_pairs(pairs().iloc[:0], memory_frame(("cell",), ()), FACTS) == []


def test_the_page_has_the_figure_below_the_property_tracking(tmp_path):
    folder = write_run(tmp_path / "run")

    def figures():
        return {figure.name: figure for figure in figures_of(read_run(folder))}

    assert "pairs" not in figures()
    pairs(("cell", "hidden")).to_csv(folder / "measures" / "pairs.csv", index=False)
    figure = figures()["pairs"]
    assert figure.under == "figure-2-tracking"
    assert [saying.when for saying in figure.sayings] == [{"state": "cell"}, {"state": "hidden"}]
    assert figure.sayings[0].sentences[1].startswith("The state then goes where the mean gradient")


def test_the_chart_has_a_band_and_a_curve_for_cosine_and_share():
    definition = pairs_chart(pairs(("cell", "hidden")), state="hidden").to_dict()
    assert definition["params"][0]["value"] == "hidden"
    assert [layer["mark"]["type"] for layer in definition["layer"]] == ["rule", "area", "area", "line", "line", "rule"]
    without = pairs_chart(pairs().drop(columns=["cosine_low", "validity_low"])).to_dict()
    assert [layer["mark"]["type"] for layer in without["layer"]] == ["rule", "line", "line", "rule"]
