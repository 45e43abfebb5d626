"""Swaps and pushes whose states are compared at chosen steps alone."""

import numpy as np
import pytest
from torch import nn

import stategrad as sg
from swaps.test_against_rerun import DELAYS, LENGTHS, labels_and_blocks, module_of, naive_changes, text
from swaps.test_pushes import naive_responses


@pytest.fixture
def steps():
    at = np.random.default_rng(1).random(sum(LENGTHS)) < 0.4
    return at, np.split(at, np.cumsum(LENGTHS)[:-1])


def test_theta_and_validity_are_of_the_steps_that_are_read(steps):
    at, parts = steps
    module = module_of(nn.LSTM, {})
    streams, replacements = text()
    labels, _, groups, _ = labels_and_blocks()
    same = {"delays": DELAYS, "groups": groups, "at": parts, "precision": "float64", "show_progress": False}
    gradients = sg.state_gradients(module, streams, **same)
    result = sg.swap_memory(module, streams, swaps=replacements, sample=None, gradients=gradients, **same)
    cause = np.concatenate(replacements) - np.concatenate(streams)
    moved = {(p, d): change for (p, d), change in naive_changes(module, streams, replacements, (0, "cell")).items() if at[p + d]}
    for group in ("all", "a", "b"):
        for delay in range(DELAYS):
            changes = {p: change for (p, d), change in moved.items() if d == delay and group in ("all", labels[p])}
            here = {"group": group, "delay": delay}
            assert int(result.count.sel(here)) == len(changes) > 0
            assert float(result.theta.sel(here)) == pytest.approx(np.mean([np.linalg.norm(one) for one in changes.values()]))
            mean = gradients.mean.sel(here).values
            left = sum(np.sum((change - mean @ cause[p]) ** 2) for p, change in changes.items())
            whole = sum(np.sum(change**2) for change in changes.values())
            assert float(result.validity.sel(here)) == pytest.approx(1 - left / whole)


def test_pushes_are_of_the_steps_that_are_read(steps):
    at, parts = steps
    module, (streams, _), push = module_of(nn.LSTM, {}), text(), np.array([0.5, -1.0, 0.2])
    labels, _, groups, _ = labels_and_blocks()
    same = {"delays": [0, 1, 3], "groups": groups, "at": parts, "precision": "float64", "show_progress": False}
    gradients = sg.state_gradients(module, streams, **same)
    result = sg.push_states(
        module, streams, {"d": push}, gradients=gradients, sizes=[1.0], unit=np.linalg.norm(push), sample=None, **same
    )
    moved = {(p, d): parts for (p, d), parts in naive_responses(module, streams, push, (0, "cell"), [0, 1, 3]).items() if at[p + d]}
    for group in ("all", "a", "b"):
        for delay in (0, 1, 3):
            here = {"group": group, "delay": delay}
            cases = [parts for (p, d), parts in moved.items() if d == delay and group in ("all", labels[p])]
            signed = np.array([[plus, -minus] for plus, minus, _ in cases])
            square, predicted = (signed**2).sum(-1).mean(), gradients.mean.sel(here).values @ push
            left = ((signed - np.array([own for _, _, own in cases])[:, None]) ** 2).sum(-1).mean()
            effects = result.effects().sel(here | {"direction": "d", "size": 1.0})
            assert int(result.count.sel(here)) == len(cases) > 0
            assert float(effects["rms"]) == pytest.approx(np.sqrt(square))
            assert float(effects["own_explained"]) == pytest.approx(1 - left / square)
            assert float(effects["explained"]) == pytest.approx(1 - ((signed - predicted) ** 2).sum(-1).mean() / square)


def test_gradients_of_other_steps_are_refused(steps):
    module, (streams, replacements) = module_of(nn.GRU, {}), text()
    same = {"delays": 2, "precision": "float64", "show_progress": False}
    everywhere, there = (sg.state_gradients(module, streams, **same, **some) for some in ({}, {"at": steps[1]}))
    for measure in (
        lambda **options: sg.swap_memory(module, streams, swaps=replacements, **same, **options),
        lambda **options: sg.push_states(module, streams, {"d": np.ones(3)}, **same, **options),
    ):
        with pytest.raises(sg.InvalidInputError, match=r"are of states at some steps \(at\), and the effects of states at all;"):
            measure(gradients=there)
        with pytest.raises(sg.InvalidInputError, match=r"of states at all steps, and the effects of states at some \(at\);"):
            measure(gradients=everywhere, at=steps[1])


def test_every_step_is_what_no_condition_is():
    module = module_of(nn.GRU, {})
    streams, replacements = text()
    same = {"delays": DELAYS, "swaps": replacements, "sample": None, "show_progress": False}
    everywhere = [np.ones(length, bool) for length in LENGTHS]
    np.testing.assert_array_equal(
        sg.swap_memory(module, streams, at=everywhere, **same).theta, sg.swap_memory(module, streams, **same).theta
    )


def test_a_delay_at_which_no_step_is_read_has_no_value_and_divergence_still_goes():
    model = sg.LanguageModel(sg.models.language_model.ModelConfig(vocabulary_size=9, embedding_size=3, hidden_size=4)).eval()
    ids = np.arange(30) % 9
    at = np.zeros(30, bool)
    at[5:20] = True
    where = np.zeros(30, bool)
    where[[2, 3]] = True
    result = sg.swap_memory(model, ids, at=at, where=where, delays=5, divergence=True, show_progress=False)
    assert result.count.sel(group="all").values.tolist() == [0, 0, 1, 2, 2]
    assert np.isnan(result.theta.sel(group="all").values).tolist() == [True, True, False, False, False]
    assert np.isfinite(result.divergence.sel(group="all").values[2:]).all()


def test_labels_of_steps_are_refused():
    with pytest.raises(sg.InvalidInputError, match="at has labels, and swaps know one set of steps; pass a boolean mask"):
        sg.swap_memory(module_of(nn.GRU, {}), text()[0], at=[["v"] * n for n in LENGTHS], delays=2, show_progress=False)
