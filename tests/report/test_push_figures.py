"""The figure and sentences about pushes."""

import pandas as pd

from report.generated_run import write_run
from stategrad.report.inputs import read_run
from stategrad.report.push_figures import drawn_direction, explained_chart, on_pushes, pushes_chart
from stategrad.report.sections import figures_of


def pushes(states=("cell", "hidden"), reach=0.11):
    rows = [
        {"state": state, "group": "all", "rule": "", "direction": name, "delay": delay, "size": size, "linear_up_to": reach,
         "rms": 10 * size / (delay + 1), "predicted": 6 * size / (delay + 1),
         "projection": 5.7 * size**0.9 / (delay + 1), "cosine": 1 - 0.1 * size,
         "explained": (0.26 - 0.1 * size) / (delay + 1)}
        for state in states for name in ("singular–plural", "v_1 at τ=0") for delay in (0, 10) for size in (0.05, 0.5, 1.0)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_the_chart_has_three_curves_and_the_size_up_to_which_the_reading_holds():
    definition = pushes_chart(pushes(), state="hidden").to_dict()
    kinds = [layer["mark"]["type"] for layer in definition["layer"]]
    assert kinds == ["line", "line", "line", "rule", "text", "text", "rule"]
    assert definition["params"][0]["value"] == "hidden"
    drawn = definition["transform"][0]["filter"]
    assert 'datum.direction == "v_1 at τ=0"' in drawn
    assert "datum.delay == 0" in drawn
    encoding = definition["layer"][0]["encoding"]
    assert encoding["x"]["axis"]["title"] == "size of the push (typical word swaps)"
    assert encoding["x"]["scale"] == {"type": "log", "domain": [0.05, 1.0], "nice": False}
    assert encoding["y"]["scale"]["type"] == "log"
    other = pushes_chart(pushes(("cell",)).drop(columns="state"), direction="singular–plural").to_dict()
    assert 'datum.direction == "singular–plural"' in other["transform"][0]["filter"]
    assert drawn_direction(pushes().query("direction == 'singular–plural'")) == "singular–plural"


def test_sentences_say_what_is_predicted_and_up_to_which_size():
    said = " ".join(on_pushes(pushes(("cell",))))
    assert "pushed along a direction, v₁ at τ=0, forth and back" in said
    assert "Where the push is small (0.05)" in said
    assert "(cosine 0.99) and has 128 % of its length; where it is large (1), 95 %." in said
    assert "up to 0.11 along singular–plural, up to 0.11 along v₁ at τ=0; a whole word swap lies beyond." in said
    assert "even of the smallest pushes it explains 26 % at delay 0 and 2 % at delay 10." in said
    assert "swap lies beyond" not in " ".join(on_pushes(pushes(("cell",), reach=1.0)))
    throughout = pushes(("cell",), reach=1.0).assign(linear_throughout=True)
    assert "up to at least 1.00 along singular–plural, up to at least 1.00 along v₁ at τ=0." in " ".join(on_pushes(throughout))
    assert "not even up to 0.05 along v₁" in " ".join(on_pushes(pushes(("cell",), reach=float("nan"))))
    assert on_pushes(pushes().iloc[:0]) == []


def test_the_page_has_the_figure_where_pushes_were_measured(tmp_path):
    folder = write_run(tmp_path / "run")
    assert not [figure for figure in figures_of(read_run(folder)) if figure.name == "pushes"]
    pushes().to_csv(folder / "measures" / "pushes.csv", index=False)
    figure = next(figure for figure in figures_of(read_run(folder)) if figure.name == "pushes")
    assert (figure.heading, figure.under) == ("Small changes and large ones", "")
    assert [saying.when for saying in figure.sayings] == [{"state": "cell"}, {"state": "hidden"}]
    assert list(figure.variants("cell")) == [""]
    below = next(figure for figure in figures_of(read_run(folder)) if figure.name == "pushes-by-delay")
    assert below.under == "pushes"


def test_what_the_smallest_pushes_explain_is_drawn_by_direction_and_delay():
    frame = pushes().assign(explained_low=0.1, explained_high=0.3)
    definition = explained_chart(frame, state="cell").to_dict()
    assert "datum.size == 0.05" in definition["transform"][0]["filter"]
    assert [layer["mark"]["type"] for layer in definition["layer"]] == ["rule", "line"]
    assert definition["layer"][1]["encoding"]["color"]["scale"]["domain"] == ["singular–plural", "v_1 at τ=0"]
    assert [layer["mark"]["type"] for layer in explained_chart(pushes()).to_dict()["layer"]] == ["line"]
