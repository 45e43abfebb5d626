"""Sweeps: which runs a grid makes, what they share, what is not done twice, and what is refused before anything is written."""

import dataclasses
import re
import runpy
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import stategrad as sg
from run.tiny import TINY
from stategrad.cli.main import main
from stategrad.errors import UnavailableError
from stategrad.report import comparison_page
from stategrad.run import run as run_module
from stategrad.run.config import ControlsConfig, DecodingConfig, PushConfig, SwapConfig
from stategrad.run.grid import combinations, read_grid
from stategrad.run.run import STAGES, Run
from stategrad.run.settings import read_preset
from stategrad.run.sweep import Sweep, sweep

SMALL = dataclasses.replace(
    TINY,
    swap=SwapConfig(kinds=("unigram",), sample=100, divergence=False, pairs=0),
    push=PushConfig(modes=0, delays=(0,), sizes=(0.1,), sample=20),
    controls=ControlsConfig(kinds=()),
    decoding=DecodingConfig(delays=(0,), sample=200, seeds=1),
)
GRID = {"network.cell": ["gru"], "gradients.delays": [4, 6]}
FIRST, SECOND = "cell=gru_delays=4", "cell=gru_delays=6"


def write_page(run, record):
    run.folder.path.joinpath("report.html").write_text("the page of a run", encoding="utf-8")
    record.outputs.append(run.folder.path / "report.html")


@pytest.fixture(scope="module", autouse=True)
def without_figures():
    """The pages of the runs and the figures as files take most of a small run's time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(STAGES, "report", write_page)
        patch.setattr(comparison_page, "write_chart", lambda chart, path: [])
        patch.setattr("stategrad.report.comparison.other_views", lambda comparison, folders: ())
        yield


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    out = tmp_path_factory.mktemp("swept") / "out"
    return sweep(SMALL, GRID, out, show_progress=False), out


def names(grid, base=TINY):
    return [one.name for one in combinations(base, read_grid(grid))]


def test_the_grid_is_the_product_of_its_axes_the_last_fastest():
    grid = "{network: {hidden_size: [64, 128], cell: [lstm, gru]}, gradients.delays: [30, 200]}"
    found = combinations(TINY, read_grid(grid))
    values = [(one.config.network.hidden_size, one.config.network.cell, one.config.gradients.delays) for one in found]
    assert values == [(size, cell, delays) for size in (64, 128) for cell in ("lstm", "gru") for delays in (30, 200)]
    assert found[3].name == "hidden_size=64_cell=gru_delays=200"
    changed = dataclasses.replace(found[3].config, network=TINY.network, gradients=TINY.gradients)
    assert changed == TINY


def test_a_grid_from_a_file_is_the_grid_from_its_text(tmp_path):
    path = tmp_path / "grid.yaml"
    path.write_text("network:\n  cell: [lstm, rnn]\n", encoding="utf-8")
    assert read_grid(path) == read_grid(str(path)) == read_grid(path.read_text()) == {"network.cell": ["lstm", "rnn"]}


def test_names_are_short_and_can_be_folders():
    seeds = names({"network.seed": [0, 1], "training.seed": [2]})
    assert seeds == [
        "network.seed=0_training.seed=2",
        "network.seed=1_training.seed=2",
    ]
    assert names({"gradients.states": [["cell"], ["cell", "hidden"], []]}) == ["states=cell", "states=cell+hidden", "states=none"]
    plain = names({"gradients.at": [None, "verbs"], "swap.divergence": [True]})
    assert plain == [
        "at=none_divergence=true",
        "at=verbs_divergence=true",
    ]
    assert names({"corpus.path": ["my texts/a.txt"]}) == ["path=my-texts-a.txt"]
    assert names({"analysis.properties": [{}, {"number": ["VBZ", "VBP"]}]}) == ["properties=1", "properties=2"]


def test_settings_of_one_axis_change_together():
    grid = {"network.cell, network.hidden_size": [["lstm", 12], ["gru", 16]], "gradients.delays": [4, 6]}
    found = combinations(TINY, read_grid(grid))
    values = [(one.config.network.cell, one.config.network.hidden_size, one.config.gradients.delays) for one in found]
    assert values == [("lstm", 12, 4), ("lstm", 12, 6), ("gru", 16, 4), ("gru", 16, 6)]
    assert found[2].name == "cell=gru_hidden_size=16_delays=4"


def test_where_a_text_cannot_be_had_the_fallback_of_the_preset_is_swept(tmp_path, monkeypatch, capsys):
    load = run_module.load_corpus

    def nowhere(config):
        if config.name == "brown":
            raise UnavailableError("the Brown corpus is nowhere to be had.")
        return load(config)

    monkeypatch.setattr("stategrad.run.sweep.load_corpus", nowhere)
    monkeypatch.setattr(run_module.Run, "execute", lambda self, *_: 1 / 0)
    done = sweep("demo", {"network.cell": ["gru"]}, tmp_path / "out", show_progress=False)
    assert list(done.failures) == ["cell=gru"]
    assert capsys.readouterr().err == "the Brown corpus is nowhere to be had. Preset synthetic runs instead.\n"
    without = dataclasses.replace(read_preset("demo"), fallback=None)
    with pytest.raises(UnavailableError, match="nowhere to be had"):
        sweep(without, {"network.cell": ["gru"]}, tmp_path / "out", show_progress=False)


REFUSALS = {
    "a section": ({"netwrok.cell": ["gru"]}, "unknown setting 'netwrok.cell' in the grid: did you mean 'network.cell'?"),
    "a setting": ({"network.hiden_size": [4]}, "'network.hiden_size' in the grid: did you mean 'network.hidden_size'?"),
    "nothing near": ({"xyz": [4]}, "unknown setting 'xyz' in the grid: `stategrad run --help` lists the settings of a run."),
    "the preset": ({"preset": ["demo"]}, "unknown setting 'preset' in the grid"),
    "a whole section": ({"network": [{"cell": "gru"}]}, "unknown setting 'network' in the grid"),
    "an empty axis": ({"network.cell": []}, "network.cell has no values in the grid; give at least one, or leave it out."),
    "no list": ({"network.cell": "gru"}, "network.cell is gru in the grid; give a list of its values, such as [gru]."),
    "no axes": ({}, "the grid has no axes; give values for a setting, such as '{network.cell: [lstm, gru]}'."),
    "no text": ("", "the grid has no axes; give values for a setting"),
    "no grid": ("gru", "the grid is 'gru'; expected lists, such as '{network.cell: [lstm, gru]}'."),
    "no YAML": ("{network.cell: [", "the grid is not YAML: "),
    "a number": ({"network.hidden_size": [8, "x"]}, "the grid: network.hidden_size is 'x'; expected int."),
    "a choice": ({"network.cell": ["lstn"]}, "the grid: unknown network.cell 'lstn': did you mean 'lstm'?"),
    "a union": ({"gradients.sample": ["al"]}, "the grid: gradients.sample is 'al'; expected int or 'auto' or null."),
    "a list": ({"gradients.states": ["cell"]}, """the grid: gradients.states is 'cell'; expected a list, such as ["cell"]."""),
    "nothing": ({"network.hidden_size": [None]}, "network.hidden_size is null in the grid; give a value."),
    "a value out of range": ({"gradients.delays": [0, 6]}, "gradients.delays is 0; give at least 1."),
    "one name": ({"network.hidden_size": [8, 8]}, "hidden_size has two values named '8' in the grid, so two runs would have"),
    "unequal links": (
        {"network.cell, network.seed": [["gru", 1], "lstm"]},
        "network.cell, network.seed has the value lstm in the grid; give a list of 2, one for each setting.",
    ),
    "a setting in two axes": (
        {"network.cell, network.seed": [["gru", 1]], "network.seed": [2]}, "network.seed is in two axes of the grid; name",
    ),
    "linked values of one name": ({"network.cell, network.seed": [["gru", 1]] * 2}, "has two values named 'cell=gru_seed=1' in"),
    "several": (
        {"network.hidden_size": [8, "x"], "network.cell": ["gru", "y"], "corpus.seed": [1, 1]},
        "3 problems with the grid: corpus.seed has two values named '1' in the grid, so two runs would have one name; give each "
        "once. Also: the grid: unknown network.cell 'y': choices: lstm, gru, rnn. Also: the grid: network.hidden_size is 'x'; exp",
    ),
    "a text too short": ({"gradients.delays": [6, 10**6]}, "delays=1000000: gradients.delays is 1000000; the longest document of"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSALS)
def test_a_grid_that_cannot_be_run_is_refused_before_anything_is_written(case, tmp_path):
    grid, sentence = REFUSALS[case]
    with pytest.raises(sg.InvalidInputError) as refused:
        sweep(SMALL, grid, tmp_path / "out", show_progress=False)
    assert sentence in str(refused.value)
    assert not (tmp_path / "out").exists()


def test_files_and_folders_that_do_not_fit_are_refused(tmp_path):
    with pytest.raises(sg.MissingInputError, match=r"there is no file none\.yaml; give a grid, or a YAML file of one"):
        sweep(SMALL, "none.yaml", tmp_path / "out", show_progress=False)
    mine = tmp_path / "mine"
    mine.write_text("mine", encoding="utf-8")
    with pytest.raises(sg.ForeignOutputError, match="mine is a file; give a folder for the sweep"):
        sweep(SMALL, GRID, mine, show_progress=False)
    (tmp_path / "comparison.html").write_text("mine", encoding="utf-8")
    with pytest.raises(sg.ForeignOutputError, match=r"comparison.html is there and is no comparison"):
        sweep(SMALL, GRID, tmp_path, show_progress=False)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["comparison.html", "mine"]


def test_every_combination_is_a_run_and_the_page_compares_them(swept):
    done, out = swept
    assert done == Sweep({name: out / name for name in (FIRST, SECOND)}, {}, out / "comparison.html")
    for name in (FIRST, SECOND):
        assert all((out / name / part).exists() for part in ("report.html", "config.yaml", "measures/memory.csv"))
    text = done.page.read_text(encoding="utf-8")
    assert FIRST in text
    assert "gradients.delays" in text
    assert "network.cell" not in text
    assert str(done).splitlines() == ["2 of 2 runs are whole.", f"The page: {out / 'comparison.html'}"]


def test_runs_that_differ_after_training_share_one(swept):
    _, out = swept
    first, second = (Run(dataclasses.replace(TINY), out / name).folder for name in (FIRST, SECOND))
    assert first.model_path.read_bytes() == second.model_path.read_bytes()
    stages = [folder.manifest()["stages"]["train"] for folder in (first, second)]
    assert stages[0] == stages[1]  # the seconds too: the second was not trained
    facts = [folder.manifest()["facts"] for folder in (first, second)]
    assert facts[0]["perplexity_valid"] == facts[1]["perplexity_valid"]
    assert [fact["delays"] for fact in facts] == [4, 6]
    assert not second.model_path.with_name("training.safetensors").exists()


def test_what_is_whole_is_not_run_again_and_a_new_value_shares_its_training(swept, monkeypatch, capsys):
    _, out = swept
    taken = []
    monkeypatch.setitem(STAGES, "train", lambda run, record: pytest.fail("was trained again"))
    monkeypatch.setitem(STAGES, "gradients", lambda run, record: taken.append(run.folder.path.name) or 1 / 0)
    done = sweep(SMALL, {"network.cell": ["gru"], "gradients.delays": [5, 4, 6]}, out)
    assert taken == ["cell=gru_delays=5"]
    assert done.failures == {"cell=gru_delays=5": "ZeroDivisionError: division by zero"}
    assert list(done.folders) == [FIRST, SECOND]
    said = capsys.readouterr().err
    assert "sweep: run 1 of 3, cell=gru_delays=5\n" in said
    assert f"train: the model of {FIRST}\n" in said
    assert "sweep: cell=gru_delays=5 failed: ZeroDivisionError: division by zero\n" in said
    assert f"sweep: run 3 of 3, {SECOND}: whole already\n" in said


def test_after_a_run_that_fails_the_next_begins_and_the_command_exits_with_1(tmp_path, monkeypatch, capsys):
    trained = []

    def train(run, record):
        trained.append(run.folder.path.name)
        raise sg.InvalidInputError("the loss is NaN.")

    monkeypatch.setitem(STAGES, "train", train)
    words = [
        "--grid",
        "{network.cell: [rnn, gru], gradients.delays: [4, 6]}",
        "--corpus.tokens",
        "5000",
        "--corpus.vocabulary_size",
        "400",
    ]
    with pytest.raises(SystemExit) as stopped:
        main(["sweep", "synthetic", *words, "--out", str(tmp_path / "out"), "--network.hidden_size", "40"])
    assert stopped.value.code == 1
    assert trained == ["cell=rnn_delays=4", "cell=gru_delays=4"]
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        "0 of 4 runs are whole.",
        "failed: cell=rnn_delays=4: the loss is NaN.",
        "failed: cell=rnn_delays=6: the model that it shares with cell=rnn_delays=4 could not be trained.",
        "failed: cell=gru_delays=4: the loss is NaN.",
        "failed: cell=gru_delays=6: the model that it shares with cell=gru_delays=4 could not be trained.",
        "No comparison was written: it takes two whole runs.",
    ]
    assert "sweep: run 1 of 4, cell=rnn_delays=4\n" in said.err
    assert "sweep: run 3 of 4, cell=gru_delays=4; about 0 s left\n" in said.err
    assert "hidden_size: 40" in (tmp_path / "out/cell=gru_delays=4/config.yaml").read_text(encoding="utf-8")


def test_a_text_is_read_once(tmp_path, monkeypatch):
    read = []
    load = run_module.load_corpus
    monkeypatch.setattr("stategrad.run.sweep.load_corpus", lambda config: read.append(config) or load(config))
    monkeypatch.setattr(run_module, "load_corpus", lambda config: pytest.fail("was read again"))
    monkeypatch.setattr(run_module.Run, "execute", lambda self, *_: 1 / 0)
    sweep(SMALL, {"network.cell": ["gru", "rnn"], "corpus.seed": [0, 1]}, tmp_path / "out", show_progress=False)
    assert [config.seed for config in read] == [0, 1]


def test_what_the_command_lacks_is_said(capsys):
    with pytest.raises(SystemExit):
        main(["sweep", "synthetic", "--out", "x"])
    assert capsys.readouterr().err == "stategrad: `stategrad` needs a --grid; see --help.\n"


def test_the_package_is_a_program(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["stategrad", "rnu"])
    with pytest.raises(SystemExit) as stopped:
        runpy.run_module("stategrad", run_name="__main__")
    assert stopped.value.code == 2
    assert capsys.readouterr().err.startswith("stategrad: unknown command 'rnu': did you mean 'run'?")


def test_every_grid_of_the_documentation_can_be_run():
    text = (Path(__file__).parents[2] / "docs/sweeps.md").read_text(encoding="utf-8")
    found = re.findall(r"stategrad sweep (\S+) .*?--grid '(.*?)'", text)
    assert len(found) >= 7
    for preset, grid in found:
        assert len(combinations(read_preset(preset), read_grid(grid))) > 1


def test_curves_of_the_page_are_those_of_the_runs(swept):
    _, out = swept
    table = pd.read_csv(out / "comparison.csv").set_index(["run", "quantity", "delay"])["value"].sort_index()
    for name in (FIRST, SECOND):
        memory = pd.read_csv(out / name / "measures/memory.csv")
        rows = memory[(memory["group"] == "all") & (memory["state"] == "hidden")].set_index("delay")
        np.testing.assert_allclose(table[name, "rms"], rows["rms"].head(4) / rows["rms"].loc[0])
