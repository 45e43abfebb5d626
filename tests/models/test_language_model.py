from __future__ import annotations

import jaxtyping
import pytest
import torch
from torch import nn

from stategrad.errors import InvalidInputError
from stategrad.models.language_model import LanguageModel, ModelConfig

SMALL = {"vocabulary_size": 50, "embedding_size": 5, "hidden_size": 8}


def ids(time: int = 7, streams: int = 3, seed: int = 0) -> torch.Tensor:
    return torch.randint(50, (time, streams), generator=torch.Generator().manual_seed(seed))


def textbook_lstm(model: LanguageModel, words: torch.Tensor) -> torch.Tensor:
    """Logits, one word after the other, from the equations with PyTorch's gate order i f g o and a single bias."""
    tensors = model.state_dict()
    W, R, b = tensors["lstm.weight_ih_l0"], tensors["lstm.weight_hh_l0"], tensors["lstm.bias_ih_l0"]
    h = c = torch.zeros(words.shape[1], R.shape[1], dtype=W.dtype)
    logits = []
    for w in words:
        i, f, g, o = (tensors["embedding.weight"][w] @ W.T + h @ R.T + b).chunk(4, dim=1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
        logits.append(h @ tensors["decoder.weight"].T + tensors["decoder.bias"])
    return torch.stack(logits)


def test_names_of_tensors_are_those_of_the_published_files() -> None:
    assert set(LanguageModel(ModelConfig(**SMALL)).state_dict()) == {
        "embedding.weight",
        "lstm.weight_ih_l0",
        "lstm.weight_hh_l0",
        "lstm.bias_ih_l0",
        "lstm.bias_hh_l0",
        "decoder.weight",
        "decoder.bias",
    }


def test_defaults_are_the_papers_sizes() -> None:
    shapes = {name: tuple(t.shape) for name, t in LanguageModel(ModelConfig(vocabulary_size=10_000)).state_dict().items()}
    assert shapes["embedding.weight"] == (10_000, 64)
    assert shapes["lstm.weight_hh_l0"] == (1024, 256)
    assert shapes["decoder.weight"] == (10_000, 256)


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
@pytest.mark.parametrize("layers", [1, 2])
def test_initial_weights_are_uniform_and_biases_zero(cell: str, layers: int) -> None:
    model = LanguageModel(ModelConfig(vocabulary_size=400, cell=cell, layers=layers, init_range=0.2))
    for name, parameter in model.named_parameters():
        if "bias" in name:
            assert not parameter.any(), name
        else:
            assert 0.19 < parameter.abs().max() <= 0.2, name
            assert parameter.std().item() == pytest.approx(0.2 / 3**0.5, rel=0.05), name


@pytest.mark.parametrize(("cell", "trained"), [("lstm", False), ("rnn", False), ("gru", True)])
def test_a_second_bias_that_only_repeats_the_first_is_not_trained(cell: str, trained: bool) -> None:
    model = LanguageModel(ModelConfig(**SMALL, cell=cell, layers=2))
    frozen = {name for name, parameter in model.named_parameters() if not parameter.requires_grad}
    assert frozen == (set() if trained else {f"{cell}.bias_hh_l0", f"{cell}.bias_hh_l1"})


def test_initial_weights_depend_on_the_seed_alone() -> None:
    before = torch.get_rng_state()
    one, same, other = (LanguageModel(ModelConfig(**SMALL), seed=seed).decoder.weight for seed in (3, 3, 4))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
    assert torch.equal(torch.get_rng_state(), before)


def test_logits_are_those_of_the_textbook_lstm() -> None:
    model = LanguageModel(ModelConfig(**SMALL, init_range=1.0)).double().eval()
    with torch.no_grad():
        model.lstm.bias_ih_l0.uniform_(-1, 1)
        logits, _ = model(ids())
    torch.testing.assert_close(logits, textbook_lstm(model, ids()))


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_a_text_read_in_two_parts_gives_what_it_gives_at_once(cell: str) -> None:
    model = LanguageModel(ModelConfig(**SMALL, cell=cell, layers=2, init_range=1.0)).double().eval()
    whole, _ = model(ids())
    first, state = model(ids()[:4])
    second, _ = model(ids()[4:], state)
    torch.testing.assert_close(torch.cat([first, second]), whole)


def test_dropout_touches_the_outputs_and_never_the_state() -> None:
    model = LanguageModel(ModelConfig(**SMALL, output_dropout=0.5, init_range=1.0))
    kept, (_, cell) = model.eval().encode(ids())
    dropped, (_, cell_in_training) = model.train().encode(ids())
    torch.testing.assert_close(cell_in_training, cell)
    ratio = (dropped / kept).round(decimals=3)
    assert set(ratio.flatten().tolist()) == {0.0, 2.0}


def test_input_dropout_is_a_switch_of_its_own() -> None:
    model = LanguageModel(ModelConfig(**SMALL, output_dropout=0.0, input_dropout=0.5, init_range=1.0))
    kept, _ = model.eval().encode(ids())
    dropped, _ = model.train().encode(ids())
    assert not torch.allclose(kept, dropped)
    torch.testing.assert_close(model.embed(ids()), model.embedding.weight[ids()])


def test_dropout_stands_in_modules_where_a_check_for_active_dropout_finds_it() -> None:
    modules = LanguageModel(ModelConfig(**SMALL, input_dropout=0.1, output_dropout=0.4)).modules()
    assert sorted(module.p for module in modules if isinstance(module, nn.Dropout)) == [0.1, 0.4]


def test_between_layers_outputs_are_dropped_too() -> None:
    assert LanguageModel(ModelConfig(**SMALL, layers=2, output_dropout=0.3)).recurrent.dropout == 0.3
    assert LanguageModel(ModelConfig(**SMALL, layers=1, output_dropout=0.3)).recurrent.dropout == 0.0


@pytest.fixture
def any_type(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets a wrong choice reach the library's own check, past the types that are enforced in tests."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


@pytest.mark.usefixtures("any_type")
def test_every_wrong_setting_is_named_at_once() -> None:
    with pytest.raises(InvalidInputError) as error:
        ModelConfig(vocabulary_size=0, cell="lstn", output_dropout=1.0, init_range=0.0)  # type: ignore[arg-type]
    assert str(error.value) == (
        "4 problems with the language model's settings: "
        "unknown cell 'lstn': did you mean 'lstm'? (choices: lstm, gru, rnn). "
        "Also: vocabulary_size is 0; give at least 1. "
        "Also: output_dropout is 1.0; give a probability of dropping, from 0 to below 1. "
        "Also: init_range is 0.0; give a number above 0."
    )
