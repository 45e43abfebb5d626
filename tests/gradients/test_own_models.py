"""Models of one's own: anything with a step, against the closed forms and plain autograd."""

import json

import numpy as np
import pytest
import torch
from torch import nn

import stategrad as sg

QUIET = {"show_progress": False, "precision": "float64"}


class Loop(nn.Module):
    """The step contract over one of PyTorch's single-step cells."""

    def __init__(self, cell, vocabulary=None):
        super().__init__()
        self.cell = cell
        self.embedding = nn.Embedding(vocabulary or 1, cell.input_size, dtype=cell.weight_ih.dtype)
        if vocabulary:
            self.embed = self.embedding.forward

    def init_state(self, batch):
        zeros = torch.zeros(batch, self.cell.hidden_size, dtype=self.cell.weight_ih.dtype)
        return {"hidden": zeros, "cell": zeros} if isinstance(self.cell, nn.LSTMCell) else zeros

    def step(self, x, state):
        if isinstance(self.cell, nn.LSTMCell):
            return dict(zip(("hidden", "cell"), self.cell(x, (state["hidden"], state["cell"])), strict=True))
        return self.cell(x, state)


CELLS = {"lstm": nn.LSTMCell, "gru": nn.GRUCell, "rnn": nn.RNNCell}
STREAMS = [torch.randn(length, 3, dtype=torch.float64) for length in (11, 4, 1)]


@pytest.mark.parametrize("kind", CELLS)
def test_a_loop_over_a_cell_equals_its_closed_form(kind):
    cell = CELLS[kind](3, 5, dtype=torch.float64)
    closed, own = (sg.state_gradients(model, STREAMS, delays=6, blocks=2, **QUIET) for model in (cell, Loop(cell)))
    assert np.abs(closed.mean - own.mean).max() < 1e-12 * np.abs(closed.mean).max()
    assert np.abs(closed.second_moment - own.second_moment).max() < 1e-12 * np.abs(closed.second_moment).max()
    assert closed.count.equals(own.count)


def test_both_states_of_a_loop_come_from_one_pass_and_neither_direction_of_batching_matters():
    model = Loop(nn.LSTMCell(3, 5, dtype=torch.float64))
    both = sg.state_gradients(model, STREAMS, delays=4, blocks=1, state=["cell", "hidden"], **QUIET)
    for chunk_size in (1, 3):
        for name in ("cell", "hidden"):
            one = sg.state_gradients(
                model, STREAMS, delays=4, blocks=1, state=name, execution=sg.Execution(chunk_size=chunk_size), **QUIET
            )
            np.testing.assert_allclose(one.mean, both[0, name].mean, atol=1e-15)


def test_a_single_step_cell_stands_for_the_layer_with_its_weights():
    layer = nn.GRU(3, 5).double()
    cell = nn.GRUCell(3, 5).double()
    cell.load_state_dict({name.removesuffix("_l0"): value for name, value in layer.state_dict().items()})
    one, other = (sg.state_gradients(model, STREAMS, delays=4, blocks=1, **QUIET) for model in (layer, cell))
    np.testing.assert_array_equal(one.mean, other.mean)


def test_a_plain_function_and_a_state_of_several_dimensions():
    gain = torch.randn(3, 2, 4, dtype=torch.float64) / 2

    def step(x, state):
        """Two heads of four units each, which decay at their own rates."""
        rates = torch.tensor([[0.9], [0.5]], dtype=x.dtype)
        return torch.tanh(rates * state + torch.einsum("be,ehu->bhu", x, gain))

    x = STREAMS[0]
    start = torch.randn(1, 2, 4, dtype=torch.float64)
    result = sg.state_gradients(step, x, delays=3, blocks=1, initial_state=start, **QUIET)
    inputs = x.clone().requires_grad_()
    state, expected = start, {delay: [] for delay in range(3)}
    for t in range(len(inputs)):
        state = step(inputs[t][None], state)
        jacobian = torch.stack([torch.autograd.grad(unit, inputs, retain_graph=True)[0] for unit in state.flatten()])
        for delay in range(min(3, t + 1)):
            expected[delay].append(jacobian[:, t - delay].numpy())
    for delay, gradients in expected.items():
        np.testing.assert_allclose(result.mean.sel(group="all", delay=delay), np.mean(gradients, 0), rtol=1e-12, atol=1e-15)


def test_a_model_of_ones_own_reads_ids_through_embed_and_is_left_as_it_is():
    model = Loop(nn.GRUCell(3, 5), vocabulary=7)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    ids = torch.randint(0, 7, (30,))
    result = sg.state_gradients(model, ids, delays=5, **QUIET)
    vectors = sg.state_gradients(model.double().cell, model.embed(ids).detach(), delays=5, **QUIET)
    np.testing.assert_allclose(result.mean, vectors.mean, atol=1e-9)
    assert all(torch.equal(before[name].double(), value) for name, value in model.state_dict().items())
    with pytest.raises(sg.InvalidInputError, match="the model knows ids 0 to 6"):
        sg.state_gradients(model, torch.tensor([1, 7]), delays=1, **QUIET)


def test_a_step_that_is_not_defined_beyond_the_end_of_a_stream_does_no_harm():
    """A last row of zeros stands for what lies beyond the end, where this step divides by zero."""

    def step(x, state):
        return 0.5 * state + x / x.norm(dim=1, keepdim=True) ** 2

    result = sg.state_gradients(step, STREAMS, delays=4, blocks=1, initial_state=torch.zeros(3, 3).double(), **QUIET)
    starts = torch.cat([STREAMS[0][:8], STREAMS[1][:1]])  # the positions with three more steps in their stream
    squared = (starts**2).sum(1)[:, None, None]
    slopes = torch.eye(3) / squared - 2 * starts[:, :, None] * starts[:, None] / squared**2
    np.testing.assert_allclose(result.mean.sel(group="all", delay=3), slopes.mean(0) / 8, rtol=1e-12)


def test_the_forward_direction_of_a_bidirectional_module_is_analysed():
    both = nn.LSTM(3, 5, bidirectional=True, num_layers=2).double()
    forward = nn.LSTM(3, 5).double()
    forward.load_state_dict({name: value for name, value in both.state_dict().items() if name.endswith("_l0")})
    x = STREAMS[0]
    initial = tuple(torch.randn(4, 1, 5, dtype=torch.float64) for _ in "hc")
    result = sg.state_gradients(both, x, state=(0, "cell"), delays=4, blocks=1, initial_state=initial, **QUIET)
    alone = sg.state_gradients(forward, x, delays=4, blocks=1, initial_state=tuple(s[:1] for s in initial), **QUIET)
    np.testing.assert_array_equal(result.mean, alone.mean)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN])
def test_bfloat16_products_stay_near_the_exact_gradients(kind, monkeypatch):
    monkeypatch.setattr("stategrad.gradients.state_gradients.multiplies_bfloat16", lambda device: True)
    module = kind(8, 32, num_layers=2)
    x = torch.randn(300, 8)
    exact, rounded = (
        sg.state_gradients(module, x, delays=8, precision=precision, show_progress=False) for precision in ("float64", "bfloat16")
    )
    error = np.linalg.norm(rounded.mean - exact.mean, axis=(-2, -1)) / np.linalg.norm(exact.mean, axis=(-2, -1))
    assert 1e-6 < error.max() < 0.01


def test_a_processor_without_bfloat16_takes_float32_and_says_so(monkeypatch):
    monkeypatch.setattr("stategrad.gradients.state_gradients.multiplies_bfloat16", lambda device: False)
    module, x = nn.LSTM(4, 5), torch.randn(60, 4)
    with pytest.warns(RuntimeWarning, match="has no products of bfloat16 matrices, .*: precision is float32"):
        asked = sg.state_gradients(module, x, delays=3, precision="bfloat16", show_progress=False)
    plain = sg.state_gradients(module, x, delays=3, precision="float32", show_progress=False)
    np.testing.assert_array_equal(asked.mean, plain.mean)
    assert json.loads(asked.provenance)["settings"]["precision"] == "float32"


def two_states(order, *, in_place=False):
    """A step on states of unequal sizes, which returns them in an order of its own."""
    generator = torch.Generator().manual_seed(4)
    a, b, c = (torch.randn(*shape, generator=generator, dtype=torch.float64) / 2 for shape in ((3, 4), (6, 4), (4, 6)))

    def step(x, state):
        h, m = state["h"], state["m"]
        if in_place:
            new_m = m.mul_(0.9).add_(torch.tanh(h @ c))
            new = {"h": h.copy_(torch.tanh(x @ a + new_m @ b)), "m": new_m}
        else:
            new_m = 0.9 * m + torch.tanh(h @ c)
            new = {"h": torch.tanh(x @ a + new_m @ b), "m": new_m}
        return {name: new[name] for name in order}

    return step


START = {"h": torch.full((3, 4), 0.1, dtype=torch.float64), "m": torch.full((3, 6), -0.2, dtype=torch.float64)}


def test_the_order_of_named_states_does_not_matter():
    backwards = dict(reversed(START.items()))
    for state in ("h", "m"):
        expected, *others = (
            sg.state_gradients(two_states(order), STREAMS, state=state, delays=4, blocks=1, initial_state=start, **QUIET)
            for order, start in (("hm", START), ("mh", START), ("hm", backwards), ("mh", backwards))
        )
        for other in others:
            np.testing.assert_allclose(other.mean, expected.mean, rtol=1e-13, atol=1e-15)
    x, state = STREAMS[0].clone().requires_grad_(), {name: value[:1] for name, value in START.items()}
    one = sg.state_gradients(two_states("mh"), x.detach(), state="m", delays=3, blocks=1, initial_state=state, **QUIET)
    gradients = []
    for t in range(len(x)):
        state = two_states("mh")(x[t][None], state)
        if t >= 2:  # m hears of x_t one step later
            rows = [torch.autograd.grad(unit, x, retain_graph=True)[0] for unit in state["m"][0]]
            gradients.append(torch.stack(rows)[:, t - 2].numpy())
    np.testing.assert_allclose(one.mean.sel(group="all", delay=2), np.mean(gradients, axis=0), rtol=1e-11, atol=1e-15)


def test_a_step_that_works_in_place_gives_the_same_numbers_and_changes_nothing_of_the_users():
    start = {name: value.clone() for name, value in START.items()}
    streams = [stream.clone() for stream in STREAMS]
    options = {"delays": 4, "blocks": 1, "initial_state": start} | QUIET
    for analyse in (sg.state_gradients, sg.swap_memory):
        plain, in_place = (analyse(two_states("hm", in_place=on), streams, state="h", **options) for on in (False, True))
        of = "mean" if analyse is sg.state_gradients else "theta"
        np.testing.assert_allclose(getattr(in_place, of), getattr(plain, of), rtol=1e-13, atol=1e-15)
    assert all(torch.equal(start[name], START[name]) for name in START)
    assert all(torch.equal(stream, before) for stream, before in zip(streams, STREAMS, strict=True))
