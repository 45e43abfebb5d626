"""What each unit remembers, beside its own gate."""

import numpy as np
import pytest
import torch
from torch import nn

import stategrad as sg
from planted import result_of_blocks

OPTIONS = {"precision": "float64", "show_progress": False}


def leaky(keep):
    """A linear state whose units each keep a part of themselves, and read every input."""
    weights = torch.randn(3, len(keep), dtype=torch.float64)
    return lambda x, state: {"a": torch.tensor(keep, dtype=torch.float64) * state["a"] + x @ weights}


def test_units_that_keep_a_part_of_themselves_forget_at_their_own_rate():
    keep = [0.3, 0.6, 0.9]
    result = sg.state_gradients(
        leaky(keep), torch.randn(300, 3, dtype=torch.float64), delays=30, initial_state={"a": torch.zeros(1, 3)}, **OPTIONS
    )
    memory = result.unit_memory().sel(group="all")
    relative = memory["row_norm"] / memory["row_norm"].sel(delay=0)
    np.testing.assert_allclose(relative, np.array(keep) ** np.arange(30)[:, None], rtol=1e-9)
    np.testing.assert_allclose(memory["row_norm"], memory["row_norm_debiased"], rtol=1e-9)
    np.testing.assert_allclose(memory["horizon"], -1 / np.log(keep), atol=0.12)  # linear between delays
    assert "time_constant" not in memory


def test_an_lstm_without_recurrent_weights_forgets_as_its_gates_say():
    torch.manual_seed(0)
    module = nn.LSTM(3, 5).double()
    module.weight_hh_l0.data.zero_()
    module.weight_ih_l0.data[5:10] = 0  # its forget gates do not move
    module.bias_ih_l0.data[5:10] = torch.linspace(-1, 3, 5)
    x = torch.randn(400, 3, dtype=torch.float64)
    result = sg.state_gradients(module, x, delays=25, **OPTIONS)
    memory = result.unit_memory(sg.describe_states(module, x, precision="float64")).sel(group="all")
    gates = np.exp(-1 / memory["time_constant"].values)
    np.testing.assert_allclose(gates, torch.sigmoid(module.bias_ih_l0.data[5:10] + module.bias_hh_l0.data[5:10]), rtol=1e-6)
    relative = memory["row_norm_debiased"] / memory["row_norm_debiased"].sel(delay=0)
    np.testing.assert_allclose(relative[:5], gates ** np.arange(5)[:, None], rtol=0.25)
    order = np.argsort(memory["time_constant"].values)
    reached = memory["horizon"].values[order]
    assert (np.diff(reached[np.isfinite(reached)]) > 0).all()


def test_noise_is_taken_out_of_a_unit_that_remembers_nothing():
    generator = np.random.default_rng(0)
    signal = np.array([2.0, 0.0])[:, None] * np.ones((2, 4))
    found = [
        result_of_blocks((signal + generator.standard_normal((10, 1, 2, 4)))[None]).unit_memory().squeeze() for _ in range(200)
    ]
    plain, squares = (np.mean([one[name] for one in found], axis=0) for name in ("row_norm", "row_norm_debiased"))
    energy = np.mean([np.sign(one["row_norm_debiased"]) * one["row_norm_debiased"] ** 2 for one in found], axis=0)
    assert plain[1] > 0.5
    assert abs(energy[1]) < 0.1
    assert energy[0] == pytest.approx(16, rel=0.02)
    assert squares[1] < plain[1]


def test_statistics_of_another_state_are_refused():
    module, x = nn.LSTM(3, 5), torch.randn(60, 3)
    result = sg.state_gradients(module, x, delays=[1, 2], show_progress=False)
    assert "horizon" not in result.unit_memory()
    with pytest.raises(sg.InvalidInputError, match="the statistics are of the hidden state of layer 0 with 5 units"):
        result.unit_memory(sg.describe_states(module, x, state="hidden"))


def test_statistics_of_another_model_are_refused():
    torch.manual_seed(0)
    module, x = nn.LSTM(3, 5), torch.randn(60, 3)
    result = sg.state_gradients(module, x, delays=3, show_progress=False)
    with pytest.raises(sg.InvalidInputError, match="the statistics are of a model with other weights than the gradients"):
        result.unit_memory(sg.describe_states(nn.LSTM(3, 5), x))


def test_the_repr_of_statistics_tells_what_is_inside():
    shown = repr(sg.describe_states(nn.LSTM(3, 5), torch.randn(60, 3)))
    assert shown.startswith("StateStatistics of the cell state, layer 0\n  units      5\n  steps      60\n  sd  ")
    assert shown.endswith(" steps")
    assert "T_j" not in repr(sg.describe_states(nn.RNN(3, 5), torch.randn(60, 3)))
