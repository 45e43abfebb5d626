"""Conditions on the state's position: labels and segments, against plain autograd over the pairs that count."""

import numpy as np
import pytest
import torch
from torch import nn

import stategrad as sg
from naive import all_gradients

pytestmark = pytest.mark.usefixtures("way")

DELAYS = 5
LENGTHS = (17, 9)
QUIET = {"show_progress": False, "precision": "float64", "delays": DELAYS, "blocks": 2}


@pytest.fixture
def text():
    generator = np.random.default_rng(3)
    module = nn.LSTM(3, 4).double()
    streams = [torch.randn(length, 3, dtype=torch.float64) for length in LENGTHS]
    labels = [generator.choice(["noun", "verb", "rare"], length, p=[0.5, 0.4, 0.1]) for length in LENGTHS]
    sentences = [np.arange(length) // 4 for length in LENGTHS]
    pairs = [
        (delay, position, stream, G)
        for stream, x in enumerate(streams)
        for delay, per_position in all_gradients(module, x, DELAYS, (0, "cell")).items()
        for position, G in per_position.items()
    ]
    return module, streams, labels, sentences, pairs


def test_every_label_and_boundary_is_averaged_over_its_own_pairs(text):
    module, streams, labels, sentences, pairs = text
    result = sg.state_gradients(module, streams, at=labels, segments=sentences, groups=labels, **QUIET)
    assert result.mean.dims == ("group", "state_group", "boundary", "delay", "state", "embedding")
    memory = result.memory()
    for group in ("all", "noun"):
        for state_group in ("noun", "rare", "verb"):
            for boundary in ("any", "within", "across"):
                for delay in range(DELAYS):
                    chosen = [
                        G
                        for d, p, s, G in pairs
                        if d == delay
                        and group in ("all", labels[s][p])
                        and labels[s][p + d] == state_group
                        and (boundary == "any" or (sentences[s][p] == sentences[s][p + d]) == (boundary == "within"))
                    ]
                    where = {"group": group, "state_group": state_group, "boundary": boundary, "delay": delay}
                    assert int(result.count.sel(where)) == len(chosen)
                    if chosen:
                        mean = np.mean(chosen, axis=0)
                        np.testing.assert_allclose(result.mean.sel(where), mean, atol=1e-12)
                        np.testing.assert_allclose(
                            result.second_moment.sel(where), np.mean([G.T @ G for G in chosen], axis=0), atol=1e-12
                        )
                        assert float(memory["sigma_1"].sel(where)) == pytest.approx(np.linalg.norm(mean, 2))
                    else:
                        assert result.mean.sel(where).isnull().all()
                        assert np.isnan(memory["rms"].sel(where))


def test_within_and_across_make_up_any(text):
    module, streams, _, sentences, _ = text
    result = sg.state_gradients(module, streams, segments=sentences, **QUIET)
    mean, count = result.mean.fillna(0), result.count
    assert (count.sel(boundary="within") + count.sel(boundary="across")).equals(count.sel(boundary="any").drop_vars("boundary"))
    parts = sum(mean.sel(boundary=part) * count.sel(boundary=part) for part in ("within", "across"))
    np.testing.assert_allclose(parts / count.sel(boundary="any"), mean.sel(boundary="any"), atol=1e-14)
    plain = sg.state_gradients(module, streams, **QUIET)
    np.testing.assert_allclose(mean.sel(boundary="any"), plain.mean, atol=1e-15)


def test_a_segment_ends_with_its_stream(text):
    """The same number in two streams is two segments, and pairs never cross streams."""
    module, streams, *_ = text
    result = sg.state_gradients(module, streams, segments=[np.zeros(length) for length in LENGTHS], **QUIET)
    assert int(result.count.sel(boundary="across").sum()) == 0


def test_results_with_conditions_are_kept_shown_and_whitened(text, tmp_path):
    module, streams, labels, sentences, _ = text
    result = sg.state_gradients(module, streams, at=labels, segments=sentences, **QUIET)
    result.save(tmp_path / "r.nc")
    again = sg.StateGradients.load(tmp_path / "r.nc")
    assert again == result
    assert set(again.to_dataframe()) >= {"group", "state_group", "boundary", "delay", "sigma_1", "rms"}
    assert "26 positions" not in repr(again)
    assert again.track(np.ones(3), n=[1, 2])["cosine"].dims == ("group", "state_group", "boundary", "delay", "n")
    white = result.whiten(np.random.default_rng(0).normal(size=(50, 3)))
    assert white.memory()["sigma_1"].dims == result.memory()["sigma_1"].dims
