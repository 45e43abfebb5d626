"""The preset of the 2020 follow-up on a small WikiText, end to end."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import stategrad as sg
from corpus.wikitext_files import write_wikitext_folder
from stategrad.cli.main import main
from stategrad.models.checkpoints import load_model
from stategrad.models.pretrained import untrained
from stategrad.published import follow_up
from stategrad.report.inputs import read_run
from stategrad.report.page import render
from stategrad.report.paper import beside_paper
from stategrad.report.sections import figures_of
from stategrad.run.run import STAGES, Run
from stategrad.run.settings import read_folder, read_preset

QUICK = [
    "--network.hidden_size", "16", "--network.embedding_size", "8", "--training.epochs", "1", "--training.batch_size", "4",
    "--gradients.sample", "120", "--gradients.blocks", "6", "--gradients.states", "[cell]",
    "--swap.sample", "60", "--swap.pairs", "0", "--push.sample", "40", "--controls.sample", "60", "--progress", "false",
    "--swap.kinds", "[unigram, mean]", "--controls.kinds", "[untrained, boundaries]", "--words.words", "12", "--words.most", "30",
    "--words.draws", "3",
]  # fmt: skip


@pytest.fixture(scope="module")
def wikitext(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_wikitext_folder(tmp_path_factory.mktemp("texts") / "wikitext-2")


def quick(preset_path: Path, **network: object) -> Run:
    """The preset with tiny settings, and another network."""
    preset = read_preset("csl2020")
    config = dataclasses.replace(
        preset,
        corpus=dataclasses.replace(preset.corpus, path=str(preset_path)),
        network=dataclasses.replace(preset.network, embedding_size=8, **network),
        training=dataclasses.replace(preset.training, epochs=1, batch_size=4),
        gradients=dataclasses.replace(preset.gradients, sample=120, blocks=6),
        swap=dataclasses.replace(preset.swap, sample=60, kinds=("unigram",), pairs=0),
        push=dataclasses.replace(preset.push, sample=40, delays=(0,)),
        controls=dataclasses.replace(preset.controls, kinds=("untrained",), sample=60),
        words=dataclasses.replace(preset.words, words=8, most=20, draws=2, delays=(0, 1, 2)),
    )
    return Run(config, preset_path.parent / f"run-{'-'.join(map(str, network.values()))}", show_progress=False)


def test_from_raw_files_to_the_page(
    wikitext: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stategrad.report.page.write_chart", lambda *_: [])  # figures as files take most of the time
    main(["run", "csl2020", "--corpus.path", str(wikitext), "--out", str(tmp_path / "run"), *QUICK])
    said = capsys.readouterr().out
    assert "the validation part of wikitext, 4 documents: 120 of" in said
    assert read_folder(tmp_path / "run").training.steps == 200
    memory = pd.read_csv(tmp_path / "run/measures/memory.csv")
    assert memory["delay"].max() == 49
    result = sg.StateGradients.load(tmp_path / "run/gradients/cell.nc")
    np.testing.assert_allclose(memory["sigma_1"], result.whiten().memory()["sigma_1"].sel(group="all"), rtol=1e-6)
    assert abs(memory["sigma_1"][0] / float(result.memory()["sigma_1"].sel(group="all", delay=0)) - 1) > 0.01
    controls = pd.read_csv(tmp_path / "run/measures/controls.csv")
    before = untrained(load_model(tmp_path / "run/model/model.safetensors")[0], 0)
    spread = np.cov(before.embedding.weight.detach().numpy().T).trace() / 8
    first = controls[(controls["control"] == "untrained") & (controls["delay"] == 0)]["sigma_1"].item()
    weight = np.linalg.norm(before.recurrent.weight_ih_l0.detach().numpy(), 2)
    assert first < weight * np.sqrt(spread), "the untrained model is measured in its own embeddings' standard deviations"
    page = (tmp_path / "run/report.html").read_text(encoding="utf-8")
    assert "Inputs are measured in whitened embedding space" in page
    assert "the run measures in whitened embedding space, the paper does not" in page
    assert "What the cell state of an LSTM trained on WikiText remembers" in page
    assert "200 steps" in page
    assert '"whitened":"true"' in page, "the page opens with the follow-up's convention"
    assert "Directions in" in page
    assert set(memory["group"]) == {"all"}, "WikiText has no tags"
    assert "Table 1. Word classes" not in page
    assert "The words of this text have no tags, so there are no classes to tell apart." in page
    assert '<th scope="col" class="words">class</th>' not in page
    answers = pd.read_csv(tmp_path / "run/tables/follow-up.csv")
    assert list(dict.fromkeys(answers["the follow-up says"])) == [one.says for one in follow_up().statements]
    asked = answers[answers["the follow-up says"].str.contains("decays|infrequent")]
    assert len(asked) == 12
    assert set(asked["here"]) <= {"holds", "does not hold", "undecided"}, asked
    assert "the words of the text have no classes; corpus.tags names tagged files" in page
    assert page.index("The follow-up’s findings") < page.index("Beside the paper")
    assert "“nouns are remembered best”" in page
    assert "<code>stategrad sweep csl2020 --grid" in page
    words = pd.read_csv(tmp_path / "run/measures/words.csv")
    assert words["whitened"].all()
    assert words["delay"].max() == 20
    sentences = pd.read_csv(tmp_path / "run/measures/sentences.csv") if (tmp_path / "run/measures/sentences.csv").exists() else None
    assert sentences is None or sentences["whitened"].all()


@pytest.mark.parametrize("network", [{"cell": "gru", "hidden_size": 24}, {"cell": "rnn", "hidden_size": 12}])
def test_other_cells_and_sizes(wikitext: Path, network: dict[str, object]) -> None:
    run = quick(wikitext, **network)
    run.execute([name for name in STAGES if name != "report"])
    model, _ = load_model(run.folder.model_path)
    assert (model.config.cell, model.config.hidden_size) == (network["cell"], network["hidden_size"])
    tables = read_run(run.folder.path)
    assert np.isfinite(tables.memory.loc[tables.memory["delay"] == 49, "sigma_1"]).all()
    assert "WikiText remembers" in render(tables, [], beside_paper(tables))
    said = " ".join(one for figure in figures_of(tables) for saying in figure.sayings for one in saying.sentences)
    assert not re.search(r"\b(nan|inf)\b", said), "no sentence is about what is not known"
    memory = tables.memory.set_index("delay")
    kept = memory["swap"] > 1e-5 * memory.loc[0, "swap"]
    told = memory["validity"].notna()  # as far as single precision tells swaps from rounding, which a young network's are soon near
    assert told.loc[:5].all()
    assert memory.loc[told, "validity"].between(-1, 1).all()
    assert not told[~kept].any()
    assert (memory["divergence"].dropna() >= 0).all()


def test_articles_shorter_than_the_delays_are_said_before_anything_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_wikitext_folder(tmp_path / "w", articles=3, longest=10)
    with pytest.raises(SystemExit) as stopped:
        main(["run", "csl2020", "--corpus.path", str(folder), "--out", str(tmp_path / "run"), *QUICK])
    assert stopped.value.code == 2
    said = capsys.readouterr().err
    assert "gradients.delays is 50; the longest document of wikitext/valid has" in said
    assert said.count("\n") == 1
    assert not (tmp_path / "run").exists()
