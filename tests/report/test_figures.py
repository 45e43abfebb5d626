import json
from collections.abc import Callable
from typing import Any

import altair as alt
import pandas as pd
import pytest
import vl_convert

from report.generated_run import FACTS, classes_frame, memory_frame, tracking_frame
from stategrad.report.class_figures import class_memory_chart, classes_chart
from stategrad.report.measure_figures import energy_chart, rms_chart
from stategrad.report.memory_figures import memory_chart
from stategrad.report.property_figures import tracking_chart
from stategrad.report.style import Legend

MEMORY = memory_frame(("cell", "hidden"), ("any", "most"))
TRACKING = tracking_frame(("cell", "hidden"), (False, True))
CHARTS: dict[str, Callable[..., alt.LayerChart]] = {
    "memory": lambda **options: memory_chart(MEMORY, **options),
    "memory log": lambda **options: memory_chart(MEMORY, log=True, **options),
    "memory relative": lambda **options: memory_chart(MEMORY, relative=True, **options),
    "rms": lambda **options: rms_chart(MEMORY, **options),
    "rms log": lambda **options: rms_chart(MEMORY, log=True, **options),
    "energy": lambda **options: energy_chart(MEMORY, **options),
    "class memory": lambda **options: class_memory_chart(MEMORY, **options),
    "tracking": lambda **options: tracking_chart(TRACKING, **options),
    "classes": lambda **options: classes_chart(classes_frame(MEMORY), **options),
}


def drawn(chart: alt.LayerChart) -> tuple[str, list[str]]:
    """The chart as SVG, and the texts in it."""
    svg = vl_convert.vegalite_to_svg(json.dumps(chart.to_dict()))
    return svg, [part.split("</text>")[0].split(">")[-1] for part in svg.split("<text")[1:]]


@pytest.mark.parametrize("name", CHARTS)
def test_every_chart_is_valid_and_says_what_it_shows(name: str) -> None:
    chart = CHARTS[name](state="hidden").to_dict()
    assert chart["description"]
    assert {"name": "chosen_state", "value": "hidden"} in chart["params"]


@pytest.mark.parametrize("name", CHARTS)
def test_states_differ_in_the_drawing_by_the_parameter_alone(name: str) -> None:
    cell, hidden = (CHARTS[name](state=state).to_dict() for state in ("cell", "hidden"))
    assert cell != hidden
    assert {key: value for key, value in cell.items() if key != "params"} == {
        key: value for key, value in hidden.items() if key != "params"
    }


@pytest.mark.parametrize(("steps", "align"), [(5, "left"), (25, "right")])
def test_the_name_of_the_boundary_stands_where_there_is_room(steps: int, align: str) -> None:
    marks = json.dumps(energy_chart(MEMORY, backpropagation_steps=steps).to_dict())
    assert f'"align": "{align}"' in marks


def test_figure_1_has_two_axes_with_symbol_and_words_and_a_unit() -> None:
    _, texts = drawn(memory_chart(MEMORY))
    assert {"delay τ (words)", "largest singular value σ₁", "sum of singular values Σσ", "noise floor of σ₁"} <= set(texts)


def test_relative_values_start_at_one_whatever_the_first_delay() -> None:
    later = MEMORY[MEMORY["delay"] >= 3]
    chart = memory_chart(later, relative=True).to_dict()
    expressions = [step["calculate"] for step in chart["transform"] if "calculate" in step]
    assert any("datum.delay == 3" in expression for expression in expressions)
    _, texts = drawn(memory_chart(later, relative=True))
    assert "relative to delay 0" not in texts
    assert "relative to delay 3" in texts
    assert max(float(text) for text in texts if text.replace(".", "").isdigit() and "." in text) <= 1.0


def test_a_validity_below_zero_is_not_drawn():
    name = "effect that each position's own gradient explains"
    drawn = MEMORY.assign(validity_own=MEMORY["delay"].map({0: 0.2}).fillna(-0.3))
    layers = energy_chart(drawn).to_dict()["layer"]
    own = [layer for layer in layers if layer.get("encoding", {}).get("y", {}).get("field") == "validity_own"]
    assert len(own) == 1
    assert own[0]["mark"]["clip"]
    assert own[0]["encoding"]["y"]["scale"] == {"domainMin": 0, "nice": True}
    assert name in json.dumps(layers)
    never = drawn.assign(validity_own=(drawn["group"] != "all") - 0.3)  # in some class alone
    assert name not in json.dumps([layer["encoding"] for layer in energy_chart(never).to_dict()["layer"]])


@pytest.mark.parametrize("make", [memory_chart, rms_chart, energy_chart, class_memory_chart])
def test_the_length_of_backpropagation_is_marked_only_among_the_delays(make: Callable[..., alt.LayerChart]) -> None:
    label = "backpropagation in training: 20 words"
    assert label in drawn(make(MEMORY, backpropagation_steps=20))[1]
    assert not any(
        "backpropagation" in text for text in drawn(make(MEMORY, backpropagation_steps=FACTS["backpropagation_steps"]))[1]
    )
    assert not any("backpropagation" in text for text in drawn(make(MEMORY, backpropagation_steps=None))[1])


def test_a_missing_noise_floor_is_left_out_of_drawing_and_legend() -> None:
    for frame in (MEMORY.drop(columns="sigma_1_floor"), MEMORY.assign(sigma_1_floor=float("nan"))):
        assert not any("floor" in text for text in drawn(memory_chart(frame))[1])
        assert not any("floor" in text for text in drawn(rms_chart(frame, log=True))[1])


def test_a_frame_without_state_and_rule_is_drawn() -> None:
    bare = MEMORY[(MEMORY["state"] == "cell") & (MEMORY["rule"] != "most")].drop(columns=["state", "rule"])
    svg, texts = drawn(memory_chart(bare))
    assert "delay τ (words)" in texts
    assert svg.count('aria-roledescription="line mark"') >= 3
    assert "pronouns" in drawn(class_memory_chart(bare))[1]


def test_zero_does_not_break_a_logarithmic_axis() -> None:
    frame = MEMORY.assign(sigma_1_floor=MEMORY["sigma_1_floor"].where(MEMORY["delay"] < 10, 0.0))
    svg, _ = drawn(memory_chart(frame, log=True))
    assert "NaN" not in svg
    assert "Infinity" not in svg


def test_figure_2_names_every_curve_and_takes_the_n_of_the_table() -> None:
    _, texts = drawn(tracking_chart(TRACKING))
    expected = {"singular–plural: m", "singular–plural: cosine, n = 5", "common–proper: m", "common–proper: cosine, n = 5",
                "share of σ₁", "share of σ₁ … σ₅"}  # fmt: skip
    assert expected <= set(texts)
    assert "share of σ₁ … σ₁₀" in drawn(tracking_chart(TRACKING.replace({"n": {5: 10}})))[1]


def test_figure_2_accepts_property_names_with_quotes_and_markup() -> None:
    names = {"singular–plural": 'a"b\\c', "common–proper": "<b>&'x"}
    svg, texts = drawn(tracking_chart(TRACKING.replace({"property": names})))
    assert 'a"b\\c: m' in [text.replace("&quot;", '"') for text in texts]
    assert "<b>" not in svg


def test_whitened_and_plain_measures_are_never_drawn_together() -> None:
    plain, whitened = (drawn(tracking_chart(TRACKING, whitened=value))[0] for value in (False, True))
    assert plain != whitened
    assert plain.count('aria-roledescription="line mark"') == whitened.count('aria-roledescription="line mark"') == 6


def test_classes_with_too_few_positions_are_hollow() -> None:
    table = classes_frame(MEMORY)
    limited = table.assign(rank_limited=table["group"] == "pronouns")
    full, hollow = (drawn(classes_chart(frame))[0].count('fill="white" stroke=') for frame in (table, limited))
    assert hollow == full + 2


def test_one_rule_needs_no_legend_and_two_rules_have_one() -> None:
    gold = classes_frame(memory_frame(("cell",), ("gold",)))
    assert not any("gold" in text for text in drawn(classes_chart(gold))[1])
    assert any("most frequent" in text for text in drawn(classes_chart(classes_frame(MEMORY)))[1])


@pytest.mark.parametrize("make", [memory_chart, tracking_chart, classes_chart, class_memory_chart])
def test_an_empty_table_gives_an_empty_chart(make: Callable[..., alt.LayerChart]) -> None:
    table: Any = {tracking_chart: TRACKING, classes_chart: classes_frame(MEMORY)}.get(make, MEMORY)
    assert make(table.iloc[:0]).to_dict()["layer"]


def test_the_legend_gives_each_label_its_own_look() -> None:
    legend = Legend({"a": ("#000", [1, 0]), "b": ("#111", [2, 2])}).encodings("curve")
    scale = legend["color"].to_dict()["scale"]
    assert (scale["domain"], scale["range"]) == (["a", "b"], ["#000", "#111"])
    assert legend["strokeDash"].to_dict()["scale"]["range"] == [[1, 0], [2, 2]]


def test_charts_do_not_change_the_table() -> None:
    before = MEMORY.copy()
    memory_chart(MEMORY, relative=True)
    pd.testing.assert_frame_equal(MEMORY, before)
