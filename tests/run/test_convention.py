"""The units of a run's measures, and what is said where they cannot be taken or are not those of another run."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

import stategrad as sg
from report.generated_run import write_run
from run.tiny import TINY
from stategrad.report.comparison import compare_runs
from stategrad.report.contexts import on_context
from stategrad.run.config import AnalysisConfig
from stategrad.run.convention import in_convention, marked

WHITENED = dataclasses.replace(TINY, analysis=AnalysisConfig(convention="csl2020"))


def result_of(vectors):
    embeddings = sg.Embeddings(vectors, tuple(f"w{i}" for i in range(len(vectors))))
    return sg.state_gradients(nn.LSTM(3, 4).eval(), torch.randn(40, 3), delays=2, embeddings=embeddings, show_progress=False)


def test_results_are_whitened_where_the_settings_ask_for_it():
    result = result_of(np.random.default_rng(0).standard_normal((20, 3)))
    np.testing.assert_array_equal(in_convention(WHITENED, result).mean, result.whiten().mean)
    assert in_convention(TINY, result) is result


def test_embeddings_that_cannot_be_whitened_are_refused_with_what_to_choose():
    flat = result_of(np.outer(np.arange(20.0), np.ones(3)))
    with pytest.raises(
        sg.InvalidInputError, match=r"analysis.convention is csl2020, and .* Choose analysis.convention paper2018\."
    ):
        in_convention(WHITENED, flat)


def test_the_page_says_the_space_and_a_comparison_where_spaces_differ(tmp_path):
    assert on_context({"convention": "csl2020"})[0].startswith("Inputs are measured in whitened embedding space")
    assert on_context({"convention": "paper2018"}) == []
    folders = [write_run(tmp_path / name) for name in ("plain", "white")]
    for name in ("memory", "classes"):
        path = folders[1] / f"measures/{name}.csv"
        marked(WHITENED, pd.read_csv(path, keep_default_na=False, na_values=[""])).to_csv(path, index=False)
    said = " ".join(compare_runs(folders).withheld)
    assert "The curves and classes of white are in whitened embedding space, those of the others are not." in said
    assert "whitened embedding space" not in " ".join(compare_runs([folders[0], write_run(tmp_path / "other")]).withheld)
