"""Every sentence with which swap memory refuses what it cannot do."""

import numpy as np
import pytest
import torch
from torch import nn

import stategrad as sg

QUIET = {"show_progress": False}


def swap(model=None, inputs=None, **options):
    model = nn.LSTM(3, 4).eval() if model is None else model
    inputs = torch.randn(20, 3) if inputs is None else inputs
    return sg.swap_memory(model, inputs, **{"delays": 4} | QUIET | options)


def swap_with(change=None, **options):
    """Swap with gradients of the same model, taken with other options and changed afterwards."""
    model, x = nn.LSTM(3, 4).eval(), torch.randn(20, 3)
    gradients = sg.state_gradients(model, x, **{"delays": 4} | QUIET | options.pop("taken", {}))
    return swap(model, x, gradients=change(gradients) if change else gradients, **options)


class WithoutTable(nn.Module):
    """A model that embeds ids by a rule of its own."""

    def __init__(self):
        super().__init__()
        self.recurrent = nn.LSTM(3, 4)

    def embed(self, ids):
        return torch.stack([ids, ids**2, ids % 2], dim=-1).float()


def nan_at(step):
    return torch.randn(20, 3).index_fill(0, torch.tensor(step), float("nan"))


REFUSALS = {
    "unknown kind": (
        lambda: swap(swaps="unigramm"),
        r"unknown kind of swap 'unigramm': did you mean 'unigram'\? \(choices: unigram, same class, mean\)",
    ),
    "no word classes": (
        lambda: swap(swaps="same class"),
        "swaps is 'same class', and these inputs have no word classes; pass a tagged sg.Corpus, or ids drawn by yourself",
    ),
    "a text that never varies": (
        lambda: swap(inputs=torch.ones(20, 3)),
        "swaps is 'unigram', and no position has another input to be drawn; the text never varies",
    ),
    "a vocabulary that is not known": (
        lambda: swap(WithoutTable().eval(), torch.arange(20), swaps="mean"),
        "this model does not tell how many ids it knows .*; pass the mean vector at every position instead",
    ),
    "ids beside vectors": (
        lambda: swap(
            sg.LanguageModel(sg.models.language_model.ModelConfig(vocabulary_size=9, embedding_size=3)).eval(),
            [torch.arange(9), torch.randn(9, 3)],
        ),
        "some streams hold ids and others vectors; swap in each kind apart",
    ),
    "replacements of another length": (
        lambda: swap(swaps=torch.randn(19, 3)),
        "swaps has 1 streams and 19 steps in all, the inputs 1 streams and 20 steps; give one replacement per input",
    ),
    "replacements of another size": (
        lambda: swap(swaps=torch.randn(20, 5)),
        r"stream 0 holds floats of shape \(20, 5\); the model reads vectors of shape \(time, 3\)",
    ),
    "NaN in replacements": (lambda: swap(swaps=nan_at(7)), "swaps hold NaN or infinity at step 7 of stream 0"),
    "NaN in inputs": (lambda: swap(inputs=nan_at(19)), "inputs hold NaN or infinity at step 19 of stream 0"),
    "delays longer than the text": (lambda: swap(delays=21), "delay 20 needs a stream of 21 steps; the longest has 20"),
    "too many blocks": (lambda: swap(blocks=21), "blocks is 21 for a text of 20 positions"),
    "an empty sample": (lambda: swap(sample=0), "sample is 0; give at least 1 position, or None for all"),
    "unknown precision": (lambda: swap(precision="float23"), r"unknown precision 'float23': did you mean 'float32'\?"),
    "unknown state": (lambda: swap(state="cel"), r"unknown state 'cel': did you mean 'cell'\?"),
    "whitened gradients": (
        lambda: swap_with(lambda gradients: gradients.whiten(np.random.default_rng(0).normal(size=(50, 3)))),
        "gradients are whitened, and swaps happen in the model's own space; pass the result that whiten was called on",
    ),
    "gradients of another model": (
        lambda: swap_with(lambda gradients: sg.state_gradients(nn.LSTM(3, 4).eval(), torch.randn(20, 3), delays=4, **QUIET)),
        "gradients belong to a model with other weights; compute them on this one",
    ),
    "gradients of another state": (
        lambda: swap_with(state="hidden"),
        r"gradients are those of state \(0, 'cell'\) and the swaps are read in state \(0, 'hidden'\); name the same state",
    ),
    "gradients without the group": (
        lambda: swap_with(groups=np.array(list("ab") * 10)),
        "gradients lack the groups a, b; pass the same groups to both",
    ),
    "gradients without the delays, of another state": (
        lambda: swap_with(state="hidden", taken={"delays": 2}),
        "2 problems with gradients: .*Also: gradients lack the delays 2, 3; ask for the same delays in both",
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_a_refusal_names_the_culprit_and_what_to_do(case, shapes_unchecked):
    attempt, sentence = REFUSALS[case]
    with pytest.raises(sg.InvalidInputError, match=sentence):
        attempt()


def test_exploding_states_are_said_and_not_averaged():
    module = nn.RNN(2, 2, nonlinearity="relu").eval()
    for parameter in module.parameters():
        parameter.data.fill_(1e4)
    with pytest.raises(sg.InvalidInputError, match=r"beyond torch.float32 after a swap, from delay \d+: they explode"):
        swap(module, torch.rand(20, 2), delays=15)
