"""A run from text to page: what it writes, what it does not do twice, what it refuses."""

import copy
import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

import stategrad as sg
from run.tiny import TINY
from stategrad.corpus.sources import CorpusConfig, load
from stategrad.gradients import adaptive
from stategrad.gradients.by_positions import ByPositions
from stategrad.gradients.request import Execution
from stategrad.models.checkpoints import load_model, save_model
from stategrad.run import stages
from stategrad.run.config import ControlsConfig, GradientsConfig, NetworkConfig, RunConfig, SwapConfig
from stategrad.run.controls import shuffled
from stategrad.run.folder import RunFolder
from stategrad.run.run import STAGES, Run
from stategrad.run.settings import parse, preset_names, read_folder, read_preset
from stategrad.run.summary import corpus_summary, run_summary


def stamps(folder: Path) -> dict[str, float]:
    return {str(p.relative_to(folder)): p.stat().st_mtime_ns for p in folder.rglob("*") if p.is_file()}


def test_a_run_writes_the_whole_folder(tiny_run):
    path = tiny_run.folder.path
    expected = [
        "config.yaml", "manifest.json", "report.html", "model/model.safetensors", "model/vocabulary.txt", "gradients/cell.nc",
        "gradients/hidden.nc", "measures/memory.csv", "measures/tracking.csv", "measures/classes.csv", "measures/separability.csv",
        "measures/training.csv",
    ]  # fmt: skip
    assert [name for name in expected if not (path / name).is_file()] == []
    assert len(list((path / "figures").glob("*.svg"))) >= 4
    assert {p.suffix for p in (path / "tables").iterdir()} == {".csv", ".md", ".tex"}
    assert not list(path.rglob(".*"))


def test_the_tables_hold_what_the_results_hold(tiny_run):
    folder = tiny_run.folder
    memory = pd.read_csv(folder.measures_path("memory"), keep_default_na=False, na_values=["NaN"])
    result = sg.StateGradients.load(folder.gradients_path("cell"))
    row = memory.query("state == 'cell' and group == 'verbs' and rule == 'gold' and delay == 2").iloc[0]
    assert float(row["sigma_1"]) == pytest.approx(np.linalg.norm(result.mean.sel(group="verbs", delay=2), 2))
    classes = pd.read_csv(folder.measures_path("classes"))
    assert classes.groupby(["state", "rule"])["normalised"].sum().tolist() == pytest.approx([1] * 6)
    directions = pd.read_csv(folder.measures_path("directions"), keep_default_na=False, na_values=[""])
    row = directions.query("state == 'cell' and not whitened and group == 'verbs' and delay == 1 and mode == 1").iloc[0]
    again = result.name_directions(1, delays=1).set_index("group").loc["verbs"]
    assert (row["rule"], row["sigma"], row["stability"]) == (
        "gold",
        pytest.approx(again["sigma"]),
        pytest.approx(again["stability"]),
    )
    assert set(directions["whitened"]) == {False, True}
    tracking = pd.read_csv(folder.measures_path("tracking"))
    assert set(tracking["property"]) == {"singular–plural", "common–proper"}
    assert set(tracking["n"]) == {1, 5}
    assert set(tracking["whitened"]) == {False, True}
    assert tracking["relative_memory"].between(0, 1 + 1e-9).all()


def test_the_facts_are_those_of_the_text_and_the_model(tiny_run):
    facts = tiny_run.folder.manifest()["facts"]
    assert facts["text"].startswith("the validation part of synthetic, ")
    assert facts["population"] == tiny_run.corpus.valid.size
    assert facts["perplexity_valid"] < facts["perplexity_untrained"]
    assert facts["perplexity_untrained"] == pytest.approx(facts["vocabulary"], rel=0.05)
    assert facts["tag_rules"] == ["gold"]
    assert -1 <= facts["property_cosine"] <= 1
    summary = run_summary(tiny_run.folder)
    assert "by gold tags: " in summary
    assert summary.endswith("report.html")


def test_a_stage_whose_inputs_have_not_changed_is_not_run_again(tiny_copy, capsys):
    before = stamps(tiny_copy)
    Run(TINY, tiny_copy).execute()
    said = capsys.readouterr().err
    assert [line for line in said.splitlines() if "unchanged" in line] == [f"{stage}: unchanged, not run again" for stage in STAGES]
    after = stamps(tiny_copy)
    assert {name for name in after if after[name] != before.get(name)} == {"config.yaml"}


def test_a_changed_setting_runs_only_what_depends_on_it(tiny_copy):
    before = stamps(tiny_copy)
    changed = dataclasses.replace(TINY, gradients=dataclasses.replace(TINY.gradients, delays=4))
    Run(changed, tiny_copy, show_progress=False).execute()
    after = stamps(tiny_copy)
    touched = {name.split("/")[0] for name in after if after[name] != before.get(name)}
    assert "model" not in touched
    assert {"gradients", "report.html"} <= touched
    assert after["measures/separability.csv"] == before["measures/separability.csv"]
    assert pd.read_csv(tiny_copy / "measures/memory.csv")["delay"].max() == 3
    assert yaml.safe_load((tiny_copy / "config.yaml").read_text())["gradients"]["delays"] == 4


def test_a_missing_output_is_made_again(tiny_copy):
    (tiny_copy / "measures/classes.csv").unlink()
    Run(TINY, tiny_copy, show_progress=False).execute(["analyze"])
    assert (tiny_copy / "measures/classes.csv").is_file()


def test_the_same_settings_give_the_same_numbers(tiny_run, tmp_path):
    again = Run(TINY, tmp_path / "again", show_progress=False)
    again.execute(["train", "gradients", "swap", "controls", "analyze"])
    for name in ("memory", "tracking", "classes"):
        assert again.folder.measures_path(name).read_text() == tiny_run.folder.measures_path(name).read_text()


def test_a_folder_of_another_run_is_refused_and_left_as_it_is(tiny_copy):
    before = stamps(tiny_copy)
    other = dataclasses.replace(TINY, network=dataclasses.replace(TINY.network, hidden_size=13))
    with pytest.raises(sg.ForeignOutputError, match=r"holds another run \(network.hidden_size is 12, not 13\); give another --out"):
        Run(other, tiny_copy, show_progress=False).execute()
    assert stamps(tiny_copy) == before


def test_a_folder_of_something_else_is_refused(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(sg.ForeignOutputError, match="exists and is not the folder of a run"):
        Run(TINY, tmp_path, show_progress=False).execute()
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_corpus_that_cannot_be_read_leaves_no_folder(tmp_path):
    config = dataclasses.replace(TINY, corpus=dataclasses.replace(TINY.corpus, name="text", path=str(tmp_path / "none.txt")))
    with pytest.raises(sg.StategradError, match=r"none\.txt"):
        Run(config, tmp_path / "out", show_progress=False).execute()
    assert not (tmp_path / "out").exists()


def changed(**sections: dict[str, object]) -> RunConfig:
    """The tiny settings with some of them changed, by section."""
    return dataclasses.replace(
        TINY, **{name: dataclasses.replace(getattr(TINY, name), **values) for name, values in sections.items()}
    )


@pytest.mark.parametrize(
    ("sections", "sentence"),
    [
        (
            {"gradients": {"states": ("cel",)}},
            r"unknown state 'cel' in gradients.states: did you mean 'cell'\? \(choices: cell, hidden",
        ),
        ({"gradients": {"delays": 50_000}}, r"gradients.delays is 50000; the longest document of synthetic/valid has \d+ words"),
        ({"gradients": {"blocks": 50_000}}, r"gradients.blocks is 50000; synthetic/valid has \d+ words"),
        ({"analysis": {"directions": (1, 9)}}, "analysis.directions holds 9; the gradients have 8 directions"),
        ({"training": {"batch_size": 9_000}}, r"training.batch_size is 9000; synthetic/train has \d+ words, fewer than 2 for each"),
        ({"network": {"hidden_size": 4}}, "analysis.directions holds 5; the gradients have 4 directions"),
        ({"gradients": {"states": ("cel",)}, "analysis": {"directions": (9,)}}, "2 problems with the settings: unknown state"),
    ],
)
def test_settings_that_do_not_fit_are_refused_before_anything_is_written(tmp_path, sections, sentence):
    with pytest.raises(sg.InvalidInputError, match=sentence):
        Run(changed(**sections), tmp_path / "out", show_progress=False).execute()
    assert not (tmp_path / "out").exists()


def test_a_class_of_one_word_has_no_swap_within_it_and_all_else_is_measured(tmp_path):
    """Of `it` no other pronoun can take the place: it is left out of that kind of swap, not the end of the run."""
    generator = np.random.default_rng(0)
    lines = [
        f"it/PRP verb{generator.integers(9)}/VBD of/IN adj{generator.integers(9)}/JJ noun{generator.integers(9)}/NN ./."
        for _ in range(900)
    ]
    (tmp_path / "a.txt").write_text("\n".join(lines))
    corpus = {"name": "treebank", "path": str(tmp_path / "a.txt"), "vocabulary_size": 60}
    run = Run(changed(corpus=corpus), tmp_path / "out", show_progress=False)
    run.execute(["train", "gradients", "swap", "controls", "analyze", "report"])
    swaps = (
        run.folder.read_measures("swaps").query("delay == 0 and state == 'cell' and rule == 'gold'").set_index(["kind", "group"])
    )
    assert np.isnan(swaps.loc[("same class", "pronouns"), "theta"])
    assert swaps.loc[("same class", "pronouns"), "population"] == 0
    assert swaps.loc[("unigram", "pronouns"), "theta"] > 0
    assert swaps.loc[("same class", "nouns"), "theta"] > 0
    assert (tmp_path / "out/report.html").is_file()


def test_a_text_without_tags_has_the_first_kind_of_swap_that_it_can_have(tmp_path):
    (tmp_path / "a.txt").write_text("\n".join(f"a b{i % 7} c{i % 11} d ." for i in range(900)))
    corpus = {"name": "text", "path": str(tmp_path / "a.txt"), "vocabulary_size": 30}
    run = Run(changed(corpus=corpus, swap={"kinds": ("same class", "unigram")}), tmp_path / "out", show_progress=False)
    run.execute(["train", "gradients", "swap", "controls", "analyze"])
    assert run.folder.read_measures("memory")["validity"].notna().any()
    alone = Run(changed(corpus=corpus, swap={"kinds": ("same class",)}), tmp_path / "other", show_progress=False)
    with pytest.raises(sg.InvalidInputError, match=r"swap\.kinds asks for 'same class' alone and text/valid has no tags"):
        alone.execute()


def test_files_of_a_state_that_is_no_longer_followed_are_removed(tiny_copy):
    def of_hidden():
        return [path.name for path in tiny_copy.rglob("*hidden*")]

    assert of_hidden()
    assert (tiny_copy / "figures").is_dir()
    Run(changed(gradients={"states": ("cell",)}), tiny_copy, show_progress=False).execute()
    assert of_hidden() == []
    assert (tiny_copy / "figures/figure-1-memory.svg").is_file()
    outputs = json.loads((tiny_copy / "manifest.json").read_text())["stages"]["report"]["outputs"]
    assert "figures/figure-1-memory.pdf" in outputs


def test_nothing_outside_of_the_folder_is_removed(tiny_copy):
    beside = tiny_copy.parent / "mine.txt"
    beside.write_text("mine")
    manifest = json.loads((tiny_copy / "manifest.json").read_text())
    manifest["stages"]["swap"]["outputs"] += ["../mine.txt", "figures"]
    (tiny_copy / "manifest.json").write_text(json.dumps(manifest))
    Run(changed(swap={"sample": 299}), tiny_copy, show_progress=False).execute(["train", "gradients", "swap"])
    assert beside.is_file()
    assert (tiny_copy / "figures").is_dir()


def test_controls_are_measured_beside_the_curves(tiny_copy):
    folder = RunFolder(tiny_copy)
    controls, memory = folder.read_measures("controls"), folder.read_measures("memory")
    assert set(controls["control"]) == {"untrained", "shuffled", "within", "across"}
    of_cell = controls[controls["state"] == "cell"].set_index(["control", "delay"])
    assert np.isnan(of_cell.loc[("across", 0), "sigma_1"])
    model, words = load_model(folder.model_path)
    untrained = TINY.network.model(len(words)).eval()
    text = load(TINY.corpus).valid
    expected = sg.state_gradients(untrained, text, delays=6, blocks=7, groups={}, sample=2000, show_progress=False)
    curve = expected.memory().sel(group="all")
    np.testing.assert_allclose(of_cell.loc["untrained", "sigma_1"], curve["sigma_1"], rtol=1e-5)
    beside = memory.query("state == 'cell' and group == 'all'").set_index("delay")
    np.testing.assert_allclose(beside["sigma_1_untrained"], curve["sigma_1"], rtol=1e-5)
    assert memory.query("group == 'nouns'")["sigma_1_untrained"].isna().all()
    segments = np.concatenate(text.sentences)
    bounded = sg.state_gradients(
        model.eval(), text, delays=6, blocks=7, groups={}, segments=[segments], sample=2000, show_progress=False
    )
    within = bounded.sel(boundary="within").memory().squeeze("boundary").sel(group="all")["sigma_1"]
    np.testing.assert_allclose(of_cell.loc["within", "sigma_1"], within, rtol=1e-5)


def test_a_shuffled_text_has_the_same_words_in_streams_as_long():
    text = load(TINY.corpus).valid
    mixed = shuffled(text, 3)
    assert [len(stream) for stream in mixed.streams] == [len(stream) for stream in text.streams]
    assert (np.concatenate(mixed.streams) != np.concatenate(text.streams)).any()
    np.testing.assert_array_equal(np.sort(np.concatenate(mixed.streams)), np.sort(np.concatenate(text.streams)))
    assert mixed.rules == ()


def test_controls_that_are_left_out_leave_empty_tables(tiny_copy):
    Run(changed(controls={"kinds": ()}), tiny_copy, show_progress=False).execute()
    assert RunFolder(tiny_copy).read_measures("controls").empty
    assert not (tiny_copy / "figures/sentence-ends.svg").exists()
    assert (tiny_copy / "figures/three-measures.svg").is_file()
    for wrong, sentence in (({"sample": 0}, "controls.sample is 0"), ({"seed": -1}, "controls.seed is -1")):
        with pytest.raises(sg.InvalidInputError, match=sentence):
            ControlsConfig(**wrong)
    with pytest.raises(sg.InvalidInputError, match=r"controls\.kinds names a kind twice: shuffled, shuffled"):
        ControlsConfig(kinds=("shuffled", "shuffled"))


def test_interrupted_gradients_go_on_or_start_over_with_other_settings(tiny_copy, monkeypatch):
    add, done = ByPositions.add, []

    def stopping(*arguments):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(1)
        return add(*arguments)

    monkeypatch.setattr(ByPositions, "add", stopping)
    monkeypatch.setattr(stages, "Execution", partial(Execution, checkpoint_minutes=0.0, chunk_size=100, sweep=False))
    other = changed(gradients={"delays": 5})
    with pytest.raises(KeyboardInterrupt):
        Run(other, tiny_copy, show_progress=False).execute()
    assert len(list((tiny_copy / "gradients").glob("sums-*"))) == 1
    monkeypatch.setattr(ByPositions, "add", add)
    another = changed(gradients={"delays": 4})
    Run(another, tiny_copy, show_progress=False).execute(["train", "gradients"])
    assert sg.StateGradients.load(tiny_copy / "gradients/cell.nc").delays == [0, 1, 2, 3]
    assert not list((tiny_copy / "gradients").glob("sums-*"))


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("config.yaml", "", "config.yaml holds no settings; delete the folder and run again"),
        ("config.yaml", "x: [", "config.yaml is damaged .*; delete the folder and run again"),
        ("config.yaml", "preset: tiny\nswap: 3\n", "config.yaml: section swap is 3; expected settings by name"),
        ("manifest.json", "[]", "manifest.json is no manifest of a run; delete the folder and run again"),
        ("manifest.json", "{}", "manifest.json is no manifest of a run; delete the folder and run again"),
    ],
)
def test_a_damaged_folder_is_named(tiny_copy, name, text, sentence):
    (tiny_copy / name).write_text(text)
    with pytest.raises(sg.InvalidInputError, match=sentence):
        Run(read_folder(tiny_copy), tiny_copy, show_progress=False).execute()


def test_settings_that_fit_no_run_are_refused_at_once():
    for section in (GradientsConfig, SwapConfig):
        with pytest.raises(sg.InvalidInputError, match=r"\.seed is -1; give 0 or more"):
            section(seed=-1)
    with pytest.raises(sg.InvalidInputError, match=r"3 problems with gradients: gradients.delays is 0; give at least 1. Also: gra"):
        GradientsConfig(delays=0, blocks=-1, sample=0)
    with pytest.raises(sg.InvalidInputError, match=r"gradients.workers is 0; give at least 1. Also: gradients.tolerance is 1.0"):
        GradientsConfig(workers=0, tolerance=1.0)
    with pytest.raises(sg.InvalidInputError, match="names a state twice: cell, cell"):
        GradientsConfig(states=("cell", "cell"))
    with pytest.raises(sg.InvalidInputError, match="hidden_size is 0; give at least 1"):
        NetworkConfig(hidden_size=0)


def test_workers_and_precision_are_settings_of_a_run(tiny_run, tiny_copy):
    Run(changed(gradients={"workers": 2, "precision": "float64"}), tiny_copy, show_progress=False).execute(["train", "gradients"])
    shared, alone = (sg.StateGradients.load(folder / "gradients/cell.nc") for folder in (tiny_copy, tiny_run.folder.path))
    np.testing.assert_allclose(shared.mean, alone.mean, atol=1e-4 * float(abs(alone.mean).max()))
    assert not list((tiny_copy / "gradients").glob("sums-*"))


def test_positions_are_drawn_until_they_are_enough(tiny_copy, monkeypatch):
    monkeypatch.setattr(adaptive, "LEAST_POSITIONS", 60)
    run = Run(changed(gradients={"sample": "auto", "tolerance": 0.9}), tiny_copy, show_progress=False)
    run.execute(["train", "gradients"])
    facts = run.folder.manifest()["facts"]
    assert 4 * 60 <= facts["positions"] < facts["population"]


@pytest.mark.parametrize("cell", ["gru", "rnn"])
def test_a_network_without_a_cell_state_is_followed_by_its_hidden_state(tmp_path, cell):
    run = Run(changed(network={"cell": cell}), tmp_path / "out", show_progress=False)
    run.execute(["train", "gradients", "swap", "controls", "analyze"])
    assert {p.name for p in (run.folder.path / "gradients").iterdir()} == {"hidden.nc", "types-hidden.nc"}
    assert run.folder.manifest()["facts"]["states"] == ["hidden"]


def test_embeddings_that_cannot_be_whitened_leave_the_other_measures(tiny_run, tmp_path, capsys):
    flat = copy.deepcopy(tiny_run.model)
    flat.embedding.weight.data[:, 1] = flat.embedding.weight.data[:, 0]
    save_model(flat, tiny_run.corpus.vocabulary.words, tmp_path / "model.safetensors")
    run = Run(dataclasses.replace(TINY, model=str(tmp_path / "model.safetensors")), tmp_path / "out")
    run.execute(["train", "gradients", "swap", "controls", "analyze", "report"])
    tracking = pd.read_csv(run.folder.measures_path("tracking"))
    assert len(tracking)
    assert not tracking["whitened"].any()
    assert "the whitened measures are left out: the covariance of the embeddings has condition number" in capsys.readouterr().err
    assert "Nothing is shown in whitened space" in (tmp_path / "out/report.html").read_text()


def test_words_that_are_too_rare_to_name_directions_leave_the_other_measures(tiny_copy, monkeypatch, capsys):
    def too_rare(*_):
        raise sg.InvalidInputError("3 of 400 words occur at least 5 times.")

    monkeypatch.setattr("stategrad.run.measures.directions_table", too_rare)
    for name in ("measures/directions.csv", "report.html"):
        (tiny_copy / name).unlink()
    Run(TINY, tiny_copy).execute()
    assert pd.read_csv(tiny_copy / "measures/directions.csv").empty
    assert "analyze: the directions are not named: 3 of 400 words occur at least 5 times." in capsys.readouterr().err
    assert "What the remembered directions are" not in (tiny_copy / "report.html").read_text()


def test_a_trained_model_takes_the_place_of_training(tiny_run, tmp_path):
    config = dataclasses.replace(TINY, model=str(tiny_run.folder.model_path))
    run = Run(config, tmp_path / "out", show_progress=False)
    run.execute(["train"])
    trained, words = load_model(run.folder.model_path)
    assert words == tuple(tiny_run.corpus.vocabulary.words)
    assert (trained.embedding.weight == tiny_run.model.embedding.weight).all()
    facts = run.folder.manifest()["facts"]
    assert facts["epochs"] is None
    assert facts["perplexity_valid"] == pytest.approx(tiny_run.folder.manifest()["facts"]["perplexity_valid"])


def test_a_model_of_another_vocabulary_is_refused(tiny_run, tmp_path):
    words = list(tiny_run.corpus.vocabulary.words)
    for name, changed, sentence in (
        ("other", ["xyz", *words[1:]], r"knows \d+ words, the corpus has \d+, of which the model misses 1"),
        ("order", [words[1], words[0], *words[2:]], "the corpus's words in another order: word 0 is"),
    ):
        folder = tmp_path / name
        save_model(tiny_run.model, changed, folder / "model.safetensors")
        config = dataclasses.replace(TINY, model=str(folder / "model.safetensors"))
        with pytest.raises(sg.InvalidInputError, match=sentence):
            Run(config, tmp_path / f"out-{name}", show_progress=False).execute(["train"])
        assert not (tmp_path / f"out-{name}").exists()
    config = dataclasses.replace(TINY, model=str(tmp_path / "none.safetensors"))
    with pytest.raises(sg.MissingInputError, match=r"none\.safetensors does not exist; give a \.safetensors file"):
        Run(config, tmp_path / "out-none", show_progress=False).execute(["train"])


def test_a_text_without_tags_is_analysed_without_classes(tmp_path):
    words = np.random.default_rng(0).choice(list("abcdefgh"), 6000)
    text = "\n".join(" ".join(words[i : i + 8]) for i in range(0, 6000, 8))
    (tmp_path / "plain.txt").write_text(text)
    config = dataclasses.replace(TINY, corpus=dataclasses.replace(TINY.corpus, name="text", path=str(tmp_path / "plain.txt")))
    run = Run(config, tmp_path / "out", show_progress=False)
    run.execute()
    assert set(pd.read_csv(run.folder.measures_path("memory"))["group"]) == {"all"}
    assert (tmp_path / "out/report.html").is_file()
    assert run_summary(run.folder)


def test_a_killed_run_goes_on_and_ends_with_the_same_model(tiny_run, tmp_path):
    settings = TINY.to_dict() | {"preset": "tiny"}
    settings["training"]["checkpoint_minutes"] = 0
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(settings))
    command = [sys.executable, "-m", "stategrad.cli.main", "train", str(tmp_path / "tiny.yaml"), "--out", str(tmp_path / "out")]
    killed = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ | {"OMP_NUM_THREADS": "1"}
    )
    checkpoint = tmp_path / "out/model/training.safetensors"
    while not checkpoint.exists() and killed.poll() is None:
        time.sleep(0.01)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert not (tmp_path / "out/model/model.safetensors").exists()
    run = Run(parse(settings, preset="tiny", source="test"), tmp_path / "out", show_progress=False)
    run.execute(["train"])
    assert (run.model.embedding.weight == tiny_run.model.embedding.weight).all()


def test_presets_are_complete_settings():
    assert preset_names() == ["csl2020", "demo", "paper-ptb", "paper-ptb-authors", "paper-ptb-pretrained", "synthetic"]
    assert read_preset("demo").corpus.name == "brown"
    assert read_preset("demo").fallback in preset_names()
    paper = read_preset("paper-ptb")
    assert (paper.training.epochs, paper.network.hidden_size, paper.gradients.delays, paper.gradients.sample) == (39, 256, 30, None)


def test_a_folder_gives_back_its_settings(tiny_run):
    assert read_folder(tiny_run.folder.path) == TINY


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("gradient:\n  delays: 3\n", r"has an unknown setting 'gradient.delays': did you mean 'gradients.delays'\?"),
        ("gradients:\n  delay: 3\n", r"has an unknown setting 'gradients.delay': did you mean 'gradients.delays'\?"),
        ("gradients:\n  delays: many\n", "gradients.delays"),
        ("- a\n", "holds no settings; expected sections such as corpus, training, gradients"),
        ("a: [", "is not YAML"),
    ],
)
def test_settings_that_are_wrong_are_named_with_their_file(tmp_path, content, sentence):
    (tmp_path / "my.yaml").write_text(content)
    with pytest.raises(sg.InvalidInputError, match=sentence) as caught:
        read_preset(str(tmp_path / "my.yaml"))
    assert "my.yaml" in str(caught.value)


def test_a_damaged_manifest_is_said(tiny_copy):
    (tiny_copy / "manifest.json").write_text('{"stages": ')
    with pytest.raises(sg.InvalidInputError, match=r"manifest\.json is damaged"):
        Run(TINY, tiny_copy, show_progress=False).execute()


def test_the_manifest_is_json_that_others_can_read(tiny_run):
    manifest = json.loads(tiny_run.folder.manifest_path.read_text())
    assert set(manifest["stages"]) == set(STAGES)
    assert manifest["preset"] == "tiny"


def test_a_corpus_can_be_looked_at_first():
    shown = corpus_summary(load(TINY.corpus))
    assert "synthetic/valid" in shown
    assert "by rule gold: pronouns" in shown
    assert "tags of verbs: VB" in shown


def test_a_corpus_shows_the_tags_of_its_classes_and_those_of_none(tmp_path):
    (tmp_path / "a.txt").write_text("a/DT cat/NN sat/VBD ./.\ncats/NNS sat/VBD here/RB ./.\n" * 20)
    shown = corpus_summary(load(CorpusConfig("treebank", str(tmp_path))))
    assert "\n  tags of nouns: NN 20, NNS 20\n" in shown
    assert "\n  tags of verbs: VBD 40\n" in shown
    assert shown.endswith("\n  tags in no class: . 40, DT 20")
    (tmp_path / "plain").write_text("cats sat\n" * 20)
    by_type = corpus_summary(load(CorpusConfig("text", str(tmp_path / "plain"), (str(tmp_path / "a.txt"),))))
    assert "\n  tags of nouns: NN 20, NNS 20\n" in by_type
    assert "tags of" not in corpus_summary(load(CorpusConfig("text", str(tmp_path / "plain"))))
