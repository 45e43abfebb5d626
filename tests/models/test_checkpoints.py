from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from stategrad.errors import ForeignOutputError, InvalidInputError, MissingInputError
from stategrad.models.checkpoints import load_model, save_model
from stategrad.models.language_model import LanguageModel, ModelConfig

WORDS = tuple(f"word{i}" for i in range(50))


def model(**changes: object) -> LanguageModel:
    return LanguageModel(ModelConfig(vocabulary_size=50, embedding_size=5, hidden_size=8, **changes), seed=7)  # type: ignore[arg-type]


def foreign(folder: Path, **changes: torch.Tensor | None) -> Path:
    """A file with bare tensors, some replaced or (None) left out, and a vocabulary beside it."""
    tensors = {name: tensor.clone() for name, tensor in model().state_dict().items()}
    for name, tensor in changes.items():
        if tensor is None:
            del tensors[name]
        else:
            tensors[name] = tensor
    save_file(tensors, folder / "foreign.safetensors")
    (folder / "vocabulary.txt").write_text("".join(f"{word}\n" for word in WORDS), encoding="utf-8")
    return folder / "foreign.safetensors"


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("place", ["folder", "folder/mine.safetensors"])
def test_what_was_saved_is_loaded(tmp_path: Path, cell: str, layers: int, place: str) -> None:
    saved = model(cell=cell, layers=layers, input_dropout=0.25)
    written = save_model(saved, WORDS, tmp_path / place)
    for path in (written, written.parent):
        loaded, words = load_model(path)
        assert words == WORDS
        assert loaded.config == saved.config
        assert not loaded.training
        assert all(torch.equal(a, b) for a, b in zip(loaded.parameters(), saved.parameters(), strict=True))


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_sizes_are_read_off_bare_tensors(tmp_path: Path, cell: str) -> None:
    saved = LanguageModel(ModelConfig(vocabulary_size=50, cell=cell, embedding_size=3, hidden_size=4, layers=2))  # type: ignore[arg-type]
    save_file(saved.state_dict(), tmp_path / "bare.safetensors")
    (tmp_path / "vocabulary.txt").write_text("\n".join(WORDS), encoding="utf-8")
    assert load_model(tmp_path / "bare.safetensors")[0].config == saved.config


def test_double_precision_is_kept_and_half_precision_widened(tmp_path: Path) -> None:
    for dtype, kept in ((torch.float64, torch.float64), (torch.bfloat16, torch.float32)):
        path = foreign(tmp_path, **{name: t.to(dtype) for name, t in model().state_dict().items()})
        loaded, _ = load_model(path)
        assert {parameter.dtype for parameter in loaded.parameters()} == {kept}


def test_saving_again_replaces_the_model(tmp_path: Path) -> None:
    save_model(model(), WORDS, tmp_path)
    other = model()
    other.decoder.bias.data += 1
    save_model(other, WORDS, tmp_path)
    assert torch.equal(load_model(tmp_path)[0].decoder.bias, other.decoder.bias)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["model.safetensors", "vocabulary.txt"]


def test_the_vocabulary_of_another_model_is_left_alone(tmp_path: Path) -> None:
    save_model(model(), WORDS, tmp_path / "a.safetensors")
    with pytest.raises(ForeignOutputError, match=r"vocabulary.txt exists with other words, and is left as it is; save the"):
        save_model(model(), WORDS[::-1], tmp_path / "b.safetensors")
    assert not (tmp_path / "b.safetensors").exists()
    assert load_model(tmp_path)[1] == WORDS


def test_a_vocabulary_that_does_not_fit_is_not_saved(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError) as error:
        save_model(model(), ["a", "a", "new\nline"], tmp_path)
    assert str(error.value) == (
        "3 problems with the vocabulary: "
        "the vocabulary has 3 words and the model 50 embeddings; give one word for each. "
        "Also: the vocabulary has the word 'a' more than once (ids 0 and 1, lines 1 and 2); give every id a word of its own. "
        "Also: the vocabulary has 'new\\nline' as word 2 (line 3); a word is one line, and not empty."
    )
    assert not list(tmp_path.iterdir())


def test_swapped_words_are_noticed(tmp_path: Path) -> None:
    path = save_model(model(), WORDS, tmp_path)
    (tmp_path / "vocabulary.txt").write_text("".join(f"{word}\n" for word in WORDS[::-1]), encoding="utf-8")
    with pytest.raises(
        InvalidInputError,
        match=r"vocabulary.txt holds other words than model.safetensors was saved with, or in another order; restore",
    ):
        load_model(path)


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingInputError, match=r"nowhere.safetensors does not exist; give a .safetensors file, or a folder"):
        load_model(tmp_path / "nowhere.safetensors")
    with pytest.raises(MissingInputError, match=r"should hold one .safetensors file, and holds none; name the file itself"):
        load_model(tmp_path)
    path = foreign(tmp_path)
    path.with_name("second.safetensors").write_bytes(path.read_bytes())
    with pytest.raises(MissingInputError, match=r"holds foreign.safetensors, second.safetensors; name the file itself"):
        load_model(tmp_path)
    (tmp_path / "vocabulary.txt").unlink()
    with pytest.raises(MissingInputError, match=r"vocabulary.txt does not exist; put the model's words there, one a line"):
        load_model(path)


def test_the_folder_of_a_run_and_its_model_will_do(tmp_path: Path) -> None:
    path = save_model(model(), WORDS, tmp_path / "run" / "model")
    path.with_name("training.safetensors").write_bytes(b"")
    for folder in (path.parent, path.parent.parent):
        assert load_model(folder)[1] == WORDS
    path.with_suffix(".pt").write_bytes(path.read_bytes())
    with pytest.raises(MissingInputError, match=r"model.pt is no .safetensors file; save its tensors by safetensors.torch.save"):
        load_model(path.with_suffix(".pt"))


def test_a_byte_order_mark_is_no_part_of_the_first_word(tmp_path: Path) -> None:
    path = save_model(model(), WORDS, tmp_path)
    vocabulary = tmp_path / "vocabulary.txt"
    vocabulary.write_bytes(b"\xef\xbb\xbf" + vocabulary.read_bytes())
    assert load_model(path)[1] == WORDS


def test_what_a_killed_process_left_behind_is_passed_over(tmp_path: Path) -> None:
    foreign(tmp_path)
    (tmp_path / ".foreign-abc.safetensors").write_bytes(b"half")
    assert load_model(tmp_path)[1] == WORDS


@pytest.mark.parametrize("size", [0, 5, 300, 3000])
def test_a_truncated_model_is_named(tmp_path: Path, size: int) -> None:
    path = foreign(tmp_path)
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(MissingInputError, match=r"foreign.safetensors is not a safetensors file, or is truncated \("):
        load_model(path)


def test_a_pickle_is_not_opened(tmp_path: Path) -> None:
    path = foreign(tmp_path)
    torch.save(model().state_dict(), path)
    with pytest.raises(MissingInputError, match="is not a safetensors file"):
        load_model(path)


def test_a_vocabulary_that_is_not_text_is_named(tmp_path: Path) -> None:
    path = foreign(tmp_path)
    (tmp_path / "vocabulary.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(MissingInputError, match=r"vocabulary.txt is not UTF-8 text \(.*\); save it as UTF-8"):
        load_model(path)


def test_all_faults_are_reported_together(tmp_path: Path) -> None:
    broken = torch.zeros(50, 8)
    broken[0, 0], broken[1, :2] = math.nan, math.inf
    path = foreign(
        tmp_path,
        **{
            "decoder.weight": broken,
            "decoder.bias": torch.zeros(49),
            "lstm.bias_ih_l0": None,
            "lstm.bias_hh_l0": torch.zeros(32, dtype=torch.int64),
            "extra": torch.zeros(1),
        },
    )
    (tmp_path / "vocabulary.txt").write_text("one\ntwo\n", encoding="utf-8")
    with pytest.raises(InvalidInputError) as error:
        load_model(path)
    for sentence in (
        "6 problems with model ",
        "foreign.safetensors has no tensor lstm.bias_ih_l0; a model has embedding.weight, decoder.weight",
        "foreign.safetensors has tensors that are unknown here (extra); a model has",
        "decoder.weight in foreign.safetensors holds 1 NaN and 2 Inf; give a model whose training did not diverge",
        "decoder.bias in foreign.safetensors has shape (49,), where the other tensors ask for (50,)",
        "lstm.bias_hh_l0 in foreign.safetensors holds torch.int64; give floating-point weights",
        "vocabulary.txt has 2 words and the model 50 embeddings; give one word for each",
    ):
        assert sentence in str(error.value)


def test_tensors_of_something_else_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"has no tensor embedding.weight; .*Also: .*has no tensor lstm.weight_hh_l0"):
        load_model(foreign(tmp_path, **{"embedding.weight": None, "lstm.weight_hh_l0": None}))
    with pytest.raises(InvalidInputError, match=r"embedding.weight in foreign.safetensors has 1 dimensions, not 2"):
        load_model(foreign(tmp_path, **{"embedding.weight": torch.zeros(50)}))
    with pytest.raises(InvalidInputError, match=r"has recurrent layers of several kinds \(lstm, gru\); give a model with one"):
        load_model(foreign(tmp_path, **{"gru.weight_hh_l0": torch.zeros(24, 8)}))


def test_the_reference_model_is_the_papers(shared: Path) -> None:
    loaded, words = load_model(shared / "reference" / "ptb-lstm.safetensors")
    assert loaded.config == ModelConfig(vocabulary_size=10_000)
    assert words[:2] == ("aer", "banknote")
    assert not loaded.lstm.bias_hh_l0.any()
