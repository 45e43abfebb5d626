"""Runs whose embeddings have a few dimensions: channels in place of subspaces."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

import stategrad as sg
from run.tiny import TINY
from stategrad.report import page
from stategrad.report.channel_figures import channels_chart, on_channels
from stategrad.report.inputs import read_run
from stategrad.report.sections import figures_of
from stategrad.run.run import Run


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """The tiny run with embeddings of size 4."""
    settings = dataclasses.replace(TINY, network=dataclasses.replace(TINY.network, embedding_size=4))
    run = Run(settings, tmp_path_factory.mktemp("channels") / "run", show_progress=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(page, "write_chart", lambda chart, path: [])
        run.execute(["train", "gradients", "swap", "controls", "analyze", "report"])
    return run


def test_channels_take_the_place_of_subspaces(small, tiny_run):
    folder = small.folder
    channels = pd.read_csv(folder.measures_path("channels"))
    result = sg.StateGradients.load(folder.gradients_path("cell"))
    row = channels.query("state == 'cell' and delay == 3 and channel == 2").iloc[0]
    assert row["column_norm"] == pytest.approx(np.linalg.norm(result.mean.sel(group="all", delay=3).values[:, 1]))
    tracking = pd.read_csv(folder.measures_path("tracking"))
    assert (tracking["n"] == 0).all()
    assert tracking[["cosine", "subspace_share"]].isna().all(axis=None)
    assert tracking["relative_memory"].between(0, 1 + 1e-9).all()
    assert pd.read_csv(tiny_run.folder.measures_path("channels")).empty


def test_the_page_shows_them_and_says_why(small):
    html = (small.folder.path / "report.html").read_text(encoding="utf-8")
    assert "Channels of the input" in html
    assert "The embeddings have 4 dimensions, where every direction lies near a subspace of a few by chance" in html
    run = read_run(small.folder.path)
    figure = {one.name: one for one in figures_of(run)}
    chart = figure["figure-2-tracking"].draw().to_dict()
    assert "cosine" not in str(chart["layer"])
    assert "relative memory m" in str(chart["layer"])
    assert all(f"channel {number}" in str(channels_chart(run.channels).to_dict()) for number in (1, 2, 3, 4))


def test_the_sentences_name_the_best_channel():
    frame = pd.DataFrame({"delay": [0, 0, 5, 5], "channel": [1, 2, 1, 2], "column_norm": [2.0, 1.0, 0.1, 0.5]})
    assert on_channels(frame)[-1] == "Best remembered is channel 1 (2) at delay 0, channel 2 (0.5) at delay 5."
    assert on_channels(frame[frame["delay"] == 0])[-1] == "Best remembered is channel 1 (2) at delay 0."
    assert on_channels(frame.iloc[:0]) == []
