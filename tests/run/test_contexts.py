"""Runs that read states only where the current word is of one class."""

import dataclasses
import re
import shutil

import numpy as np
import pandas as pd
import pytest

import stategrad as sg
from run.tiny import TINY
from stategrad.cli.main import main
from stategrad.errors import InvalidInputError
from stategrad.report import page
from stategrad.report.contexts import on_context
from stategrad.report.facts import strip_of
from stategrad.run.config import GradientsConfig, PushConfig
from stategrad.run.controls import in_random_order, shuffled
from stategrad.run.run import Run

AT_VERBS = dataclasses.replace(
    TINY,
    gradients=dataclasses.replace(TINY.gradients, at="verbs", sample=None),
    swap=dataclasses.replace(TINY.swap, pairs=10_000),
    push=PushConfig(sample=10_000, sizes=(0.1,), delays=(0, 2)),
)


@pytest.fixture(scope="module")
def at_verbs(tiny_run, tmp_path_factory):
    """The tiny run, states read at verbs alone."""
    folder = shutil.copytree(tiny_run.folder.path, tmp_path_factory.mktemp("contexts") / "run")
    run = Run(AT_VERBS, folder, show_progress=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(page, "write_chart", lambda chart, path: [])
        run.execute(["train", "gradients", "swap", "pairs", "push", "controls", "analyze", "report"])
    return run


def table(run, name):
    return pd.read_csv(run.folder.measures_path(name), keep_default_na=False, na_values=["", "NaN"])


def test_gradients_swaps_and_controls_are_of_states_at_verbs(at_verbs):
    text = at_verbs.text
    verbs = text.groups("gold")["verbs"]
    memory = table(at_verbs, "memory").query("state == 'cell' and group == 'all'").set_index("delay")
    expected = [sum(int(mask[delay:].sum()) for mask in verbs) for delay in range(6)]
    assert memory["count"].tolist() == expected
    alone = sg.state_gradients(at_verbs.model, text, delays=6, at=verbs, blocks=7, groups={}, show_progress=False)
    np.testing.assert_allclose(memory["sigma_1"], alone.memory()["sigma_1"].sel(group="all"), rtol=1e-5)
    swaps = table(at_verbs, "swaps").query("state == 'cell' and group == 'all' and kind == 'unigram'")
    assert (swaps["population"].to_numpy() == expected).all()
    controls = table(at_verbs, "controls").query("state == 'cell' and delay == 0 and control != 'across'")
    assert set(controls["control"]) == {"untrained", "shuffled", "within"}
    assert (controls["count"] < at_verbs.config.controls.sample / 2).all()
    assert table(at_verbs, "equal").empty
    assert table(at_verbs, "sampling").empty, "all positions are used"


def test_pairs_and_pushes_are_of_the_states_that_their_gradients_are_of(at_verbs):
    text = at_verbs.text
    verbs, nouns = (text.groups("gold")[name] for name in ("verbs", "nouns"))
    pushes = table(at_verbs, "pushes").query("state == 'cell'").set_index("delay")
    for delay in (0, 2):
        assert set(pushes.loc[delay, "population"]) == {sum(int(mask[delay:].sum()) for mask in verbs)}
    pairs = table(at_verbs, "pairs").query("state == 'cell' and group == 'all'").set_index("delay")
    assert pairs.loc[0, "count"] == 0  # no noun stands where a verb does
    reached = sum(int((noun[:-2] & verb[2:]).sum()) for noun, verb in zip(nouns, verbs, strict=True))
    assert 0 < pairs.loc[2, "count"] <= reached


def test_classes_without_positions_at_delay_0_are_left_out_there(at_verbs):
    classes = table(at_verbs, "classes")
    assert set(classes["group"]) == {"verbs"}
    assert classes["normalised"].dropna().empty or (classes["normalised"].dropna() == 1).all()
    memory = table(at_verbs, "memory").query("state == 'cell' and group == 'nouns'").set_index("delay")
    assert memory["count"].iloc[0] == 0
    assert memory["sigma_1"].isna().tolist() == [True, False, False, False, False, False]


def test_the_page_says_where_states_are_read_and_what_does_not_follow(at_verbs):
    html = (at_verbs.folder.path / "report.html").read_text(encoding="utf-8")
    steps = sum(int(mask.sum()) for mask in at_verbs.text.groups("gold")["verbs"])
    counted = f"{steps:,} of {at_verbs.text.size:,} steps."
    assert f"States are read only where the current word is of the class verbs (by gold tags): {counted}" in html
    assert "Words on their own, decoding, linear separability and the time constants of gates are about all words." in html
    assert "Read at" in html


def test_a_run_that_reads_all_states_says_nothing_of_it():
    assert on_context({"at": None}) == on_context({}) == []
    assert "Read at" not in [fact.label for fact in strip_of({"at": None})]
    assert "Read at" in [fact.label for fact in strip_of({"at": "verbs"})]
    assert on_context({"at": "verbs"})[0] == "States are read only where the current word is of the class verbs."


def test_steps_follow_the_words_of_a_shuffled_text(tiny_run):
    text = tiny_run.text
    verbs = text.groups("gold")["verbs"]
    moved, mixed = in_random_order(verbs, 3), shuffled(text, 3)
    assert [len(part) for part in moved] == [len(stream) for stream in text.streams]
    before, after = (np.concatenate(part) for part in (verbs, moved))
    words = [np.sort(np.concatenate(streams)[mask]) for streams, mask in ((text.streams, before), (mixed.streams, after))]
    np.testing.assert_array_equal(*words)


def test_a_class_that_is_not_known_or_not_there_is_refused(tmp_path, capsys):
    with pytest.raises(InvalidInputError, match=re.escape("unknown word class 'verb' in gradients.at: did you mean 'verbs'?")):
        GradientsConfig(at="verb")
    (tmp_path / "plain.txt").write_text("a b c d e f\n" * 400)
    corpus = dataclasses.replace(TINY.corpus, name="text", path=str(tmp_path / "plain.txt"))
    with pytest.raises(InvalidInputError, match=r"gradients\.at is 'verbs' and .* has no tags; leave it out, or name tagged files"):
        Run(dataclasses.replace(AT_VERBS, corpus=corpus), tmp_path / "out", show_progress=False).execute()
    assert not (tmp_path / "out").exists()
    with pytest.raises(SystemExit):
        main(["run", "synthetic", "--gradients.at", "nuons", "--out", str(tmp_path / "other")])
    assert "unknown word class 'nuons' in gradients.at: did you mean 'nouns'?" in capsys.readouterr().err


def test_a_tagged_text_without_the_class_names_what_it_has(tmp_path):
    (tmp_path / "tagged.pos").write_text("the/DT dog/NN of/IN a/DT cat/NN ./.\n\n" * 400)
    corpus = dataclasses.replace(TINY.corpus, name="treebank", path=str(tmp_path / "tagged.pos"))
    with pytest.raises(InvalidInputError, match=r"gradients\.at is 'verbs' and .* has no word of that class; it has nouns"):
        Run(dataclasses.replace(AT_VERBS, corpus=corpus), tmp_path / "out", show_progress=False).execute()
