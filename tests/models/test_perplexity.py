from __future__ import annotations

import itertools
import math
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from stategrad.errors import InvalidInputError
from stategrad.models.checkpoints import load_model
from stategrad.models.language_model import LanguageModel, ModelConfig
from stategrad.models.perplexity import exp_of_mean, perplexity, unigram_perplexity


def streams(*lengths: int) -> list[np.ndarray]:
    return [np.random.default_rng(length).integers(0, 50, length) for length in lengths]


def model(**changes: object) -> LanguageModel:
    return LanguageModel(ModelConfig(vocabulary_size=50, embedding_size=5, hidden_size=8, init_range=1.0, **changes)).double()  # type: ignore[arg-type]


def one_word_at_a_time(model: LanguageModel, texts: list[np.ndarray]) -> float:
    losses = []
    model.eval()
    with torch.no_grad():
        for text in texts:
            state = None
            for word, following in itertools.pairwise(text):
                logits, state = model(torch.tensor([[word]]), state)
                losses.append(-math.log(logits[0, 0].softmax(0)[following].item()))
    return math.exp(sum(losses) / len(losses))


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
@pytest.mark.parametrize("batch_size", [1, 2, 64])
def test_streams_side_by_side_give_what_one_word_at_a_time_gives(cell: str, batch_size: int) -> None:
    texts = streams(9, 30, 1, 17, 2)
    ours = perplexity(model(cell=cell), texts, batch_size=batch_size)
    assert ours == pytest.approx(one_word_at_a_time(model(cell=cell), texts), rel=1e-12)


def test_the_state_is_carried_over_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stategrad.models.perplexity._POSITIONS_PER_CHUNK", 7)
    texts = streams(40, 25)
    assert perplexity(model(), texts) == pytest.approx(one_word_at_a_time(model(), texts), rel=1e-12)


def test_a_model_that_knows_nothing_is_as_perplexed_as_its_vocabulary_is_large() -> None:
    blank = model()
    for parameter in blank.parameters():
        parameter.data.zero_()
    assert perplexity(blank, streams(100)) == pytest.approx(50, rel=1e-12)


def test_nothing_is_dropped_out_and_the_mode_is_left_as_it_was() -> None:
    dropping = model(output_dropout=0.9)
    dropping.train()
    assert perplexity(dropping, streams(20)) == pytest.approx(one_word_at_a_time(model(), streams(20)), rel=1e-12)
    assert dropping.training


def test_progress_is_shown_on_request(capsys: pytest.CaptureFixture[str]) -> None:
    perplexity(model(), streams(20), show_progress=True)
    assert "19/19" in capsys.readouterr().err


@pytest.mark.parametrize("texts", [[], [np.array([3])]])
def test_a_text_without_a_word_to_predict_is_refused(texts: list[np.ndarray]) -> None:
    with pytest.raises(InvalidInputError, match=f"at least 2 words; none of the {len(texts)} given has them"):
        perplexity(model(), texts)


@pytest.mark.parametrize("wrong", [50, -1])
def test_an_unknown_word_id_is_named_with_its_stream(wrong: int) -> None:
    with pytest.raises(InvalidInputError, match=f"word id {wrong} in stream 1 is not in the model's vocabulary of 0 to 49"):
        perplexity(model(), [np.array([1, 2]), np.array([1, wrong])])


def test_weights_that_are_not_numbers_are_reported() -> None:
    broken = model()
    broken.decoder.bias.data[3] = math.nan
    with pytest.raises(InvalidInputError, match="log-likelihood of nan; look for NaN or Inf in its weights"):
        perplexity(broken, streams(20))


def test_a_hopeless_model_is_infinitely_perplexed_without_a_warning(recwarn: pytest.WarningsRecorder) -> None:
    assert exp_of_mean(1e6, 10) == math.inf
    assert not recwarn.list


@settings(max_examples=30)
@given(train=st.lists(st.integers(0, 5)), text=st.lists(st.integers(0, 5), min_size=1))
def test_unigram_perplexity_is_that_of_add_one_counts(train: list[int], text: list[int]) -> None:
    losses = [-math.log((train.count(word) + 1) / (len(train) + 6)) for word in text]
    ours = unigram_perplexity(np.array(train, dtype=np.int64), np.array(text), 6)
    assert ours == pytest.approx(math.exp(sum(losses) / len(losses)))


def test_unigram_perplexity_refuses_nothing_and_unknown_words() -> None:
    with pytest.raises(InvalidInputError, match="at least 1 word to predict; the text given is empty"):
        unigram_perplexity(np.array([1]), np.array([], dtype=np.int64), 6)
    with pytest.raises(InvalidInputError, match=r"run from 1 to 6, outside the vocabulary of 0 to 5; encode both texts"):
        unigram_perplexity(np.array([1]), np.array([6, 1]), 6)


def test_the_reference_model_has_its_published_perplexities(shared: Path) -> None:
    reference, words = load_model(shared / "reference" / "ptb-lstm.safetensors")
    number = {word: i for i, word in enumerate(words)}
    texts = {}
    with zipfile.ZipFile(shared / "data" / "ptb.zip") as archive:
        for part in ("train", "valid", "test"):
            lines = archive.read(f"ptb.{part}.txt").decode().splitlines()
            texts[part] = np.array([number[word] for line in lines for word in (*line.split(), "<eos>")])
    assert perplexity(reference, [texts["valid"]]) == pytest.approx(100.5, abs=0.05)
    assert perplexity(reference, [texts["test"]]) == pytest.approx(97.3, abs=0.05)
    assert 600 < unigram_perplexity(texts["train"], texts["valid"], len(words)) < 800
