"""Workers: the same sums from several processes, and an error of theirs that says what it is."""

import threading
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

import stategrad as sg
from stategrad.execution import processes
from stategrad.execution.shards import shards_of
from stategrad.gradients import engine, stretches
from stategrad.gradients.request import Request
from stategrad.models.language_model import ModelConfig

in_processes = processes.accumulate_in_processes
RAGGED = [90, 7, 41, 3, 60]


def model(kind=nn.LSTM, layers=2):
    return kind(4, 5, layers).eval()


def analyse(module, inputs, workers, **options):
    execution = sg.Execution(workers=workers, **options.pop("execution", {}))
    settings = {"delays": 6, "precision": "float64", "show_progress": False} | options
    return sg.state_gradients(module, inputs, execution=execution, **settings)


def assert_same(a, b):
    for name in ("mean", "block_mean", "second_moment", "block_second_moment"):
        np.testing.assert_allclose(getattr(a, name), getattr(b, name), rtol=1e-12, atol=1e-15)
    for name in ("count", "population", "block_count"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))


def decay(x, state):
    return torch.tanh(x + state / 2)


CASES = {
    "one long stream": lambda: (model(), torch.randn(200, 4), {}),
    "ragged streams": lambda: (model(nn.GRU), [torch.randn(n, 4) for n in RAGGED], {"blocks": 3}),
    "groups": lambda: (model(nn.RNN), torch.randn(150, 4), {"groups": np.array(["a", "b", None] * 50)}),
    "conditions": lambda: (model(), torch.randn(90, 4), {"at": np.arange(90) % 3 == 0, "segments": np.arange(90) // 7}),
    "a sample": lambda: (model(), torch.randn(300, 4), {"sample": 60}),
    "words": lambda: (
        sg.LanguageModel(ModelConfig(vocabulary_size=20, embedding_size=4, hidden_size=5)).eval(),
        torch.randint(20, (120,)),
        {},
    ),
    "a function": lambda: (decay, torch.randn(80, 4), {"initial_state": torch.zeros(1, 4)}),
    "a lambda": lambda: (lambda x, s: s / 2 + x.sin(), torch.randn(80, 4), {"initial_state": torch.zeros(1, 4)}),
}


@pytest.mark.parametrize("case", CASES)
def test_two_workers_agree_with_none(case):
    module, inputs, options = CASES[case]()
    assert_same(analyse(module, inputs, 1, **options), analyse(module, inputs, 2, **options))


def test_a_number_of_workers_repeats_exactly():
    module, x = model(), torch.randn(100, 4)
    first, again = (analyse(module, x, 2) for _ in range(2))
    assert first == again
    np.testing.assert_array_equal(first.block_mean, again.block_mean)


@pytest.fixture
def request_of_shards(monkeypatch):
    """What an analysis asks of the processes."""

    def take(inputs, **options):
        taken = []

        def keep(request: Request, identity, *, show_progress):
            taken.append(request)
            raise InterruptedError

        monkeypatch.setattr(processes, "accumulate_in_processes", keep)
        with pytest.raises(InterruptedError):
            analyse(model(), inputs, 2, **options)
        return taken[0]

    return take


def test_shards_hold_every_position_once_in_parts_of_like_work(request_of_shards):
    request = request_of_shards([torch.randn(n, 4) for n in RAGGED])
    for count in (1, 2, 3, 7, 1000):
        parts = [shard.request.positions.used for shard in shards_of(request, count)]
        np.testing.assert_array_equal(np.concatenate(parts), request.positions.used)
        work = [int(request.positions.remaining[part].clip(max=6).sum()) for part in parts]
        assert len(parts) <= count
        assert max(work) - min(work) <= 12 or count == 1000


@pytest.mark.parametrize("count", [2, 7, 300])
def test_the_sums_of_any_number_of_shards_add_up(request_of_shards, count):
    request = request_of_shards([torch.randn(n, 4) for n in RAGGED], segments=[np.arange(n) // 5 for n in RAGGED], blocks=4)
    whole, total = engine.accumulate(request, {}, lambda positions: None), engine.empty_moments(request)
    for shard in shards_of(request, count):
        sums = engine.accumulate(shard.request, {}, lambda positions: None)
        own = {key: {name: part.numpy() for name, part in one.tensors("").items()} for key, one in sums.items()}
        processes._merge(total, shard, own)
    for key, one in whole.items():
        torch.testing.assert_close(total[key].first, one.first, rtol=1e-12, atol=1e-15)
        torch.testing.assert_close(total[key].second, one.second, rtol=1e-12, atol=1e-15)


def test_a_shard_has_sums_for_its_own_blocks_alone(request_of_shards):
    request = request_of_shards(torch.randn(200, 4))
    first, second = shards_of(request, 2)
    assert first.blocks.tolist() == [0, 1, 2, 3, 4]
    assert first.request.blocks == 5
    assert second.blocks[-1] == 9


def test_a_late_shard_runs_what_lies_before_it_and_linearises_its_own_part(request_of_shards, monkeypatch):
    monkeypatch.setattr(stretches, "BYTES_OF_RECORD", 0)
    request = request_of_shards(torch.randn(1500, 4), delays=3)
    linearised = []
    linearise = type(request.network).linearise

    def counting(self, inputs, initial):
        linearised.append(inputs.shape[1])
        return linearise(self, inputs, initial)

    monkeypatch.setattr(type(request.network), "linearise", counting)
    last = shards_of(request, 5)[-1].request
    engine.accumulate(last, {}, lambda positions: None)
    assert len(last.positions.used) <= sum(linearised) <= len(last.positions.used) + 3 * len(linearised)


def test_the_progress_bar_follows_the_pieces(capsys):
    analyse(model(), torch.randn(100, 4), 2, show_progress=True)
    assert "100/100" in capsys.readouterr().err


def test_what_was_interrupted_goes_on_from_the_checkpoints_of_its_workers(tmp_path, monkeypatch):
    sums = tmp_path / "sums"
    module, x = nn.RNN(2, 3), torch.randn(1000, 2)

    def go_on(workers, **execution):
        return analyse(module, x, workers, delays=3, execution={"chunk_size": 1} | execution)

    def interrupted(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(processes, "_merge", interrupted)
        with pytest.raises(KeyboardInterrupt):
            go_on(2, checkpoint_path=sums)
    assert sums.is_file()
    with pytest.raises(sg.ForeignOutputError, match=r"was made with .*workers = 2, not 1.*: give another checkpoint_path"):
        go_on(1, checkpoint_path=sums)
    assert_same(go_on(2, checkpoint_path=sums), go_on(1))
    assert not list(tmp_path.glob("sums*"))


def test_a_worker_raises_its_own_error():
    x = torch.randn(100, 4)
    x[80, 2] = torch.nan
    with pytest.raises(sg.InvalidInputError, match="NaN or infinity at step 80 of stream 0"):
        analyse(model(), x, 2)


def test_what_cannot_be_copied_is_refused():
    lock = threading.Lock()

    def locked(x, state):
        with lock:
            return decay(x, state)

    with pytest.raises(sg.InvalidInputError, match="cannot be copied to another process, such as an open file, a lock or a gen"):
        analyse(locked, torch.randn(100, 4), 2, initial_state=torch.zeros(1, 4))


def test_a_killed_worker_is_named():
    def dying(x, state):
        import os

        if state.max() > 3:
            os._exit(1)
        return state + 0.1

    with pytest.raises(sg.StategradError, match=r"ended before its part was done .*; where memory ran out ask for fewer workers"):
        analyse(dying, torch.randn(100, 4), 2, initial_state=torch.zeros(1, 4))


def test_refusals():
    with pytest.raises(sg.InvalidInputError, match="workers is 0; give at least 1"):
        sg.Execution(workers=0)
    with pytest.raises(sg.InvalidInputError, match="workers goes with keep='mean'; with keep='spectrum' leave it out, or analyse"):
        analyse(model(), torch.randn(20, 4), 2, keep="spectrum", groups=["a", "b"] * 10)
    with pytest.raises(sg.InvalidInputError, match=r"× 100,000 blocks × 6 delays, once in the workers and once in all, take"):
        analyse(nn.LSTM(1000, 1000), torch.zeros(100_000, 1000), 2, blocks=np.arange(100_000))


def test_an_accelerator_is_refused(request_of_shards):
    request = request_of_shards(torch.randn(20, 4))
    elsewhere = replace(request, network=replace(request.network, device=torch.device("meta")))
    with pytest.raises(sg.InvalidInputError, match="workers are for processors and the model lies on meta; leave workers out"):
        in_processes(elsewhere, {}, show_progress=False)
