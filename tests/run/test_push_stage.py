"""The stage that pushes words along directions: what it writes, and when."""

import dataclasses

import numpy as np
import pytest

import stategrad as sg
from run.tiny import TINY
from stategrad.run import measures
from stategrad.run.config import PushConfig
from stategrad.run.run import Run

ASKED = PushConfig(delays=(0, 2, 90), sizes=(0.1, 1.0), sample=60)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    one = Run(dataclasses.replace(TINY, push=ASKED), tmp_path_factory.mktemp("pushes") / "run", show_progress=False)
    one.execute(["train", "gradients", "push"])
    return one


def test_effects_are_those_of_the_library_for_every_state(run):
    frame = run.folder.read_measures("pushes")
    assert list(dict.fromkeys(frame["state"])) == ["cell", "hidden"]
    assert list(dict.fromkeys(frame["direction"])) == ["singular–plural", "common–proper", "v_1 at τ=0"]
    assert set(frame["delay"]) == {0, 2}  # of those asked for what the gradients have
    gradients = sg.StateGradients.load(run.folder.gradients_path("hidden")).sel(group="all")
    expected = sg.push_states(
        run.model, run.text, measures.paper_properties(gradients.embeddings), gradients=gradients, modes=1, delays=[0, 2],
        sizes=(0.1, 1.0), state="hidden", groups={}, blocks=7, sample=60, show_progress=False,
    )  # fmt: skip
    own = frame[frame["state"] == "hidden"].reset_index(drop=True)
    for name in ("rms", "explained", "own_explained", "linear_up_to", "explained_low"):
        np.testing.assert_allclose(own[name], expected.to_dataframe()[name], rtol=1e-5, atol=1e-6)
    assert run.folder.manifest()["facts"]["push_unit"] == pytest.approx(expected.unit, rel=1e-3)


def test_other_settings_of_pushes_run_only_their_stage_again(run, capsys):
    changed = dataclasses.replace(TINY, push=dataclasses.replace(ASKED, sizes=(0.5,), modes=0))
    again = Run(changed, run.folder.path)
    again.execute(["train", "gradients", "push"])
    said = capsys.readouterr().err
    assert "gradients: unchanged" in said
    assert "push: unchanged" not in said
    frame = again.folder.read_measures("pushes")
    assert set(frame["size"]) == {0.5}
    assert "v_1 at τ=0" not in set(frame["direction"])


def test_without_a_direction_nothing_is_written(tmp_path, capsys):
    (tmp_path / "text.txt").write_text("the cat sat on the mat and the dog ran off\n" * 400, encoding="utf-8")
    corpus = dataclasses.replace(TINY.corpus, name="text", path=str(tmp_path / "text.txt"))
    one = Run(dataclasses.replace(TINY, corpus=corpus, push=PushConfig(modes=0)), tmp_path / "run")
    one.execute(["train", "gradients", "push"])
    assert "push: there is no property and no mode to push along" in capsys.readouterr().err
    assert not one.folder.measures_path("pushes").exists()


def test_more_modes_than_there_are_is_refused_before_anything_is_written(tmp_path):
    one = Run(dataclasses.replace(TINY, push=PushConfig(modes=9)), tmp_path / "run")
    with pytest.raises(sg.InvalidInputError, match=r"push\.modes is 9; the gradients have 8 directions"):
        one.execute()
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"modes": -1}, r"^push\.modes is -1; give 0 or more\.$"),
        ({"delays": (1, 2)}, r"^push\.delays is \(1, 2\); give each once, 0 among them\.$"),
        ({"sizes": (0.0, 1.0)}, r"^push\.sizes is \(0\.0, 1\.0\); give each once, above 0\.$"),
        ({"sample": 0, "seed": -1}, r"2 problems with push: push\.sample is 0; .* Also: push\.seed is -1; give 0 or more"),
    ],
)
def test_settings_that_cannot_be_are_named_together(settings, sentence):
    with pytest.raises(sg.InvalidInputError, match=sentence):
        PushConfig(**settings)
