from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from stategrad.errors import ForeignOutputError, MissingInputError
from stategrad.models.language_model import LanguageModel, ModelConfig
from stategrad.models.training import TrainingConfig, TrainingHistory, train

CONFIG = TrainingConfig(epochs=2, learning_rate=0.5, constant_epochs=1, batch_size=4, steps=5, checkpoint_minutes=0.0)
UPDATES = 8  # in an epoch of 160 words


def text(length: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 50, length)


def model(cell: str = "lstm", layers: int = 1, seed: int = 0) -> LanguageModel:
    config = ModelConfig(vocabulary_size=50, cell=cell, embedding_size=5, hidden_size=8, layers=layers, init_range=0.5)  # type: ignore[arg-type]
    return LanguageModel(config, seed=seed)


def run(learner: LanguageModel, config: TrainingConfig, path: Path | None = None, **options: bool) -> TrainingHistory:
    return train(learner, [text(164)], [text(30, seed=1)], config, checkpoint_path=path, show_progress=False, **options)


def stop_after(learner: LanguageModel, updates: int, stop: Callable[[], None]) -> None:
    """Call `stop` in the middle of the update after so many."""
    count = 0

    def hook(*_: object) -> None:
        nonlocal count
        count += learner.training
        if count > updates:
            stop()

    learner.recurrent.register_forward_hook(hook)


def once(f: Callable[[], None]) -> Callable[[], None]:
    calls: list[None] = []

    def called() -> None:
        if not calls:
            calls.append(None)
            f()

    return called


def interrupt() -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("updates", [1, UPDATES - 1, UPDATES, UPDATES + 3])
@pytest.mark.parametrize(
    ("cell", "layers", "changes"),
    [
        ("lstm", 1, {}),
        ("lstm", 2, {"optimizer": "adam", "schedule": "linear", "learning_rate": 0.01}),
        ("gru", 1, {"precision": "bfloat16"}),
        ("rnn", 1, {}),
    ],
)
def test_an_interrupted_run_ends_where_an_uninterrupted_one_does(
    tmp_path: Path, updates: int, cell: str, layers: int, changes: dict[str, object]
) -> None:
    config = replace(CONFIG, **changes)  # type: ignore[arg-type]
    whole = model(cell, layers)
    expected = run(whole, config)

    path = tmp_path / "training.safetensors"
    killed = model(cell, layers)
    stop_after(killed, updates, interrupt)
    with pytest.raises(KeyboardInterrupt):
        run(killed, config, path)
    resumed = model(cell, layers, seed=99)
    history = run(resumed, config, path)

    for (name, a), b in zip(resumed.state_dict().items(), whole.state_dict().values(), strict=True):
        assert torch.equal(a, b), name
    drop_times = [replace(epoch, seconds=0.0) for epoch in history.epochs]
    assert drop_times == [replace(epoch, seconds=0.0) for epoch in expected.epochs]


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
import test_training_state as here
learner = here.model()
here.stop_after(learner, 11, lambda: os.kill(os.getpid(), signal.SIGKILL))
here.run(learner, here.CONFIG, Path(sys.argv[1]))
"""


def test_a_killed_process_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "training.safetensors"
    command = [sys.executable, "-c", KILLED, str(path), str(Path(__file__).parent)]
    killed = subprocess.run(command, check=False, env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)})
    assert killed.returncode == -signal.SIGKILL
    resumed, whole = model(seed=99), model()
    run(resumed, CONFIG, path)
    run(whole, CONFIG)
    assert all(torch.equal(a, b) for a, b in zip(resumed.parameters(), whole.parameters(), strict=True))


@pytest.fixture
def own_handler() -> Iterator[None]:
    """Ctrl-C as Python handles it, also where the tests run in the background, which ignores it."""
    if threading.current_thread() is not threading.main_thread():
        pytest.skip("the main thread alone handles signals")
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("own_handler")
def test_ctrl_c_keeps_the_update_that_it_falls_into(tmp_path: Path) -> None:
    whole = model()
    expected = run(whole, CONFIG)
    path, seldom = tmp_path / "training.safetensors", replace(CONFIG, checkpoint_minutes=60.0)
    stopped = model()
    stop_after(stopped, UPDATES - 3, once(lambda: signal.raise_signal(signal.SIGINT)))
    with pytest.raises(KeyboardInterrupt):
        run(stopped, seldom, path)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    resumed, updates = model(), []
    resumed.recurrent.register_forward_hook(lambda *_: updates.append(resumed.training))
    history = run(resumed, seldom, path)
    assert sum(updates) == UPDATES + 2
    assert [epoch.valid_perplexity for epoch in history.epochs] == [epoch.valid_perplexity for epoch in expected.epochs]
    assert all(torch.equal(a, b) for a, b in zip(whole.parameters(), resumed.parameters(), strict=True))


@pytest.mark.usefixtures("own_handler")
def test_a_second_ctrl_c_stops_at_once(tmp_path: Path) -> None:
    stopped = model()
    stop_after(stopped, 2, lambda: [signal.raise_signal(signal.SIGINT) for _ in range(2)])
    with pytest.raises(KeyboardInterrupt):
        run(stopped, replace(CONFIG, checkpoint_minutes=60.0), tmp_path / "training.safetensors")
    assert not (tmp_path / "training.safetensors").exists()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_finished_run_is_not_run_again(tmp_path: Path) -> None:
    path = tmp_path / "training.safetensors"
    first = run(model(), CONFIG, path)
    again = model(seed=99)
    stop_after(again, 0, interrupt)
    assert run(again, CONFIG, path) == first


def test_resume_false_starts_over(tmp_path: Path) -> None:
    path = tmp_path / "training.safetensors"
    run(model(), CONFIG, path)
    other = replace(CONFIG, learning_rate=0.1)
    again, fresh = model(), model()
    run(again, other, path, resume=False)
    run(fresh, other)
    assert torch.equal(again.decoder.weight, fresh.decoder.weight)
    run(model(), other, path)


def test_between_checkpoints_nothing_is_written(tmp_path: Path) -> None:
    path = tmp_path / "training.safetensors"
    seldom = replace(CONFIG, checkpoint_minutes=60.0)
    learner = model()
    stop_after(learner, UPDATES - 1, interrupt)
    with pytest.raises(KeyboardInterrupt):
        run(learner, seldom, path)
    assert not path.exists()
    run(model(), seldom, path)
    assert [file.name for file in tmp_path.iterdir()] == ["training.safetensors"]


def test_texts_that_may_not_be_written_to_are_read_without_a_warning(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    words = text(164)
    words.flags.writeable = False
    train(model(), [words], [words], CONFIG, checkpoint_path=tmp_path / "t.safetensors", show_progress=False)
    assert not recwarn.list


def test_how_often_checkpoints_are_written_may_change(tmp_path: Path) -> None:
    path = tmp_path / "training.safetensors"
    run(model(), CONFIG, path)
    run(model(), replace(CONFIG, checkpoint_minutes=9.0), path)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (
            {"learning_rate": 0.25},
            r"made with learning_rate = 0.5, not 0.25: give another checkpoint_path, or pass resume=F",
        ),
        ({"epochs": 3, "seed": 4}, "made with epochs = 2, not 3; seed = 0, not 4: give"),
        ({"optimizer": "adam"}, "optimizer = 'sgd', not 'adam'"),
    ],
)
def test_a_checkpoint_of_other_settings_is_refused(tmp_path: Path, change: dict[str, object], named: str) -> None:
    path = tmp_path / "training.safetensors"
    run(model(), CONFIG, path)
    before = path.read_bytes()
    with pytest.raises(ForeignOutputError, match=named):
        run(model(), replace(CONFIG, **change), path)  # type: ignore[arg-type]
    assert path.read_bytes() == before


def test_a_checkpoint_of_another_model_or_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "training.safetensors"
    run(model(), CONFIG, path)
    with pytest.raises(ForeignOutputError, match="made with layers = 1, not 2"):
        run(model(layers=2), CONFIG, path)
    with pytest.raises(ForeignOutputError, match="made with training_text = "):
        train(model(), [text(164, seed=5)], [text(30, seed=1)], CONFIG, checkpoint_path=path, show_progress=False)
    with pytest.raises(ForeignOutputError, match="made with validation_text = "):
        train(model(), [text(164)], [text(30, seed=5)], CONFIG, checkpoint_path=path, show_progress=False)
    frozen = model()
    frozen.embedding.weight.requires_grad_(False)
    with pytest.raises(ForeignOutputError, match="made with frozen_weights = "):
        run(frozen, CONFIG, path)


@pytest.mark.parametrize("size", [0, 5, 100, 3000])
def test_a_truncated_checkpoint_is_named(tmp_path: Path, size: int) -> None:
    path = tmp_path / "training.safetensors"
    run(model(), CONFIG, path)
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(MissingInputError, match=r"training.safetensors is not a safetensors file, or is truncated"):
        run(model(), CONFIG, path)


def test_another_safetensors_file_is_no_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    save_file(model().state_dict(), path)
    with pytest.raises(MissingInputError, match=r"model.safetensors is not a checkpoint of a training run; give another"):
        run(model(), CONFIG, path)


def test_a_checkpoint_is_tensors_and_json(tmp_path: Path) -> None:
    path = tmp_path / "training.safetensors"
    run(model(), replace(CONFIG, optimizer="adam"), path)
    with safe_open(path, "pt") as file:
        assert set(file.metadata()) == {"stategrad", "settings", "counters"}
        assert {name.split(".")[0] for name in file.keys()} == {"model", "optimizer", "generator"}  # noqa: SIM118
