"""The figure of horizons."""

from report.generated_run import horizon_frame, write_run
from stategrad.report.horizon_figures import horizons_chart
from stategrad.report.inputs import read_run
from stategrad.report.sections import figures_of

HORIZONS = horizon_frame(("cell", "hidden"))


def test_every_measure_has_a_dot_and_an_interval_at_both_levels():
    definition = horizons_chart(HORIZONS, state="hidden").to_dict()
    assert definition["params"][0]["value"] == "hidden"
    assert [layer["mark"]["type"] for layer in definition["layer"]] == ["rule", "point"]
    encoding = definition["layer"][1]["encoding"]
    assert encoding["x"]["scale"]["domain"] == [0, 29]
    assert encoding["y"]["sort"] == ["σ₁ of the mean gradient", "root mean square", "word swap"]
    assert encoding["shape"]["scale"]["domain"][-1] == "stays above"
    alone = horizons_chart(HORIZONS.query("measure == 'mean'")).to_dict()
    assert alone["layer"][1]["encoding"]["y"]["sort"] == ["σ₁ of the mean gradient"]


def test_the_page_shows_them_after_the_three_measures_and_before_classes_and_properties(tmp_path):
    folder = write_run(tmp_path / "run")
    HORIZONS.to_csv(folder / "measures" / "horizon.csv", index=False)
    figures = [figure for figure in figures_of(read_run(folder)) if not figure.under]
    assert [figure.name for figure in figures[:6]] == [
        "energy-in-the-mean", "three-measures", "horizons", "table-1-classes", "figure-2-tracking", "figure-1-memory",
    ]  # fmt: skip
    assert next(iter(figures[2].sayings)).sentences[0].startswith("The horizon, the delay where")
    HORIZONS.assign(longest=0).to_csv(folder / "measures" / "horizon.csv", index=False)
    assert "horizons" not in {figure.name for figure in figures_of(read_run(folder))}
