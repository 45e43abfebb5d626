"""Runs of one recipe from other seeds: their table, the band on the page, and what is refused."""

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import stategrad as sg
from run.tiny import TINY
from stategrad.cli.main import main
from stategrad.report import page as pages
from stategrad.report.export import write_chart
from stategrad.report.inputs import read_run
from stategrad.report.page import render
from stategrad.report.paper import beside_paper
from stategrad.report.sections import figures_of
from stategrad.report.seed_figures import on_seeds
from stategrad.run.run import Run
from stategrad.run.seeds import seeds_table


def seeded(seed):
    """The tiny settings from another seed."""
    changed = {name: dataclasses.replace(getattr(TINY, name), seed=seed) for name in ("network", "training")}
    return dataclasses.replace(TINY, **changed)


@pytest.fixture(scope="module")
def others(tmp_path_factory):
    """Two more runs of the recipe, trained and measured."""
    paths = [tmp_path_factory.mktemp("seeds") / f"seed-{seed}" for seed in (1, 2)]
    for seed, path in zip((1, 2), paths, strict=True):
        Run(seeded(seed), path, show_progress=False).execute(["train", "gradients"])
    return paths


def test_the_table_holds_every_seeds_curve_and_the_page_a_band(tiny_copy, others, capsys, monkeypatch):
    # the other figures are drawn as before
    monkeypatch.setattr(pages, "write_chart", lambda chart, path: write_chart(chart, path) if path.name == "other-seeds" else [])
    main(["seeds", str(tiny_copy), "--others", f"[{others[0]}, {others[1]}]", "--progress", "false"])
    capsys.readouterr()
    table = pd.read_csv(tiny_copy / "measures/seeds.csv")
    assert set(table["seed"]) == {"copy", "seed-1", "seed-2"}
    assert set(table["state"]) == {"cell", "hidden"}
    assert set(table.loc[table["own"] == 1, "seed"]) == {"copy"}
    rows = table.query("state == 'cell' and measure == 'rms' and delay == 2")
    results = [sg.StateGradients.load(path / "gradients/cell.nc").sel(group="all") for path in (tiny_copy, *others)]
    curves = sg.stack(results).curves.sel(measure="rms", values="relative", group="all", delay=2)
    assert sg.stack(results).same_positions
    np.testing.assert_allclose(rows["value"], curves["value"])
    np.testing.assert_allclose(rows["refit_floor"], float(curves["refit_floor"]))
    assert (rows["another_low"] < rows["mean_low"]).all()
    assert (rows["mean_high"] < rows["another_high"]).all()
    page = (tiny_copy / "report.html").read_text(encoding="utf-8")
    assert "Other seeds of the recipe" in page
    assert "3 models were trained by this recipe from different seeds" in page
    assert (tiny_copy / "figures/other-seeds.svg").is_file()


def test_the_numbers_said_are_those_nearest_delay_5_with_memory():
    numbers = {"mean": 0.25, "between_sd": 0.031, "text_sd": 0.012, "refit_floor": 0.2}
    rows = [{"measure": "mean", "delay": delay, "own": own, "seed": f"s{own}"} | numbers for delay in (0, 1, 4) for own in (1, 0)]
    first, second = on_seeds(pd.DataFrame(rows))
    assert first == "2 models were trained by this recipe from different seeds; one more would lie in the grey band in 95 %."
    assert second == (
        "At delay 4 their mean is 0.250 of the value at delay 0; from seed to seed it varies by 0.031 (standard deviation), for "
        "one seed from text to text by 0.012. Two models that differ by less than 0.200 differ by no more than training again does."
    )
    assert on_seeds(pd.DataFrame(rows).assign(mean=np.nan)) == []


def test_a_run_without_other_seeds_has_no_band(tiny_run):
    run = read_run(tiny_run.folder.path)
    assert run.seeds is None
    assert "other-seeds" not in [figure.name for figure in figures_of(run)]
    assert "Other seeds of the recipe" not in render(run, figures_of(run), beside_paper(run))


def test_runs_that_are_not_seeds_of_one_recipe_are_refused(tiny_run, others, tmp_path):
    folder = tiny_run.folder.path
    with pytest.raises(sg.InvalidInputError, match="name a folder twice; give each run once"):
        seeds_table(folder, [folder], ["cell"])
    with pytest.raises(sg.MissingInputError):
        seeds_table(folder, [tmp_path / "nowhere"], ["cell"])
    longer = Path(shutil.copytree(others[0], tmp_path / "longer"))
    settings = (longer / "config.yaml").read_text(encoding="utf-8")
    (longer / "config.yaml").write_text(settings.replace("epochs: 1", "epochs: 2").replace("hidden_size: 12", "hidden_size: 16"))
    with pytest.raises(
        sg.InvalidInputError, match=r"2 problems with seeds of one recipe: .*longer has network.hidden_size = 16, "
    ) as caught:
        seeds_table(folder, [longer], ["cell"])
    assert "training.epochs = 2" in str(caught.value)
    elsewhere = Path(shutil.copytree(others[0], tmp_path / "elsewhere"))
    (elsewhere / "config.yaml").write_text(settings.replace("at: null", "at: verbs"))
    with pytest.raises(sg.InvalidInputError, match=r"elsewhere has gradients.at = verbs, .* None; give runs that differ"):
        seeds_table(folder, [elsewhere], ["cell"])
