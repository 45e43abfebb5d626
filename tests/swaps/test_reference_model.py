"""Swap memory of the language model trained on PTB by the paper's recipe: figures that are known of it."""

import numpy as np

import stategrad as sg
from stategrad.corpus.ptb import load_ptb


def test_a_words_trace_in_the_cell_state_fades_as_is_known(shared):
    model, _ = sg.load_model(shared / "reference" / "ptb-lstm.safetensors")
    text = load_ptb(shared / "data" / "ptb.zip").valid
    result = sg.swap_memory(model.eval(), text.streams[0][:10_000], sample=1_000, show_progress=False)
    at = result.relative().sel(group="all", delay=[1, 5, 10, 29])
    np.testing.assert_allclose(at, [0.72, 0.31, 0.16, 0.05], atol=0.03)
