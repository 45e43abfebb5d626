"""Every sentence with which the analysis refuses what it cannot do."""

import numpy as np
import pytest
import torch
from torch import nn

import stategrad as sg
from gradients.test_own_models import Loop


def analyse(model=None, inputs=None, **options):
    model = nn.LSTM(3, 4).eval() if model is None else model
    inputs = torch.randn(20, 3) if inputs is None else inputs
    return sg.state_gradients(model, inputs, **{"delays": 4, "show_progress": False} | options)


def dropping(p):
    return nn.LSTM(3, 4, num_layers=2, dropout=p)


def with_nan(name):
    model = nn.LSTM(3, 4).eval()
    getattr(model, name).data[1, 1] = float("nan")
    return model


class Leaky(nn.Module):
    """A model of one's own, with faults on order."""

    def __init__(self, start=(2, 4), after=(2, 4)):
        super().__init__()
        self.shapes = start, after

    def init_state(self, batch):
        return torch.zeros(batch, *self.shapes[0][1:])

    def step(self, x, state):
        return state.new_zeros(len(state), *self.shapes[1][1:])


class Tupled(Leaky):
    def init_state(self, batch):
        return torch.zeros(batch, 4), torch.zeros(batch, 4)


REFUSALS = {
    "active dropout": (
        lambda: analyse(dropping(0.5).train()),
        r"dropout is active: between the layers of the model \(p = 0.5\); call model.eval\(\)",
    ),
    "NaN in weights": (
        lambda: analyse(with_nan("weight_hh_l0")),
        "weight weight_hh_l0 has 1 of 64 values that are NaN or infinite; load or train the model again",
    ),
    "two faults at once": (
        lambda: analyse(nn.ModuleDict({"recurrent": with_nan("weight_hh_l0"), "drop": nn.Dropout(0.1)}).train()),
        r"2 problems with the model: dropout is active: drop \(p = 0.1\).*Also: weight recurrent.weight_hh_l0 has 1 of 64 values",
    ),
    "a layer above two directions": (
        lambda: analyse(nn.LSTM(3, 4, num_layers=2, bidirectional=True)),
        r"layer 1 of a bidirectional module reads the backward direction .*; the forward direction .* state=\(0, 'cell'\)",
    ),
    "a state that reads backwards": (
        lambda: analyse(nn.LSTM(3, 4, bidirectional=True), state="cell_reverse"),
        "state 'cell_reverse' is that of the backward direction, which reads what .* the forward direction's is 'cell'",
    ),
    "another model": (
        lambda: analyse(nn.Linear(3, 4)),
        r"model is a Linear; state gradients are computed for nn.LSTM, nn.GRU, nn.RNN",
    ),
    "a step that changes shapes": (
        lambda: analyse(Leaky(after=(2, 5))),
        r"step returns a state of shapes \{'hidden': \(2, 5\)\} for one of \{'hidden': \(2, 4\)\}; it must keep names and shapes",
    ),
    "a step that fails": (
        lambda: analyse(lambda x, h: x @ torch.zeros(7, 7), initial_state=torch.zeros(1, 4)),
        r"step failed on an input of shape \(1, 3\) and type torch.float32: mat1 and mat2 shapes cannot be multiplied",
    ),
    "a step of another form": (
        lambda: analyse(lambda x: x, initial_state=torch.zeros(1, 4)),
        r"step failed on an input of shape \(1, 3\) and type torch.float32: .*takes 1 positional argument but 2 were given",
    ),
    "a checkpoint of a function": (
        lambda: analyse(lambda x, h: h, initial_state=torch.zeros(1, 4), execution=sg.Execution(checkpoint_path="x")),
        "a checkpoint cannot tell one step function from another; leave checkpoint_path out, or pass a torch.nn.Module",
    ),
    "a state without names": (
        lambda: analyse(Tupled()),
        r"the state is a tuple; give one tensor, or a dict that names each: \{'hidden': h, 'cell': c\}",
    ),
    "a state without units": (
        lambda: analyse(Leaky(start=(2,))),
        r"state 'hidden' has shape \(2,\); expected \(batch, units\)",
    ),
    "a function without a state to start from": (
        lambda: analyse(lambda x, h: h),
        "a step function has no state to start from; pass initial_state",
    ),
    "ids for a model of one's own that reads vectors": (
        lambda: analyse(Leaky(), inputs=torch.arange(20)),
        r"inputs are ids and the model has no embed\(ids\); pass vectors",
    ),
    "initial states for another number of streams": (
        lambda: analyse(lambda x, h: h, initial_state=torch.zeros(3, 4)),
        "the initial state has 3 rows for 1 streams",
    ),
    "initial states of another shape": (
        lambda: analyse(Leaky(), initial_state=torch.zeros(1, 9)),
        r"a state has shapes \{'hidden': \(9,\)\} behind the batch; the model's are \{'hidden': \(4,\)\}",
    ),
    "unknown state": (
        lambda: analyse(state="cel"),
        r"unknown state 'cel': did you mean 'cell'\? \(choices: hidden, cell\)",
    ),
    "a cell state of a GRU": (
        lambda: analyse(nn.GRU(3, 4).eval(), state="cell"),
        "unknown state 'cell': choices: hidden",
    ),
    "a layer too many": (lambda: analyse(state=(1, "cell")), "state names layer 1 and the model has 1, counted from 0"),
    "vectors of another size": (
        lambda: analyse(inputs=torch.randn(20, 5)),
        r"stream 0 holds floats of shape \(20, 5\); the model reads vectors of shape \(time, 3\)\.$",
    ),
    "ids without embeddings": (
        lambda: analyse(inputs=torch.arange(20)),
        "stream 0 holds integers and the model has no embeddings",
    ),
    "NaN in inputs": (
        lambda: analyse(inputs=torch.randn(20, 3).index_fill(0, torch.tensor(7), float("nan"))),
        "inputs hold NaN or infinity at step 7 of stream 0",
    ),
    "no step": (
        lambda: analyse(inputs=torch.zeros(0, 3)),
        "inputs hold 1 of 1 streams without a step; give at least one step each",
    ),
    "delays longer than the text": (
        lambda: analyse(delays=21),
        "delay 20 needs a stream of 21 steps; the longest has 20",
    ),
    "a number of delays in quotes": (lambda: analyse(delays="5"), "delays is '5'; give a whole number, or a list of them"),
    "blocks in quotes": (lambda: analyse(blocks="10"), "blocks is '10'; give a whole number, or a block number per position"),
    "half a block": (lambda: analyse(blocks=2.5), "blocks is 2.5; give a whole number, or a block number per position"),
    "a corpus with all its parts": (
        lambda: analyse(inputs=sg.load_corpus(sg.CorpusConfig(name="synthetic", tokens=2000))),
        r"inputs are a whole corpus in its parts \(Splits\); give one of them, such as corpus.valid",
    ),
    "floats for a model that reads ids": (
        lambda: analyse(Loop(nn.GRUCell(3, 4), vocabulary=5), inputs=torch.ones(20)),
        r"stream 0 holds floats of shape \(20,\); .* of shape \(time, 3\), or ids, whole numbers of shape \(time,\)",
    ),
    "an execution that is none": (lambda: analyse(execution="fast"), r"execution is 'fast'; give sg.Execution\(…\)"),
    "workers in words": (lambda: sg.Execution(workers="two"), "workers is 'two'; give a whole number"),
    "faults of settings": (
        lambda: analyse(precision="half", keep="means"),
        "2 problems with the analysis: unknown precision 'half': .* Also: unknown value of keep 'means'",
    ),
    "faults of every part": (
        lambda: analyse(delays=-1, state="cel", blocks=0, at=[1, 2], groups={"a": [True]}, where=[True]),
        r"6 problems with the analysis: unknown state 'cel'.* Also: delays is -1.* Also: blocks is 0.* Also: at has lengths 2; .*"
        r"Also: the mask of group 'a' has lengths 1; .*Also: where has lengths 1",
    ),
    "a step that cuts its derivative": (
        lambda: analyse(lambda x, h: (x.sum(1, keepdim=True) + h).detach(), initial_state=torch.zeros(1, 4)),
        r"step depends on its input, but its derivative by the input is zero; leave out what cuts it, such as detach\(\)",
    ),
    "a step that forgets by detaching": (
        lambda: analyse(lambda x, h: x.sum(1, keepdim=True) + h.detach(), initial_state=torch.zeros(1, 4)),
        r"step depends on its state, but its derivative by the state is zero",
    ),
    "a step in numpy": (
        lambda: analyse(
            lambda x, h: h + torch.from_numpy(x.detach().numpy()).sum(1, keepdim=True), initial_state=torch.zeros(1, 4)
        ),
        r"step has no derivative that PyTorch can take \(.*\); write it in operations on whole tensors, without numpy",
    ),
    "a step that mixes streams": (
        lambda: analyse(lambda x, h: 0.5 * h + x.mean(), initial_state=torch.zeros(1, 4)),
        "step gives a row of a batch another state than the same row alone; rows are independent streams",
    ),
    "a statistic that is no function": (lambda: analyse().estimate(3), "the statistic is 3; give a function of a mean gradient"),
    "a direction in words": (lambda: analyse().track("number", n=1), "the direction is 'number'; give a property, .* or a vector"),
    "one result to merge": (
        lambda: sg.StateGradients.merge(analyse()),
        "received one StateGradients; give a list of results",
    ),
    "half a delay": (lambda: analyse(delays=[0, 0.5]), r"delays is \[0, 0.5\]; give a whole number, or a list of them"),
    "delays that are a truth value": (lambda: analyse(delays=True), "delays is True; give a whole number, or a list of them"),
    "inputs that are words": (lambda: analyse(inputs=["a", "b"]), "inputs hold a str; give ids, or vectors of numbers"),
    "inputs that are nothing": (lambda: analyse(inputs=[None]), "inputs hold a NoneType; give ids, or vectors of numbers"),
    "complex inputs": (lambda: analyse(inputs=torch.zeros(9, 3) * 1j), "inputs hold a torch.complex64; give ids, or vectors of"),
    "no stream": (lambda: analyse(inputs=[]), "inputs hold no stream; give at least one step each"),
    "swaps that are nothing": (
        lambda: sg.swap_memory(nn.LSTM(3, 4).eval(), torch.randn(20, 3), delays=4, swaps=None),
        "swaps hold a NoneType; give ids, or vectors of numbers",
    ),
    "a state's name before its layer": (
        lambda: analyse(state=("cell", 0)),
        r"state is \('cell', 0\); give a name, or \(layer, name\), such as \(0, 'cell'\)",
    ),
    "no state": (lambda: analyse(state=[]), "state is an empty list; name at least one state, or leave state out"),
    "a step that drops": (
        lambda: analyse(lambda x, h: nn.functional.dropout(x.sum(1, keepdim=True) + h, 0.5), initial_state=torch.zeros(1, 400)),
        "step gives two states for one input and one state; switch off its dropout or other noise",
    ),
    "segments that are not known": (
        lambda: analyse(segments=[None] * 3 + [1] * 17),
        r"segments has no value \(None or NaN\) at 3 of 20 positions; give one for each",
    ),
    "a block that is NaN": (
        lambda: analyse(blocks=np.array([np.nan] + [1.0] * 19)),
        r"blocks has no value \(None or NaN\) at 1 of 20 positions; give one for each",
    ),
    "a group that is not there": (
        lambda: analyse().sel(group="al"),
        r"unknown group 'al': did you mean 'all'\? \(choices: all\)",
    ),
    "a delay that is not there": (lambda: analyse().sel(delay=[0, 7]), "unknown delay '7': choices: 0, 1, 2, 3"),
    "no delays": (lambda: analyse(delays=0), "delays is 0; give a count of at least 1, or a list of delays"),
    "the same delay twice": (lambda: analyse(delays=[1, 1]), "delays are .*; give each once, from 0 upwards"),
    "a group called all": (
        lambda: analyse(groups=np.array(["all"] * 20)),
        "groups use the label 'all', which always stands for every position",
    ),
    "an empty group": (
        lambda: analyse(groups={"x": np.zeros(20, bool)}),
        "groups without a position: x; leave them out",
    ),
    "labels of another length": (
        lambda: analyse(groups=np.array(list("ab"))),
        "groups has lengths 2; the streams have 20",
    ),
    "a mask of another length": (lambda: analyse(at=np.ones(19, bool)), "at has lengths 19; the streams have 20"),
    "a selection of no step": (lambda: analyse(at=np.zeros(20, bool)), "at selects no step; give a mask or labels that select"),
    "segments of another length": (lambda: analyse(segments=np.ones(19)), "segments has lengths 19; the streams have 20"),
    "windows without a position": (lambda: sg.Execution(chunk_size=0), "chunk_size is 0; give at least 1"),
    "checkpoints in the past": (lambda: sg.Execution(checkpoint_minutes=-1.0), "checkpoint_minutes is -1.0; give 0 or more"),
    "too many blocks": (
        lambda: analyse(blocks=21),
        "blocks is 21 for a text of 20 positions; give a number from 1 to 20",
    ),
    "an empty sample": (lambda: analyse(sample=0), "sample is 0; give at least 1 position, or None for all"),
    "unknown precision": (
        lambda: analyse(precision="float23"),
        r"unknown precision 'float23': did you mean 'float32'\?",
    ),
    "an initial state that does not fit": (
        lambda: analyse(initial_state=torch.zeros(1, 1, 4)),
        r"initial_state has shapes \[\(1, 1, 4\)\]; this model takes 2 of .*, in the order hidden, cell",
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_a_refusal_names_the_culprit_and_what_to_do(case, shapes_unchecked):
    attempt, sentence = REFUSALS[case]
    with pytest.raises(sg.InvalidInputError, match=sentence):
        attempt()


def test_numbers_of_numpy_are_numbers(shapes_unchecked):
    model, x = nn.LSTM(3, 4).eval(), torch.randn(20, 3)
    start = torch.randn(1, 1, 4), torch.randn(1, 1, 4)
    plain = analyse(model, x, delays=4, blocks=2, initial_state=start)
    same = analyse(model, x.numpy(), delays=np.int64(4), blocks=np.int64(2), initial_state=[part.numpy() for part in start])
    np.testing.assert_array_equal(plain.mean, same.mean)


def test_dropout_that_is_switched_off_or_zero_is_no_reason_to_refuse():
    analyse(dropping(0.5).eval())
    analyse(dropping(0.0).train())


def test_exploding_gradients_are_said_and_not_averaged():
    module = nn.RNN(2, 2, nonlinearity="relu").eval()
    for parameter in module.parameters():
        parameter.data.fill_(1e4)
    with pytest.warns(RuntimeWarning, match=r"gradients explode: .* from delay \d+ \(group 'all'\); those means are NaN. Ask"):
        result = analyse(module, torch.rand(20, 2), delays=15)
    memory = result.memory().sel(group="all")
    known = memory["sigma_1"].notnull().values
    assert known[0]
    assert not known[-1]
    assert (np.diff(known.astype(int)) <= 0).all()
    for name in ("rms", "energy_share", "sigma_1_floor", "selectivity", "effective_rank"):
        assert memory[name].isnull().values[~known].all(), name
    assert np.isnan(result.track(np.ones(2), 1)["relative_memory"].values[0, -1])
