"""Vectors from elsewhere in a language model: aligned by word, frozen, kept through training, checkpoints and files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from stategrad.errors import InvalidInputError, MissingInputError
from stategrad.models import training
from stategrad.models.checkpoints import load_model, save_model
from stategrad.models.embedding_settings import EmbeddingsConfig
from stategrad.models.frozen import has_frozen_embeddings
from stategrad.models.language_model import LanguageModel, ModelConfig
from stategrad.models.pretrained import AlignedVectors, align, read_pretrained, untrained, use_embeddings
from stategrad.models.training import TrainingConfig, train
from stategrad.models.vector_files import WordVectors, write_vectors

WORDS = ("<unk>", "cat", "dog", "<eos>", "sat")


def model(words: int = len(WORDS), size: int = 3, cell: str = "lstm") -> LanguageModel:
    return LanguageModel(ModelConfig(vocabulary_size=words, embedding_size=size, hidden_size=4, cell=cell))  # type: ignore[arg-type]


def vectors_of(words: tuple[str, ...], size: int = 3) -> WordVectors:
    rows = np.random.default_rng(1).normal(size=(len(words), size)).astype(np.float32)
    return WordVectors(words, rows, len(words))


def frozen_model(words: int = 50, cell: str = "lstm") -> LanguageModel:
    one = model(words, cell=cell)
    use_embeddings(one, AlignedVectors(vectors_of(tuple(map(str, range(words)))).vectors, ()))
    return one


def test_every_word_gets_its_own_vector_whatever_the_order_of_the_file(tmp_path: Path) -> None:
    found = vectors_of(("dog", "other", "<eos>", "cat", "sat"))
    write_vectors(tmp_path / "v.bin", found)
    aligned = read_pretrained(tmp_path / "v.bin", WORDS, size=3)
    assert aligned.missing == ("<unk>",)
    for row, word in enumerate(WORDS[1:], start=1):
        assert np.array_equal(aligned.vectors[row], found.vectors[found.words.index(word)])
    assert np.isnan(aligned.vectors[0]).all()


def test_another_models_embedding_is_read_by_its_words(tmp_path: Path) -> None:
    other = model()
    turned = tuple(reversed(WORDS))
    save_model(other, turned, tmp_path)
    aligned = read_pretrained(tmp_path, WORDS, size=3)
    assert np.array_equal(aligned.vectors, other.embedding.weight.detach().numpy()[::-1])
    assert aligned.missing == ()


def test_missing_words_get_the_mean_of_the_others_or_initial_weights() -> None:
    aligned = align(vectors_of(("cat", "sat", "dog")), WORDS)
    filled, initial, before = model(), model(), model().embedding.weight.detach().numpy()
    use_embeddings(filled, aligned)
    use_embeddings(initial, aligned, fill="initial", trained=True)
    mine = filled.embedding.weight.detach().numpy()
    assert np.allclose(mine[[0, 3]], mine[[1, 2, 4]].mean(axis=0))
    assert np.array_equal(initial.embedding.weight.detach().numpy()[[0, 3]], before[[0, 3]])
    assert np.array_equal(initial.embedding.weight.detach().numpy()[[1, 2, 4]], mine[[1, 2, 4]])
    assert (has_frozen_embeddings(filled), has_frozen_embeddings(initial)) == (True, False)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_frozen_embeddings_stay_as_they_are_while_all_else_is_trained(cell: str, optimizer: str) -> None:
    one = frozen_model(cell=cell)
    before = {name: weight.clone() for name, weight in one.state_dict().items()}
    text = np.random.default_rng(0).integers(0, 50, 400)
    train(one, [text], [text[:50]], TrainingConfig(epochs=1, batch_size=4, steps=10, optimizer=optimizer), show_progress=False)  # type: ignore[arg-type]
    kept = {name for name, weight in one.state_dict().items() if torch.equal(weight, before[name])}
    assert "embedding.weight" in kept
    assert kept <= {"embedding.weight", f"{cell}.bias_hh_l0"}


def test_training_on_frozen_embeddings_resumes_exactly_and_only_with_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = np.random.default_rng(0).integers(0, 50, 400)
    config = TrainingConfig(epochs=2, batch_size=4, steps=10, checkpoint_minutes=0.0)
    whole = frozen_model()
    train(whole, [text], [text[:50]], config, show_progress=False)

    saves = []

    def interrupted(*args: object) -> None:
        original(*args)
        saves.append(args)
        if len(saves) == 13:
            raise KeyboardInterrupt

    original = training.save_training
    monkeypatch.setattr(training, "save_training", interrupted)
    path = tmp_path / "training.safetensors"
    with pytest.raises(KeyboardInterrupt):
        train(frozen_model(), [text], [text[:50]], config, checkpoint_path=path, show_progress=False)
    monkeypatch.undo()
    with pytest.raises(FileExistsError, match="frozen_weights"):
        train(model(50), [text], [text[:50]], config, checkpoint_path=path, show_progress=False)
    resumed = frozen_model()
    train(resumed, [text], [text[:50]], config, checkpoint_path=path, show_progress=False)
    for name, weight in whole.state_dict().items():
        assert torch.equal(weight, resumed.state_dict()[name]), name


def test_a_saved_model_knows_that_its_embeddings_are_frozen(tmp_path: Path) -> None:
    one, joint = frozen_model(len(WORDS)), model()
    for name, each in (("frozen", one), ("joint", joint)):
        loaded, _ = load_model(save_model(each, WORDS, tmp_path / name))
        assert has_frozen_embeddings(loaded) == (name == "frozen")
        fresh = untrained(loaded, seed=5)
        assert torch.equal(fresh.embedding.weight, one.embedding.weight) == (name == "frozen")
        assert torch.equal(fresh.decoder.weight, LanguageModel(each.config, seed=5).decoder.weight)


def test_a_model_that_is_frozen_as_a_whole_has_no_frozen_embeddings(tmp_path: Path) -> None:
    one = model().requires_grad_(False)  # as for an analysis: it says nothing of how it was trained
    assert not has_frozen_embeddings(one)
    assert not torch.equal(untrained(one, seed=5).embedding.weight, one.embedding.weight)
    assert not has_frozen_embeddings(load_model(save_model(one, WORDS, tmp_path))[0])


def test_vectors_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    write_vectors(tmp_path / "v.bin", vectors_of(WORDS))
    with pytest.raises(InvalidInputError, match=r"have size 3 and the model's embeddings 64; .* or embedding_size = 3"):
        read_pretrained(tmp_path / "v.bin", WORDS, size=64)
    words = (*WORDS, "A", "B")
    with pytest.raises(
        InvalidInputError, match=r"lacks 2 of the 7 words of the vocabulary \(A, B, …\), more than most_missing = 0.25"
    ):
        read_pretrained(tmp_path / "v.bin", words, size=3)
    assert read_pretrained(tmp_path / "v.bin", words, size=3, most_missing=0.3).missing == ("A", "B")
    with pytest.raises(InvalidInputError, match=r"have shape \(7, 3\) and the model has embeddings of shape \(5, 3\)"):
        use_embeddings(model(), align(vectors_of(WORDS), words))
    with pytest.raises(InvalidInputError, match="no word of the vocabulary has a vector"):
        use_embeddings(model(), align(vectors_of(("x",)), WORDS))


def test_a_model_whose_vocabulary_is_not_its_own_is_refused(tmp_path: Path) -> None:
    path = save_model(model(), WORDS, tmp_path)
    (tmp_path / "vocabulary.txt").write_text("".join(f"{word}\n" for word in reversed(WORDS)))
    with pytest.raises(InvalidInputError, match=r"holds other words than model.safetensors was saved with, or in another order"):
        read_pretrained(path, WORDS, size=3)
    (tmp_path / "vocabulary.txt").write_text("cat\ncat\n")
    with pytest.raises(
        InvalidInputError,
        match=r"3 problems with the embedding in .*vocabulary.txt has 2 words and the model 5 .*'cat' more than once .*",
    ):
        read_pretrained(path, WORDS, size=3)
    (tmp_path / "vocabulary.txt").unlink()
    with pytest.raises(MissingInputError, match=r"vocabulary .* does not exist"):
        read_pretrained(path, WORDS, size=3)


def test_tensors_that_are_no_embedding_are_refused(tmp_path: Path) -> None:
    path = save_model(model(), WORDS, tmp_path)
    tensors = load_file(path)
    cases = {
        "has no tensor embedding.weight": {"decoder.bias": tensors["decoder.bias"]},
        "has 1 dimensions, not 2": {"embedding.weight": torch.ones(5)},
        "holds NaN or Inf; give a model whose training did not diverge": {"embedding.weight": torch.full((5, 3), torch.inf)},
    }
    for sentence, content in cases.items():
        save_file(content, path, {"stategrad": json.dumps({})})
        with pytest.raises(InvalidInputError, match=sentence):
            read_pretrained(path, WORDS, size=3)
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(MissingInputError, match="is not a safetensors file, or is truncated"):
        read_pretrained(path, WORDS, size=3)


SETTINGS = {
    "a misspelt source": ({"source": "pretrained"}, "unknown embeddings.source 'pretrained': did you mean 'pre-trained'?"),
    "a misspelt filling": ({"missing": "means"}, "unknown embeddings.missing 'means': did you mean 'mean'?"),
    "a file for joint embeddings": (
        {"file": "v.bin"},
        "embeddings.file is v.bin and embeddings.source joint; add --embeddings.source",
    ),
    "file and corpus": (
        {"source": "pre-trained", "file": "v", "corpus": "c"},
        "embeddings.file and embeddings.corpus are both given",
    ),
    "no window": ({"window": 0}, "embeddings.window is 0; give at least 1"),
    "all may be missing": ({"most_missing": 1.0}, "embeddings.most_missing is 1.0; give a share"),
    "sample": ({"sample": 1.0}, "embeddings.sample is 1.0; give a share"),
    "alpha": ({"alpha": 0.0}, "embeddings.alpha is 0.0; give a number above 0"),
    "seed": ({"seed": -1}, "embeddings.seed is -1; give 0 or more"),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_settings_that_make_no_sense_are_refused(name: str, shapes_unchecked: None) -> None:
    given, sentence = SETTINGS[name]
    with pytest.raises(InvalidInputError) as error:
        EmbeddingsConfig(**given)
    assert sentence in str(error.value)
