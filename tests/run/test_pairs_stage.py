"""The stage that swaps singular and plural nouns: what it writes, and when."""

import dataclasses

import numpy as np
import pytest

import stategrad as sg
from run.tiny import TINY
from stategrad.run.config import SwapConfig
from stategrad.run.measures import labelled_groups
from stategrad.run.run import Run

STAGES = ["train", "gradients", "pairs"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    asked = dataclasses.replace(TINY, swap=SwapConfig(pairs=80))
    one = Run(asked, tmp_path_factory.mktemp("pairs") / "run", show_progress=False)
    one.execute(STAGES)
    return one


def test_swaps_are_those_of_the_library_for_every_state(run):
    frame = run.folder.read_measures("pairs")
    assert list(dict.fromkeys(frame["state"])) == ["cell", "hidden"]
    assert list(dict.fromkeys(frame["group"])) == ["all", "singular nouns", "plural nouns"]
    groups = {label: masks for label, masks in labelled_groups(run.text).items() if label in ("singular nouns", "plural nouns")}
    pairs = sg.noun_pairs(run.text)
    expected = sg.swap_memory(
        run.model, run.text, delays=6, state="hidden", swaps=sg.paired_swaps(run.text, pairs), groups=groups, blocks=7, sample=80,
        where=[a | b for a, b in zip(*groups.values(), strict=True)],
        gradients=sg.StateGradients.load(run.folder.gradients_path("hidden")), show_progress=False,
    ).to_dataframe()  # fmt: skip
    own = frame[frame["state"] == "hidden"].reset_index(drop=True)
    for name in ("theta", "validity", "cosine", "cosine_low", "count"):
        np.testing.assert_allclose(own[name], expected[name], rtol=1e-4, atol=1e-6)
    facts = run.folder.manifest()["facts"]
    assert 0 < facts["noun_pairs"] <= len(pairs)
    assert facts["noun_pair"] in [list(pair) for pair in pairs]


def test_none_are_swapped_where_none_is_asked_for_or_none_is_known(run, tmp_path, capsys):
    again = Run(dataclasses.replace(TINY, swap=SwapConfig(pairs=0)), run.folder.path)
    again.execute(STAGES)
    said = capsys.readouterr().err
    assert "gradients: unchanged" in said
    assert "show no singular" not in said
    (tmp_path / "text.txt").write_text("the cat sat on the mat and the dogs ran off\n" * 400, encoding="utf-8")
    corpus = dataclasses.replace(TINY.corpus, name="text", path=str(tmp_path / "text.txt"))
    untagged = Run(dataclasses.replace(TINY, corpus=corpus), tmp_path / "run")
    untagged.execute(STAGES)
    assert "pairs: the tags of the corpus show no singular and plural nouns of one stem" in capsys.readouterr().err
    assert not untagged.folder.measures_path("pairs").exists()


def test_another_number_of_pairs_does_not_run_the_other_swaps_again(tmp_path):
    one, other = (Run(dataclasses.replace(TINY, swap=SwapConfig(pairs=pairs)), tmp_path)._fingerprints for pairs in (80, 90))
    assert {name for name in one if one[name] != other[name]} == {"pairs", "report"}


def test_a_negative_number_is_refused():
    with pytest.raises(sg.InvalidInputError, match=r"^swap\.pairs is -1; give 0 or more\.$"):
        SwapConfig(pairs=-1)
