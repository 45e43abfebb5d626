"""An analysis that is stopped goes on where it was, and never with another one's sums."""

import numpy as np
import pytest
import torch
from torch import nn

import stategrad as sg
from stategrad.gradients import stretches
from stategrad.gradients.by_positions import ByPositions
from stategrad.gradients.by_steps import BySteps

pytestmark = pytest.mark.usefixtures("way")


@pytest.fixture
def analysis(tmp_path, monkeypatch):
    """An analysis that can be stopped after some pieces of work, with a checkpoint after each."""
    module, x = nn.LSTM(3, 4), torch.randn(120, 3)
    monkeypatch.setattr(stretches, "LEAST_STEPS", 10)  # so that there are several, which is what a sweep is cut into
    monkeypatch.setattr(stretches, "BYTES_OF_RECORD", 1)
    path = tmp_path / "sums.safetensors"
    add = {kind: kind.add for kind in (ByPositions, BySteps)}

    def run(*, pieces=None, **options):
        done = []

        def stopping(work, *arguments):
            if pieces is not None and len(done) == pieces:
                raise KeyboardInterrupt
            done.append(arguments)
            return add[type(work)](work, *arguments)

        for kind in add:
            monkeypatch.setattr(kind, "add", stopping)
        execution = sg.Execution(chunk_size=10, checkpoint_path=path, checkpoint_minutes=0.0, resume=options.pop("resume", True))
        arguments = {"delays": 4, "state": ["cell", "hidden"], "show_progress": False, "execution": execution} | options
        return sg.state_gradients(arguments.pop("model", module), x, **arguments), len(done)

    run.path, run.module = path, module
    return run


def test_a_stopped_analysis_goes_on_to_the_same_numbers(analysis):
    whole, pieces = analysis()
    assert not analysis.path.exists()
    with pytest.raises(KeyboardInterrupt):
        analysis(pieces=pieces // 2)
    assert analysis.path.exists()
    resumed, rest = analysis()
    assert rest == pieces - pieces // 2
    for key, result in whole.items():
        np.testing.assert_array_equal(resumed[key].block_mean, result.block_mean)
        np.testing.assert_array_equal(resumed[key].block_second_moment, result.block_second_moment)
    assert not analysis.path.exists()


def test_resume_false_starts_over(analysis):
    with pytest.raises(KeyboardInterrupt):
        analysis(pieces=3)
    _, pieces = analysis(resume=False)
    assert pieces > 10


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"delays": 5}, "delays = "),
        ({"seed": 1}, "settings = "),
        ({"blocks": 9}, "blocks = "),
        ({"groups": np.array(["a", "b"] * 60)}, "groups = "),
        ({"at": np.arange(120) % 2 == 0}, "conditions = "),
        ({"second_moment": False}, "second_moment = True, not False"),
        ({"state": "cell"}, "states = "),
        ({"model": nn.LSTM(3, 4)}, "model = "),
        ({"initial_state": (torch.ones(1, 1, 4), torch.ones(1, 1, 4))}, "initial_state = "),
    ],
)
def test_the_sums_of_another_analysis_are_refused_and_kept(analysis, changes, named):
    with pytest.raises(KeyboardInterrupt):
        analysis(pieces=3)
    before = analysis.path.read_bytes()
    with pytest.raises(sg.ForeignOutputError, match=rf"was made with .*{named}.*: give another checkpoint_path, or pass resume=F"):
        analysis(**changes)
    assert analysis.path.read_bytes() == before


def test_what_is_no_checkpoint_is_refused(analysis):
    analysis.path.write_bytes(b"thesis")
    with pytest.raises(sg.MissingInputError, match="is not a safetensors file, or is truncated"):
        analysis()
    assert analysis.path.read_bytes() == b"thesis"
