from __future__ import annotations

import math
from contextlib import nullcontext

import jaxtyping
import numpy as np
import pytest
import torch
from torch import nn

from stategrad.errors import InvalidInputError
from stategrad.models.language_model import LanguageModel, ModelConfig
from stategrad.models.perplexity import perplexity
from stategrad.models.training import TrainingConfig, train
from stategrad.processor import multiplies_bfloat16

CELLS = ["lstm", "gru", "rnn"]


def text(length: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 50, length)


def model(cell: str = "lstm", dropout: float = 0.0, init_range: float = 0.5) -> LanguageModel:
    config = ModelConfig(
        vocabulary_size=50,
        cell=cell,
        embedding_size=5,
        hidden_size=8,
        output_dropout=dropout,
        init_range=init_range,  # type: ignore[arg-type]
    )
    return LanguageModel(config)


def bare_loop(model: LanguageModel, words: np.ndarray, rates: list[float], rows: int, steps: int, clip: float) -> None:
    """The recipe once more, with nothing but plain PyTorch: one epoch per rate, descent written out."""
    length = len(words) // rows
    columns = torch.tensor(np.stack([words[r * length : (r + 1) * length] for r in range(rows)], axis=1))
    weights = [w for w in model.parameters() if w.requires_grad]
    for rate in rates:
        state = None
        for start in range(0, length - 1, steps):
            stop = min(start + steps, length - 1)
            logits, state = model(columns[start:stop], state)
            state = tuple(s.detach() for s in state) if isinstance(state, tuple) else state.detach()
            loss = torch.zeros((), dtype=logits.dtype)
            for t in range(stop - start):
                loss = loss + nn.functional.cross_entropy(logits[t], columns[start + t + 1])
            gradients = torch.autograd.grad(loss, weights)
            norm = math.sqrt(sum(float((g**2).sum()) for g in gradients))
            with torch.no_grad():
                for w, g in zip(weights, gradients, strict=True):
                    w -= rate * g * min(1.0, clip / norm)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("clip", [0.3, 1000.0])
def test_weights_after_training_are_those_of_a_bare_loop(cell: str, clip: float) -> None:
    config = TrainingConfig(epochs=3, learning_rate=0.3, constant_epochs=1, decay=0.5, clip=clip, batch_size=4, steps=6)
    ours, theirs = model(cell).double(), model(cell).double()
    history = train(ours, [text(70), text(50, seed=1)], [text(20, seed=2)], config, show_progress=False)
    bare_loop(theirs, np.concatenate([text(70), text(50, seed=1)]), [0.3, 0.15, 0.075], rows=4, steps=6, clip=clip)
    for (name, a), b in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-7, msg=name)
    assert [epoch.learning_rate for epoch in history.epochs] == [0.3, 0.15, 0.075]
    assert history.epochs[-1].valid_perplexity == perplexity(ours, [text(20, seed=2)])


def test_what_a_regular_text_holds_is_learned() -> None:
    cycle = np.arange(600) % 7
    learner = model(dropout=0.1)
    config = TrainingConfig(epochs=12, learning_rate=0.05, optimizer="adam", schedule="linear", batch_size=4, steps=10)
    history = train(learner, [cycle], [cycle[:50]], config, show_progress=False)
    perplexities = [epoch.valid_perplexity for epoch in history.epochs]
    assert perplexities[-1] < 1.1
    assert perplexities[-1] < perplexities[0]


def test_the_perplexity_of_training_is_that_of_the_untrained_model_while_nothing_moves() -> None:
    still = model().double()
    config = TrainingConfig(epochs=1, learning_rate=1e-12, batch_size=1, steps=6)
    history = train(still, [text(50)], [text(50)], config, show_progress=False)
    assert history.epochs[0].train_perplexity == pytest.approx(history.epochs[0].valid_perplexity, rel=1e-9)


def test_the_papers_schedule_and_the_linear_one() -> None:
    paper = TrainingConfig()
    assert [paper.rate(epoch, 7, 100) for epoch in range(39)] == pytest.approx([1.0] * 6 + [0.8**k for k in range(1, 34)])
    linear = TrainingConfig(schedule="linear", epochs=2, learning_rate=0.5)
    assert [linear.rate(epoch, step, 2) for epoch in (0, 1) for step in (0, 1)] == [0.5, 0.375, 0.25, 0.125]


def test_a_history_is_a_table() -> None:
    history = train(model(), [text(60)], [text(20)], TrainingConfig(epochs=2, batch_size=4), show_progress=False)
    frame = history.to_frame()
    assert list(frame.columns) == ["epoch", "learning_rate", "train_perplexity", "valid_perplexity", "seconds"]
    assert list(frame["epoch"]) == [1, 2]
    assert (frame["seconds"] > 0).all()


def test_frozen_embeddings_stay_as_they_are() -> None:
    learner = model()
    learner.embedding.weight.requires_grad_(False)
    before = {name: tensor.clone() for name, tensor in learner.state_dict().items()}
    train(learner, [text(60)], [text(20)], TrainingConfig(epochs=1, batch_size=4), show_progress=False)
    same = {name for name, tensor in learner.state_dict().items() if torch.equal(tensor, before[name])}
    assert same == {"embedding.weight", "lstm.bias_hh_l0"}


def test_dropout_comes_from_the_seed_and_the_global_generator_is_left_alone() -> None:
    def trained(seed: int) -> torch.Tensor:
        learner = model(dropout=0.5)
        train(learner, [text(60)], [text(20)], TrainingConfig(epochs=1, seed=seed, batch_size=4), show_progress=False)
        return learner.decoder.weight

    torch.manual_seed(11)
    before = torch.get_rng_state()
    assert torch.equal(trained(5), trained(5))
    assert not torch.equal(trained(5), trained(6))
    assert torch.equal(torch.get_rng_state(), before)


def test_the_mode_of_the_model_is_left_as_it_was() -> None:
    for mode in (True, False):
        learner = model(dropout=0.5).train(mode)
        train(learner, [text(60)], [text(20)], TrainingConfig(epochs=1, batch_size=4), show_progress=False)
        assert learner.training is mode


def test_a_processor_without_bfloat16_trains_in_float32_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stategrad.models.training.multiplies_bfloat16", lambda device: False)
    weights = {}
    for precision in ("float32", "bfloat16"):
        learner = model("lstm")
        config = TrainingConfig(epochs=1, precision=precision, batch_size=4, steps=6)  # type: ignore[arg-type]
        with pytest.warns(RuntimeWarning, match="training is in float32") if precision == "bfloat16" else nullcontext():
            train(learner, [text(200)], [text(20)], config, show_progress=False)
        weights[precision] = learner.decoder.weight.detach()
    assert torch.equal(weights["bfloat16"], weights["float32"])


@pytest.mark.skipif(not multiplies_bfloat16(torch.device("cpu")), reason="this processor has no products of bfloat16 matrices")
@pytest.mark.parametrize("cell", CELLS)
def test_bfloat16_products_come_close_to_float32(cell: str) -> None:
    weights = {}
    for precision in ("float32", "bfloat16"):
        learner = model(cell)
        config = TrainingConfig(epochs=1, precision=precision, learning_rate=0.1, batch_size=4, steps=6)  # type: ignore[arg-type]
        train(learner, [text(200)], [text(20)], config, show_progress=False)
        weights[precision] = learner.decoder.weight.detach()
        assert weights[precision].dtype == torch.float32
    moved = (weights["float32"] - model(cell).decoder.weight).norm()
    assert 0 < (weights["bfloat16"] - weights["float32"]).norm() < 0.1 * moved


def test_progress_names_the_epoch_and_the_perplexity(capsys: pytest.CaptureFixture[str]) -> None:
    train(model(), [text(60)], [text(20)], TrainingConfig(epochs=2, batch_size=4))
    shown = capsys.readouterr().err
    assert "epoch 2/2" in shown
    assert "perplexity=" in shown


def test_a_loss_that_is_not_a_number_stops_with_the_place() -> None:
    broken = model()
    broken.decoder.bias.data[7] = math.nan
    expected = r"the loss is nan in epoch 1 of 39, update 1 of 4; lower learning_rate \(now 1.0\) or clip \(now 5.0\)"
    with pytest.raises(InvalidInputError, match=expected):
        train(broken, [text(80)], [text(20)], TrainingConfig(batch_size=4, steps=5), show_progress=False)


def test_an_infinite_gradient_never_reaches_the_weights() -> None:
    learner = model()
    learner.decoder.weight.register_hook(lambda gradient: gradient * math.inf)
    before = learner.decoder.weight.detach().clone()
    with pytest.raises(InvalidInputError, match=r"the norm of the gradient is (nan|inf) in epoch 1 of 39, update 1 of 4"):
        train(learner, [text(80)], [text(20)], TrainingConfig(batch_size=4, steps=5), show_progress=False)
    assert torch.equal(learner.decoder.weight, before)


def test_what_cannot_be_trained_on_is_refused_before_anything_moves() -> None:
    config = TrainingConfig(batch_size=20)
    with pytest.raises(InvalidInputError, match="has 39 words, fewer than 2 for each of batch_size = 20 rows"):
        train(model(), [text(39)], [text(20)], config, show_progress=False)
    with pytest.raises(InvalidInputError, match="word id 99 in stream 0 is not in the model's vocabulary of 0 to 49"):
        train(model(), [np.full(100, 99)], [text(20)], config, show_progress=False)
    with pytest.raises(InvalidInputError, match="needs a stream of at least 2 words; none of the 0 given has them"):
        train(model(), [text(100)], [], config, show_progress=False)
    with pytest.raises(InvalidInputError, match="every weight of the model is frozen; set requires_grad"):
        train(model().requires_grad_(False), [text(100)], [text(20)], config, show_progress=False)


@pytest.fixture
def any_type(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets a wrong choice reach the library's own check, past the types that are enforced in tests."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


@pytest.mark.usefixtures("any_type")
def test_every_wrong_setting_is_named_at_once() -> None:
    with pytest.raises(InvalidInputError) as error:
        TrainingConfig(optimizer="adma", epochs=0, clip=0.0, checkpoint_minutes=-1.0)  # type: ignore[arg-type]
    assert str(error.value) == (
        "4 problems with the training settings: unknown optimizer 'adma': did you mean 'adam'? (choices: sgd, adam). "
        "Also: epochs is 0; give at least 1. Also: clip is 0.0; give a number above 0. "
        "Also: checkpoint_minutes is -1.0; give 0 or more."
    )
